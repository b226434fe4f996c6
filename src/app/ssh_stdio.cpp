#include "app/ssh_stdio.h"

#include <cerrno>
#include <cstdlib>

#include <unistd.h>

#include "app/ssh_git.h"
#include "platform/ssh/server.h"

namespace cairn::app {
namespace {

constexpr std::size_t read_bytes = 64u << 10;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

Failure gone() {
  return fail(ErrorCode::unavailable, "ConnectionLost", "The SSH connection is gone.");
}

class StdioExec final : public ssh::Exec {
 public:
  explicit StdioExec(std::string account)
      : account_(std::move(account)),
        command_(variable("SSH_ORIGINAL_COMMAND")),
        git_protocol_(variable("GIT_PROTOCOL")) {}

  const std::string& account() const override { return account_; }
  const std::string& command() const override { return command_; }
  const std::string& git_protocol() const override { return git_protocol_; }
  Result<std::string> read_some() override {
    std::string bytes(read_bytes, '\0');
    for (;;) {
      auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return gone();
      bytes.resize(static_cast<std::size_t>(got));
      return bytes;
    }
  }
  Result<> write(std::string_view bytes) override {
    return write_all(STDOUT_FILENO, bytes) ? Result<>{} : gone();
  }
  void write_error(std::string_view text) override { (void)write_all(STDERR_FILENO, text); }

 private:
  std::string account_, command_, git_protocol_;
};

}  // namespace

int run_ssh_stdio(const HubSide& hub, const std::string& fingerprint) {
  give_up_rights();
  auto connection = variable("SSH_CONNECTION");
  auto account = find_account(hub, fingerprint, connection.substr(0, connection.find(' ')));
  constexpr int nobody = 1;
  if (!account || !*account) {
    std::string why =
        account ? "This hub does not know your key any more." : account.error().message;
    (void)write_all(STDERR_FILENO, "cairn: " + why + "\n");
    return nobody;
  }
  StdioExec exec((*account)->pack());
  return run_ssh_command(exec, hub);
}

}  // namespace cairn::app
