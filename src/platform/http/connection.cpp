#include "platform/http/connection.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "platform/http/encoding.h"

namespace cairn::http {
namespace {

/// What a connection starts with; most requests fit, and idle ones are many.
constexpr std::size_t buffer_bytes_first = 4u << 10;
/// What it may keep between requests.
constexpr std::size_t buffer_bytes_kept = 16u << 10;
/// Paths longer than this are cut in the log.
constexpr std::size_t log_path_bytes_max = 512;

}  // namespace

Connection::Connection(Shared& shared, Socket socket, Peer peer,
                       std::shared_ptr<boost::asio::ssl::context> tls)
    : shared_(shared), peer_(std::move(peer)), transport_(std::move(socket), std::move(tls)) {}

Connection::~Connection() = default;

void Connection::drain() {
  if (idle_) transport_.cancel();
}

void Connection::abort() {
  cancel_.emit(boost::asio::cancellation_type::terminal);
  transport_.close();
}

void Connection::make_room(std::size_t size) {
  if (capacity_ - end_ >= size) return;
  auto used = end_ - begin_;
  if (capacity_ < used + size) {
    auto larger = std::make_unique_for_overwrite<char[]>(used + size);
    std::copy_n(buffer_.get() + begin_, used, larger.get());
    buffer_ = std::move(larger);
    capacity_ = used + size;
  } else {
    std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
  }
  begin_ = 0;
  end_ = used;
}

Task<> Connection::run() {
  if (!co_await transport_.handshake(Milliseconds(limits().header_timeout_ms))) co_return;
  while (co_await serve_one()) first_ = false;
  if (linger_) {
    co_await transport_.linger(Milliseconds(limits().linger_timeout_ms));
    co_return;
  }
  co_await transport_.shutdown(Milliseconds(std::min(limits().linger_timeout_ms, 2000)));
}

Task<Connection::Head> Connection::read_head(RequestReader& reader) {
  // The whole head has this long, however many bytes come at a time.
  auto until = Transport::Clock::now() + Milliseconds(limits().header_timeout_ms);
  for (;;) {
    if (begin_ < end_) {
      std::size_t used = 0;
      auto state = reader.feed(buffered(), used);
      begin_ += used;
      if (state == RequestReader::State::done) co_return Head::request;
      if (state == RequestReader::State::failed) co_return Head::refused;
    }
    if (begin_ == end_) begin_ = end_ = 0;
    // Idle connections are many: what a body needed goes back.
    if (begin_ == end_ && capacity_ > buffer_bytes_kept) {
      buffer_.reset();
      capacity_ = 0;
    }
    idle_ = begin_ == end_ && !reader.started();
    if (idle_ && shared_.draining) co_return Head::closed;
    auto now = Transport::Clock::now();
    auto timeout = std::chrono::duration_cast<Milliseconds>(until - now) + Milliseconds(1);
    if (idle_ && !first_) timeout = Milliseconds(limits().keep_alive_timeout_ms);
    if (timeout.count() <= 0) co_return Head::refused;
    make_room(end_ == capacity_ ? std::max(buffer_bytes_first, capacity_) : 1);
    bool was_idle = idle_;
    auto count = co_await transport_.read_some(buffer_.get() + end_, capacity_ - end_, timeout);
    idle_ = false;
    if (count == 0) {
      // Nobody waits for an answer on a connection that has asked nothing.
      co_return transport_.timed_out() && !was_idle ? Head::refused : Head::closed;
    }
    if (was_idle) until = Transport::Clock::now() + Milliseconds(limits().header_timeout_ms);
    end_ += count;
  }
}

Task<bool> Connection::serve_one() {
  auto bytes_before = transport_.bytes_in();
  Request request;
  RequestReader reader(request, limits());
  auto head = co_await read_head(reader);
  auto start = Transport::Clock::now();
  if (head == Head::closed) co_return false;
  reader.introduce(peer_, transport_.is_tls(), shared_.proxies);
  if (head == Head::refused) {
    bool slow = reader.error().word.empty();
    Error error = slow ? Error{ErrorCode::timeout, "RequestTimeout",
                               "The request headers took too long. Nothing was changed."}
                       : reader.error();
    auto refusal = shared_.router.error(error, request);
    if (!slow) refusal.status = reader.status();
    linger_ = !slow;
    body_kind_ = BodyKind::none;
    bool keep_alive = false;
    co_await answer(request, std::move(refusal), keep_alive, start);
    co_return false;
  }

  begin_body(reader);
  reader.attach(*this);
  http11_ = reader.version_11();
  auto response = co_await shared_.router.handle(request);

  bool reusable = !body_failed_ && (body_done() || body_is_short());
  bool keep_alive = reader.keep_alive() && !response.close && reusable && !shared_.draining;
  linger_ = !body_done() && !transport_.timed_out();
  bool sent = co_await answer(request, std::move(response), keep_alive, start);
  shared_.bytes_in->add(transport_.bytes_in() - bytes_before);
  if (!sent) linger_ = false;
  if (!sent || !keep_alive) co_return false;
  if (!co_await discard_body()) co_return false;
  linger_ = false;
  co_return true;
}

Task<bool> Connection::answer(Request& request, Response response, bool& keep_alive,
                              Transport::Clock::time_point start) {
  auto bytes_before = transport_.bytes_out();
  if (shared_.options.compress) compress(request, response);
  auto length = response.body_size();
  bool bodyless = request.method() == Method::head || response.status == 204 ||
                  response.status == 304 || response.status < 200;
  if (request.method() == Method::head && response.head_size) length = response.head_size;
  if (response.status == 204 || response.status == 304 || response.status < 200) length.reset();
  bool chunked = !bodyless && !length && http11_;
  // Before HTTP/1.1 the end of the connection is the end of a body of unknown length.
  if (!bodyless && !length && !http11_) keep_alive = false;

  out_.clear();
  append_head(out_, request, response, shared_.options, http11_, keep_alive, chunked, length);
  bool sent = false;
  auto text = response.text();
  if (bodyless || text.size() == length.value_or(UINT64_MAX)) {
    // The usual case: one write for everything.
    if (bodyless) text = {};
    iovec vectors[2] = {{out_.data(), out_.size()}, {const_cast<char*>(text.data()), text.size()}};
    std::span<iovec> rest(vectors, text.empty() ? 1 : 2);
    if (!transport_.is_tls()) {
      sent = transport_.try_write(rest, false) >= 0;
      if (sent && !rest.empty()) sent = co_await transport_.write(rest, false, write_timeout());
    } else {
      // One TLS record instead of two, unless the copy costs more.
      if (text.size() <= 16u << 10) {
        out_ += text;
        vectors[0] = {out_.data(), out_.size()};
        rest = rest.first(1);
      }
      sent = co_await transport_.write(rest, false, write_timeout());
    }
  } else {
    iovec vectors[1] = {{out_.data(), out_.size()}};
    // A stream may have nothing to say yet, so its head must not wait for more.
    bool more = !std::holds_alternative<Stream>(response.body);
    sent = co_await transport_.write(vectors, more, write_timeout()) &&
           co_await send_body(response.body, chunked);
  }
  account(request, response.status, transport_.bytes_out() - bytes_before, start);
  co_return sent;
}

void Connection::account(const Request& request, int status, std::uint64_t bytes,
                         Transport::Clock::time_point start) {
  auto duration = std::chrono::duration<double>(Transport::Clock::now() - start).count();
  const auto& metrics = shared_.metrics_of(request);
  metrics.by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->add();
  metrics.duration->observe(duration);
  shared_.bytes_out->add(bytes);
  if (!shared_.options.access_log || !log::enabled(log::Level::info)) return;
  const Route* route = request.route();
  std::string_view path =
      route && route->secret_path ? std::string_view(route->pattern) : request.path();
  log::info("http.request", {{"request", request.id()},
                             {"actor", request.actor_label()},
                             {"operation", route ? route->operation : "none"},
                             {"method", request.method_name()},
                             {"path", path.substr(0, log_path_bytes_max)},
                             {"status", status},
                             {"bytes", bytes},
                             {"time_ms", std::round(duration * 1e5) / 100},
                             {"address", request.remote_address()}});
}

}  // namespace cairn::http
