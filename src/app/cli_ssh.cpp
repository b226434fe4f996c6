#include <filesystem>
#include <iostream>

#include "app/cli_commands.h"
#include "app/data_folder.h"
#include "app/ssh_hub.h"
#include "app/ssh_stdio.h"
#include "base/text.h"
#include "hub/keys/keys.h"
#include "platform/ssh/public_key.h"

namespace cairn::app::cli {
namespace {

/// The hub that runs on the configured folder, for processes of its own user.
Result<HubSide> find_hub(const Config& config) {
  auto folder = std::filesystem::absolute(config.data).lexically_normal().string();
  auto secret = read_small_file(folder + "/ssh.key");
  if (!secret)
    return fail(ErrorCode::not_found, "NoHub",
                "No hub runs on the data folder " + folder +
                    ", or it is another user's. Name it with --data, and run this as the user that "
                    "runs the hub.");
  return HubSide{folder + "/admin.sock", std::string(trim(*secret))};
}

/// As one word of a POSIX shell.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// An option's value in authorized_keys: sshd(8), "AUTHORIZED_KEYS FILE FORMAT".
std::string option_value(std::string_view text) {
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\\\"") : std::string(1, c);
  return out + "\"";
}

Result<Exit> run_keys(const Invocation& given) {
  // What is no key of ours is nobody's: sshd then refuses it, as every other.
  auto key = ssh::parse_public_key(given.operands[0] + " " + given.operands[1]);
  if (!key) return Exit::done;
  CAIRN_TRY(hub, find_hub(given.config));
  CAIRN_TRY(account, find_account(hub, *key, ""));
  if (!account) return Exit::done;
  std::error_code failed;
  auto program = std::filesystem::read_symlink("/proc/self/exe", failed).string();
  auto folder = std::filesystem::absolute(given.config.data).lexically_normal().string();
  auto command = shell_word(program) + " ssh run --data " + shell_word(folder) + " " +
                 shell_word(account->fingerprint);
  std::cout << "restrict,command=" << option_value(command) << " " << key->text() << "\n";
  return Exit::done;
}

Result<Exit> run_run(const Invocation& given) {
  CAIRN_TRY(hub, find_hub(given.config));
  // Git's clients know these codes, not ours.
  return static_cast<Exit>(run_ssh_stdio(hub, given.operands[0]));
}

Result<Exit> run_host_key(const Invocation& given) {
  CAIRN_TRY(keyring, read_keyring(given.config.data, given.config.root_key));
  std::cout << keys::host_key(keyring).private_text;
  return Exit::done;
}

Command keys_command() {
  return {.name = "keys",
          .summary = "Print the line of authorized_keys for a key that the hub knows",
          .details = "For AuthorizedKeysCommand. Prints nothing for a key that is nobody's.",
          .operands = {{"TYPE", "as sshd's %t"}, {"KEY", "as sshd's %k: base64"}},
          .examples = {"cairn ssh keys --data /srv/cairn ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA…",
                       "AuthorizedKeysCommand /usr/bin/cairn ssh keys --data /srv/cairn %t %k"},
          .run = run_keys};
}

Command run_command() {
  return {.name = "run",
          .summary = "Serve the command of a client that sshd let in",
          .details =
              "What `cairn ssh keys` makes sshd start. Reads SSH_ORIGINAL_COMMAND, and speaks to "
              "the running hub through the socket in its data folder.",
          .operands = {{"FINGERPRINT", "of the client's key: SHA256:…"}},
          .examples = {"cairn ssh run --data /srv/cairn SHA256:…",
                       "SSH_ORIGINAL_COMMAND=\"git-upload-pack 'ada/bert.git'\" cairn ssh run "
                       "SHA256:…"},
          .run = run_run};
}

Command host_key_command() {
  return {.name = "host-key",
          .summary = "Print the hub's own host key, which sshd can have as well",
          .details =
              "The private part, in OpenSSH's form: for a file that only root can read. Made from "
              "the root key.",
          .examples = {"cairn ssh host-key --data /srv/cairn > /etc/ssh/cairn_host_key",
                       "cairn ssh host-key | ssh-keygen -lf /dev/stdin"},
          .run = run_host_key};
}

}  // namespace

Command ssh_command() {
  Command out{.name = "ssh",
              .summary = "Let OpenSSH's sshd serve git in place of the hub's own SSH server",
              .details = "Run as the user that runs the hub. How: docs/operate.md.",
              .examples = {"cairn ssh keys --data /srv/cairn ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA…",
                           "cairn ssh host-key --data /srv/cairn > /etc/ssh/cairn_host_key"}};
  out.commands = {keys_command(), run_command(), host_key_command()};
  return out;
}

}  // namespace cairn::app::cli
