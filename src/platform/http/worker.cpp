#include "platform/http/worker.h"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/log.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;

/// Refused connections are not read from, so there is no request to answer by the usual way.
const std::string& too_many() {
  static const std::string text = [] {
    std::string body =
        R"({"error":"Too many connections are open at once. Close some, or try again later."})";
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
           "Retry-After: 5\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return text;
}

/// A handler's exceptions are answered by the router; what arrives here is the cutting of the
/// connection, or trouble such as no memory.
void log_end(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& e) {
    if (e.code() != asio::error::operation_aborted)
      log::error("http.connection_failed", {{"reason", e.what()}});
  } catch (const std::exception& e) {
    log::error("http.connection_failed", {{"reason", e.what()}});
  }
}

/// Signals go to the main thread. SIGPIPE is the exception to all: sendfile(2) raises it for a
/// client that left, on the thread itself, where blocked it is only an error code.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// Deadlines are noticed this late at most: a sixteenth of the shortest, between 5 and 500 ms.
Milliseconds sweep_interval(const ServerLimits& limits) {
  int shortest =
      std::min({limits.header_timeout_ms, limits.keep_alive_timeout_ms, limits.body_window_ms,
                limits.write_timeout_ms, limits.linger_timeout_ms});
  return Milliseconds(std::clamp(shortest / 16, 5, 500));
}

}  // namespace

Worker::Worker(Shared& shared, TlsSlot& tls)
    : shared_(shared), tls_(tls), guard_(context_.get_executor()), timer_(context_) {}

void Worker::add(Acceptor acceptor, bool tls) {
  acceptors_.push_back(std::move(acceptor));
  asio::co_spawn(context_, accept(acceptors_.size() - 1, tls), asio::detached);
}

void Worker::start() {
  asio::co_spawn(context_, sweep(), asio::detached);
  thread_ = std::thread([this] {
    block_signals();
    context_.run();
  });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::drain() {
  asio::post(context_, [this] {
    boost::system::error_code ignored;
    for (auto& acceptor : acceptors_) acceptor.close(ignored);
    for (const auto& connection : connections_) connection->drain();
  });
}

void Worker::abort() {
  asio::post(context_, [this] {
    // A copy: a connection that ends takes itself out.
    std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->abort();
  });
}

void Worker::finish() {
  asio::post(context_, [this] {
    stopping_ = true;
    timer_.cancel();
    guard_.reset();
  });
}

Task<> Worker::sweep() {
  auto interval = sweep_interval(shared_.options.limits);
  // Goes on while connections end after finish(), for their deadlines still hold.
  while (!stopping_ || !connections_.empty()) {
    boost::system::error_code ignored;
    timer_.expires_after(interval);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    auto now = Transport::Clock::now();
    for (const auto& connection : connections_) connection->transport().sweep(now);
  }
}

Task<> Worker::accept(std::size_t index, bool tls) {
  for (;;) {
    boost::system::error_code failed;
    Socket socket(context_);
    co_await acceptors_[index].async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, failed));
    if (!acceptors_[index].is_open()) co_return;
    if (!failed) {
      take(std::move(socket), tls);
      continue;
    }
    if (failed == asio::error::connection_aborted) continue;
    // Out of descriptors, most likely: those that close make room.
    log::warning("http.accept_failed", {{"reason", failed.message()}});
    asio::steady_timer pause(context_, Milliseconds(100));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  }
}

void Worker::take(Socket socket, bool tls) {
  auto peer = peer_of(socket.native_handle());
  if (!shared_.admit(peer)) {
    shared_.refused->add();
    if (!tls)
      ::send(socket.native_handle(), too_many().data(), too_many().size(),
             MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  if (peer.address) {
    int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  auto connection =
      std::make_shared<Connection>(shared_, std::move(socket), peer, tls ? tls_.get() : nullptr);
  connections_.insert(connection);
  auto done = [this, connection, peer = std::move(peer)](std::exception_ptr thrown) {
    connections_.erase(connection);
    shared_.release(peer);
    if (thrown) log_end(thrown);
  };
  asio::co_spawn(context_, connection->run(),
                 asio::bind_cancellation_slot(connection->slot(), std::move(done)));
}

}  // namespace cairn::http
