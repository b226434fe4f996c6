#include "app/ssh_worker.h"

#include <csignal>
#include <iostream>
#include <thread>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/ssh_git.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/log.h"
#include "platform/http/http.h"
#include "platform/http/local_client.h"

namespace cairn::app {

BOOST_DESCRIBE_STRUCT(SshWorkerSettings, (), (address, port, hostKey, socket, secret, publicUrl))

namespace {

/// Strangers talk to this process before anybody knows them: it starts no programs, gains no
/// rights, and writes no file.
void give_up_rights() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
  ::setrlimit(RLIMIT_CORE, &none);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<std::string> authorize(const HubSide& hub, const ssh::PublicKey& key,
                                     const std::string& address) {
  http::Headers headers;
  headers.add("Authorization", "Ssh " + hub.secret);
  headers.add("Content-Type", "application/json");
  json::object body{{"key", base64_encode(key.blob)}};
  constexpr long timeout_ms = 10'000;
  auto answer = http::ask_local(hub.socket_path, http::Method::post, "/api/-/v1/ssh/login", headers,
                                json::serialize(body), timeout_ms);
  if (!answer) {
    log::error("ssh.login.failed", answer.error());
    return std::nullopt;
  }
  if (answer->status != 200) return std::nullopt;
  auto value = parse_json(answer->body);
  if (!value || !value->is_object()) return std::nullopt;
  SshAccount account{std::string(value->as_object().at("account").as_string()),
                     std::string(value->as_object().at("fingerprint").as_string()), address};
  return account.pack();
}

}  // namespace

std::string to_line(const SshWorkerSettings& settings) {
  return json::serialize(to_json(settings)) + "\n";
}

Result<int> run_ssh_worker() {
  std::string line;
  std::getline(std::cin, line);
  CAIRN_TRY(settings, parse_json_as<SshWorkerSettings>(line));
  HubSide hub{settings.socket, settings.secret, settings.publicUrl};
  ssh::Options options;
  options.address = settings.address;
  options.port = static_cast<std::uint16_t>(settings.port);
  options.host_key = settings.hostKey;
  ssh::Hooks hooks;
  hooks.authorize = [&](const ssh::PublicKey& key, const std::string& address) {
    return authorize(hub, key, address);
  };
  hooks.run = [&](ssh::Exec& exec) { return run_ssh_command(exec, hub); };
  CAIRN_TRY(server, ssh::Server::listen(std::move(options), std::move(hooks)));
  give_up_rights();
  std::cout << "listening " << server->port() << std::endl;

  // The hub holds the other end: its end is this one's, however it comes.
  std::thread parent([&] {
    while (std::cin.get() != std::char_traits<char>::eof()) {
    }
    server->stop();
  });
  server->run();
  parent.join();
  return 0;
}

}  // namespace cairn::app
