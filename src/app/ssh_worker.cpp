#include "app/ssh_worker.h"

#include <iostream>
#include <thread>

#include "app/ssh_git.h"
#include "base/json.h"
#include "base/log.h"

namespace cairn::app {

BOOST_DESCRIBE_STRUCT(SshWorkerSettings, (), (address, port, hostKey, socket, secret))

namespace {

std::optional<std::string> authorize(const HubSide& hub, const ssh::PublicKey& key,
                                     const std::string& address) {
  auto account = find_account(hub, key, address);
  if (!account) log::error("ssh.login.failed", account.error());
  return account && *account ? std::optional((*account)->pack()) : std::nullopt;
}

}  // namespace

std::string to_line(const SshWorkerSettings& settings) {
  return json::serialize(to_json(settings)) + "\n";
}

Result<int> run_ssh_worker() {
  std::string line;
  std::getline(std::cin, line);
  CAIRN_TRY(settings, parse_json_as<SshWorkerSettings>(line));
  HubSide hub{settings.socket, settings.secret};
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
  give_up_rights();  // It starts no programs either.
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
