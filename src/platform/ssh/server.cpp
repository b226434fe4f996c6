#include "platform/ssh/server.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/ssh/connection.h"

namespace cairn::ssh {
namespace {

using Clock = std::chrono::steady_clock;

Failure cannot_listen(const Options& options, int error) {
  if (error == EADDRINUSE)
    return fail(ErrorCode::conflict, "AddressInUse",
                "Something listens at " + options.address + ":" + std::to_string(options.port) +
                    " already. Choose another address for SSH, or none.");
  return fail(ErrorCode::invalid_argument, "InvalidListen",
              "The hub cannot listen for SSH at " + options.address + ":" +
                  std::to_string(options.port) + ": " + std::strerror(error) + ".");
}

Result<int> listen_at(const Options& options) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  auto port = std::to_string(options.port);
  if (::getaddrinfo(options.address.empty() ? nullptr : options.address.c_str(), port.c_str(),
                    &wanted, &found) != 0)
    return cannot_listen(options, EADDRNOTAVAIL);
  int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bool good =
      fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 128) == 0;
  int error = errno;
  ::freeaddrinfo(found);
  if (good) return fd;
  if (fd >= 0) ::close(fd);
  return cannot_listen(options, error);
}

std::string text_of(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST] = {};
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, nullptr, 0,
                NI_NUMERICHOST);
  return host;
}

class ServerOverLibssh final : public Server {
 public:
  ServerOverLibssh(Options options, Hooks hooks, int listening, ssh_bind bind)
      : options_(std::move(options)), hooks_(std::move(hooks)), listening_(listening), bind_(bind) {
    places_.max = options_.commands_max;
  }
  ~ServerOverLibssh() override {
    ::close(listening_);
    ssh_bind_free(bind_);
  }

  std::uint16_t port() const override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.ss_family == AF_INET6
                     ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                     : reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  }

  void run() override {
    std::thread watch([this] { end_the_slow(); });
    while (!stopped_) {
      pollfd wait{listening_, POLLIN, 0};
      constexpr int wait_ms = 200;
      if (::poll(&wait, 1, wait_ms) > 0) accept_one();
    }
    shut_all();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return clients_.empty(); });
    lock.unlock();
    watch.join();
  }
  void stop() override { stopped_ = true; }

 private:
  struct Client {
    int fd;
    std::string address;
    Clock::time_point deadline;
  };

  void accept_one() {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int fd = ::accept4(listening_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto from = text_of(address, size);
    auto session = admit(from) ? ssh_new() : nullptr;
    if (!session || ssh_bind_accept_fd(bind_, session, fd) != SSH_OK) {
      if (session) ssh_free(session);
      ::close(fd);
      return;
    }
    std::lock_guard lock(mutex_);
    ++of_address_[from];
    auto client = clients_.insert(
        clients_.end(),
        {fd, from, Clock::now() + std::chrono::seconds(options_.login_seconds_max)});
    // run() waits until the list is empty, so the thread needs no other owner.
    std::thread([this, session, client] { serve(session, client); }).detach();
  }

  bool admit(const std::string& address) {
    std::lock_guard lock(mutex_);
    auto at = of_address_.find(address);
    return clients_.size() < options_.connections_max &&
           (at == of_address_.end() || at->second < options_.connections_per_address_max);
  }

  void serve(ssh_session session, std::list<Client>::iterator client) {
    {
      auto touch = [&](bool logged_in) {
        if (!logged_in) return;
        std::lock_guard lock(mutex_);
        client->deadline = Clock::now() + std::chrono::seconds(options_.silence_seconds_max);
      };
      Connection connection(session, client->address, hooks_, places_, touch);
      try {
        connection.run();
      } catch (const std::exception& failed) {
        log::error("ssh.connection.failed", {{"what", failed.what()}});
      }
      // The number of its socket is another's as soon as it is closed.
      std::lock_guard lock(mutex_);
      client->fd = -1;
    }
    std::lock_guard lock(mutex_);
    if (auto at = of_address_.find(client->address); --at->second == 0) of_address_.erase(at);
    clients_.erase(client);
    ended_.notify_all();
  }

  void end_the_slow() {
    while (!stopped_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      std::lock_guard lock(mutex_);
      for (auto& client : clients_)
        if (client.fd >= 0 && client.deadline < Clock::now()) ::shutdown(client.fd, SHUT_RDWR);
    }
  }
  void shut_all() {
    std::lock_guard lock(mutex_);
    for (auto& client : clients_)
      if (client.fd >= 0) ::shutdown(client.fd, SHUT_RDWR);
  }

  Options options_;
  Hooks hooks_;
  int listening_;
  ssh_bind bind_;
  Places places_;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::list<Client> clients_;
  std::unordered_map<std::string, std::size_t> of_address_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(Options options, Hooks hooks) {
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(options.host_key.c_str(), nullptr, nullptr, nullptr, &key) !=
      SSH_OK)
    return fail(ErrorCode::internal, "InvalidHostKey", "The hub's SSH key cannot be used.");
  ssh_bind bind = ssh_bind_new();
  bool no_files = false;
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files);
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key);  // Takes it.
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BANNER, "cairn");
  auto listening = listen_at(options);
  if (!listening) {
    ssh_bind_free(bind);
    return fail(listening.error());
  }
  return std::make_unique<ServerOverLibssh>(std::move(options), std::move(hooks), *listening, bind);
}

}  // namespace cairn::ssh
