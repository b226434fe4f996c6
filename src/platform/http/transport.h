#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <sys/uio.h>

#include "base/task.h"
#include "platform/http/response.h"

/// Inside the module: bytes to and from one client, plain or TLS.
namespace cairn::http {

/// TCP and Unix sockets alike.
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                boost::asio::io_context::executor_type>;
using Milliseconds = std::chrono::milliseconds;

/// A socket with a deadline for what it waits for at the moment. The thread's sweeper looks at the
/// deadlines of all its transports now and then, which costs a store per wait instead of a timer.
class Transport {
 public:
  using Clock = std::chrono::steady_clock;

  Transport(Socket socket, std::shared_ptr<boost::asio::ssl::context> tls);

  /// TLS only; true at once without. False when the client does not manage in time.
  Task<bool> handshake(Milliseconds timeout);

  /// Up to `size` bytes. 0 at the end, on errors, and when the time is over: see timed_out().
  Task<std::size_t> read_some(char* to, std::size_t size, Milliseconds timeout);

  /// All of it; `vectors` is used up. False when the client is gone or takes nothing for `timeout`.
  /// @param more  the caller sends more at once: packets may wait to be full.
  Task<bool> write(std::span<iovec> vectors, bool more, Milliseconds timeout);
  /// sendfile(2) on plain sockets. Also false when the file ends early, see file_short().
  Task<bool> send_file(const FileSlice& slice, Milliseconds timeout);

  /// Sends what the kernel takes right now; the number of bytes, or -1 when the client is gone. For
  /// plain sockets; `vectors` moves on.
  long try_write(std::span<iovec>& vectors, bool more);
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }

  /// Ends orderly: TLS close_notify, and nothing more is sent.
  Task<> shutdown(Milliseconds timeout);
  /// Reads and forgets until the client closes or the time is over, so that it can read what was
  /// sent before the kernel resets the connection.
  Task<> linger(Milliseconds timeout);

  /// From the sweeper: cancels what waits when its deadline is over.
  void sweep(Clock::time_point now);
  /// What waits ends, without being timed out.
  void cancel();
  void close();

  [[nodiscard]] bool timed_out() const { return timed_out_; }
  [[nodiscard]] bool file_short() const { return file_short_; }
  [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }
  [[nodiscard]] std::uint64_t bytes_out() const { return bytes_out_; }
  [[nodiscard]] int descriptor() { return socket_.native_handle(); }

 private:
  void arm(Milliseconds timeout);
  void disarm();
  Task<bool> wait_writable(Milliseconds timeout);
  Task<bool> write_tls(const void* data, std::size_t size, Milliseconds timeout);
  Task<bool> send_file_tls(const FileSlice& slice, Milliseconds timeout);

  Socket socket_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<boost::asio::ssl::stream<Socket&>> tls_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
  bool file_short_ = false;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

}  // namespace cairn::http
