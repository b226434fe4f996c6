#include "app/ssh_hub.h"

#include <csignal>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/http/http.h"
#include "platform/http/local_client.h"

namespace cairn::app {
namespace {

Result<std::optional<SshAccount>> ask_whose(const HubSide& hub, json::object body,
                                            const std::string& address) {
  http::Headers headers{{"Authorization", "Ssh " + hub.secret},
                        {"Content-Type", "application/json"}};
  constexpr long timeout_ms = 10'000;
  CAIRN_TRY(answer, http::ask_local(hub.socket_path, http::Method::post, "/api/-/v1/ssh/login",
                                    headers, json::serialize(body), timeout_ms));
  if (answer.status >= 500)
    return fail(ErrorCode::unavailable, "SocketFailed",
                "The hub answered with status " + std::to_string(answer.status) + ".");
  if (answer.status != 200) return std::optional<SshAccount>{};
  CAIRN_TRY(value, parse_json(answer.body));
  return std::optional(SshAccount{std::string(value.at("account").as_string()),
                                  std::string(value.at("fingerprint").as_string()), address});
}

}  // namespace

std::string SshAccount::pack() const {
  return fingerprint + "\n" + address + "\n" + label;
}

SshAccount SshAccount::unpack(const std::string& text) {
  auto parts = split(text, '\n');
  SshAccount out;
  if (parts.size() == 3) {
    out.fingerprint = parts[0];
    out.address = parts[1];
    out.label = parts[2];
  }
  return out;
}

Result<std::optional<SshAccount>> find_account(const HubSide& hub, const ssh::PublicKey& key,
                                               const std::string& address) {
  return ask_whose(hub, {{"key", base64_encode(key.blob)}}, address);
}

Result<std::optional<SshAccount>> find_account(const HubSide& hub, const std::string& fingerprint,
                                               const std::string& address) {
  return ask_whose(hub, {{"fingerprint", fingerprint}}, address);
}

http::Headers headers_of(const HubSide& hub, const SshAccount& account) {
  return {{"Authorization", "Ssh " + hub.secret + " " + account.fingerprint},
          {"X-Cairn-Client", account.address},
          {"User-Agent", "cairn-ssh"}};
}

void give_up_rights() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
  ::setrlimit(RLIMIT_CORE, &none);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace cairn::app
