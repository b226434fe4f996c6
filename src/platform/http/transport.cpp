#include "platform/http/transport.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cairn::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// One sendfile call. Larger ones do not get faster, and others wait meanwhile.
constexpr std::uint64_t sendfile_bytes_max = 1u << 20;
/// After so many bytes without having to wait, the thread's other connections get their turn.
constexpr std::uint64_t turn_bytes = 4u << 20;
/// Read from a file and encrypted at a time.
constexpr std::size_t tls_file_bytes = 128u << 10;

auto into(error_code& failed) {
  return asio::redirect_error(asio::use_awaitable, failed);
}

}  // namespace

Transport::Transport(Socket socket, std::shared_ptr<asio::ssl::context> tls)
    : socket_(std::move(socket)), context_(std::move(tls)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  if (context_) tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, *context_);
}

void Transport::arm(Milliseconds timeout) {
  timed_out_ = false;
  deadline_ = Clock::now() + timeout;
}

void Transport::disarm() {
  deadline_ = Clock::time_point::max();
}

void Transport::sweep(Clock::time_point now) {
  if (now < deadline_) return;
  timed_out_ = true;
  disarm();
  cancel();
}

void Transport::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::close() {
  error_code ignored;
  socket_.close(ignored);
}

Task<bool> Transport::handshake(Milliseconds timeout) {
  if (!tls_) co_return true;
  error_code failed;
  arm(timeout);
  co_await tls_->async_handshake(asio::ssl::stream_base::server, into(failed));
  disarm();
  co_return !failed;
}

Task<std::size_t> Transport::read_some(char* to, std::size_t size, Milliseconds timeout) {
  error_code failed;
  std::size_t count = 0;
  arm(timeout);
  if (tls_)
    count = co_await tls_->async_read_some(asio::buffer(to, size), into(failed));
  else
    count = co_await socket_.async_read_some(asio::buffer(to, size), into(failed));
  disarm();
  bytes_in_ += count;
  co_return failed ? 0 : count;
}

long Transport::try_write(std::span<iovec>& vectors, bool more) {
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  ssize_t sent;
  do {
    sent = ::sendmsg(socket_.native_handle(), &message,
                     MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  bytes_out_ += static_cast<std::uint64_t>(sent);
  auto left = static_cast<std::size_t>(sent);
  while (!vectors.empty() && left >= vectors.front().iov_len) {
    left -= vectors.front().iov_len;
    vectors = vectors.subspan(1);
  }
  if (left > 0) {
    vectors.front().iov_base = static_cast<char*>(vectors.front().iov_base) + left;
    vectors.front().iov_len -= left;
  }
  return sent;
}

Task<bool> Transport::wait_writable(Milliseconds timeout) {
  error_code failed;
  arm(timeout);
  co_await socket_.async_wait(Socket::wait_write, into(failed));
  disarm();
  co_return !failed;
}

Task<bool> Transport::write(std::span<iovec> vectors, bool more, Milliseconds timeout) {
  if (tls_) {
    for (const auto& vector : vectors)
      if (!co_await write_tls(vector.iov_base, vector.iov_len, timeout)) co_return false;
    co_return true;
  }
  while (!vectors.empty()) {
    long sent = try_write(vectors, more);
    if (sent < 0) co_return false;
    if (vectors.empty()) break;
    if (!co_await wait_writable(timeout)) co_return false;
  }
  co_return true;
}

Task<bool> Transport::write_tls(const void* data, std::size_t size, Milliseconds timeout) {
  auto rest = asio::const_buffer(data, size);
  while (rest.size() > 0) {
    error_code failed;
    arm(timeout);
    auto count = co_await tls_->async_write_some(rest, into(failed));
    disarm();
    if (failed) co_return false;
    bytes_out_ += count;
    rest += count;
  }
  co_return true;
}

Task<bool> Transport::send_file(const FileSlice& slice, Milliseconds timeout) {
  file_short_ = false;
  if (tls_) co_return co_await send_file_tls(slice, timeout);
  auto offset = static_cast<off_t>(slice.offset);
  std::uint64_t left = slice.count;
  std::uint64_t turn = turn_bytes;
  while (left > 0) {
    auto want = static_cast<std::size_t>(std::min(left, sendfile_bytes_max));
    ssize_t sent = ::sendfile(socket_.native_handle(), slice.descriptor, &offset, want);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      turn = turn_bytes;
      if (!co_await wait_writable(timeout)) co_return false;
      continue;
    }
    if (sent <= 0) {
      file_short_ = sent == 0 || (errno != EPIPE && errno != ECONNRESET);
      co_return false;
    }
    auto count = static_cast<std::uint64_t>(sent);
    bytes_out_ += count;
    left -= count;
    turn -= std::min(turn, count);
    if (turn == 0 && left > 0) {
      turn = turn_bytes;
      co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    }
  }
  co_return true;
}

Task<bool> Transport::send_file_tls(const FileSlice& slice, Milliseconds timeout) {
  auto buffer = std::make_unique_for_overwrite<char[]>(tls_file_bytes);
  for (std::uint64_t done = 0; done < slice.count;) {
    auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(slice.count - done, tls_file_bytes));
    ssize_t got =
        ::pread(slice.descriptor, buffer.get(), want, static_cast<off_t>(slice.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      file_short_ = true;
      co_return false;
    }
    if (!co_await write_tls(buffer.get(), static_cast<std::size_t>(got), timeout)) co_return false;
    done += static_cast<std::uint64_t>(got);
  }
  co_return true;
}

Task<> Transport::shutdown(Milliseconds timeout) {
  error_code failed;
  if (tls_) {
    arm(timeout);
    co_await tls_->async_shutdown(into(failed));
    disarm();
  }
  socket_.shutdown(Socket::shutdown_send, failed);
}

Task<> Transport::linger(Milliseconds timeout) {
  error_code failed;
  socket_.shutdown(Socket::shutdown_send, failed);
  auto buffer = std::make_unique_for_overwrite<char[]>(tls_file_bytes);
  auto until = Clock::now() + timeout;
  for (;;) {
    auto now = Clock::now();
    if (now >= until) co_return;
    arm(std::chrono::duration_cast<Milliseconds>(until - now) + Milliseconds(1));
    // Below TLS: nobody will look at these bytes.
    auto count =
        co_await socket_.async_read_some(asio::buffer(buffer.get(), tls_file_bytes), into(failed));
    disarm();
    if (failed || count == 0) co_return;
  }
}

}  // namespace cairn::http
