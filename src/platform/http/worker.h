#pragma once
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "platform/http/connection.h"

/// Inside the module: one thread of the server.
namespace cairn::http {

/// The certificates in use, exchanged when they are reloaded.
class TlsSlot {
 public:
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> get() const {
    std::lock_guard lock(mutex_);
    return context_;
  }
  void set(std::shared_ptr<boost::asio::ssl::context> context) {
    std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

/// An io_context, its thread, and the connections that were accepted on it. Members are called on
/// that thread unless they say otherwise.
class Worker {
 public:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                                      boost::asio::io_context::executor_type>;

  Worker(Shared& shared, TlsSlot& tls);

  /// Before start(), from any thread. The acceptor listens.
  void add(Acceptor acceptor, bool tls);
  /// From any thread. The thread ends when finish() was called and nothing is left to do.
  void start();
  void join();

  /// From any thread: no new connections, idle ones end.
  void drain();
  /// From any thread: all connections end now.
  void abort();
  /// From any thread: nothing keeps the thread but what still runs.
  void finish();

  boost::asio::io_context& context() { return context_; }

 private:
  Task<> accept(std::size_t index, bool tls);
  Task<> sweep();
  void take(Socket socket, bool tls);

  Shared& shared_;
  TlsSlot& tls_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::vector<Acceptor> acceptors_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  boost::asio::steady_timer timer_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cairn::http
