// The bodies of requests and responses of a connection.
#include <cstdio>

#include "base/log.h"
#include "platform/http/connection.h"

namespace cairn::http {
namespace {

/// A read of a body, small first; large ones once the client fills the small. 256 KiB is where
/// fewer system calls stop to matter, and with the decoder's copy the memory of one upload.
constexpr std::size_t read_bytes_first = 16u << 10;
constexpr std::size_t read_bytes_max = 256u << 10;
constexpr std::size_t chunked_read_bytes = 64u << 10;
/// What a handler left unread is read away when it is at most this, so that the connection can
/// stay; more is not worth waiting for.
constexpr std::uint64_t discard_bytes_max = 64u << 10;

}  // namespace

void Connection::begin_body(const RequestReader& reader) {
  body_kind_ = reader.chunked()      ? BodyKind::chunked
               : reader.length() > 0 ? BodyKind::length
                                     : BodyKind::none;
  body_left_ = reader.length();
  decoder_ = {};
  body_failed_ = false;
  // RFC 9110, section 10.1.1: no 100 when the body is already on its way.
  expect_pending_ = reader.expects_continue() && body_kind_ != BodyKind::none && begin_ == end_;
  body_read_size_ = read_bytes_first;
  window_left_ = Milliseconds(limits().body_window_ms);
  window_bytes_ = 0;
}

bool Connection::body_done() const {
  switch (body_kind_) {
    case BodyKind::none:
      return true;
    case BodyKind::length:
      return body_left_ == 0;
    case BodyKind::chunked:
      return decoder_.done();
  }
  return true;
}

bool Connection::body_is_short() const {
  // A client that waits for 100 may send the body or not: the connection cannot be used again.
  if (expect_pending_) return false;
  return body_kind_ == BodyKind::length && body_left_ <= discard_bytes_max;
}

Task<std::size_t> Connection::read_body_bytes(char* to, std::size_t size) {
  auto start = Transport::Clock::now();
  auto count = co_await transport_.read_some(to, size, window_left_);
  // Only waiting counts: the handler may take its time.
  window_left_ -= std::chrono::duration_cast<Milliseconds>(Transport::Clock::now() - start);
  window_bytes_ += count;
  if (window_bytes_ >= limits().body_bytes_per_window_min) {
    window_bytes_ = 0;
    window_left_ = Milliseconds(limits().body_window_ms);
  }
  if (window_left_.count() < 1) window_left_ = Milliseconds(1);
  co_return count;
}

Failure Connection::body_failure() {
  body_failed_ = true;
  if (transport_.timed_out())
    return fail(ErrorCode::timeout, "BodyTimeout",
                "The request body came too slowly. Nothing was changed; try again.");
  return fail(ErrorCode::invalid_argument, "BodyIncomplete",
              "The request body ended before its announced length. Nothing was changed.");
}

Task<Result<std::string>> Connection::read_some() {
  if (body_failed_) co_return body_failure();
  if (body_done()) co_return std::string();
  if (std::exchange(expect_pending_, false)) {
    char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    iovec vectors[1] = {{text, sizeof text - 1}};
    if (!co_await transport_.write(vectors, false, write_timeout())) co_return body_failure();
  }
  if (body_kind_ == BodyKind::length) co_return co_await read_length();
  co_return co_await read_chunked();
}

Task<Result<std::string>> Connection::read_length() {
  std::string out;
  if (begin_ < end_) {
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, end_ - begin_));
    out = buffered().substr(0, count);
    begin_ += count;
    body_left_ -= count;
    co_return out;
  }
  auto want = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, body_read_size_));
  out.resize_and_overwrite(want, [](char*, std::size_t size) { return size; });
  auto count = co_await read_body_bytes(out.data(), want);
  if (count == 0) co_return body_failure();
  if (count == body_read_size_) body_read_size_ = std::min(body_read_size_ * 2, read_bytes_max);
  out.resize(count);
  body_left_ -= count;
  co_return out;
}

Task<Result<std::string>> Connection::read_chunked() {
  std::string out;
  for (;;) {
    begin_ += decoder_.decode(buffered(), out);
    if (decoder_.failed()) {
      body_failed_ = true;
      co_return fail(ErrorCode::invalid_argument, "InvalidBody",
                     "The chunks of the request body are malformed. Nothing was changed.");
    }
    if (!out.empty() || decoder_.done()) co_return out;
    begin_ = end_ = 0;
    make_room(chunked_read_bytes);
    auto count = co_await read_body_bytes(buffer_.get(), chunked_read_bytes);
    if (count == 0) co_return body_failure();
    end_ = count;
  }
}

Task<bool> Connection::discard_body() {
  while (!body_done()) {
    auto piece = co_await read_some();
    if (!piece) co_return false;
  }
  co_return true;
}

Task<bool> Connection::send_body(Body& body, bool chunked) {
  if (auto* stream = std::get_if<Stream>(&body)) co_return co_await send_stream(*stream, chunked);
  // A named task, since the visitor's temporaries must not be awaited.
  auto task = std::visit([this](auto& b) { return send(b); }, body);
  co_return co_await std::move(task);
}

Task<bool> Connection::send_text(std::string_view text) {
  iovec vectors[1] = {{const_cast<char*>(text.data()), text.size()}};
  if (text.empty()) co_return true;
  co_return co_await transport_.write(vectors, false, write_timeout());
}

Task<bool> Connection::send(std::string& text) {
  return send_text(text);
}
Task<bool> Connection::send(SharedText& text) {
  return send_text(text ? std::string_view(*text) : std::string_view{});
}

Task<bool> Connection::send(FileSlice& slice) {
  bool sent = co_await transport_.send_file(slice, write_timeout());
  if (!sent && transport_.file_short())
    log::error("http.file_short", {{"offset", slice.offset}, {"count", slice.count}});
  co_return sent;
}

Task<bool> Connection::send(Pieces& pieces) {
  for (auto& piece : pieces) {
    auto task = std::visit([this](auto& p) { return send(p); }, piece);
    if (!co_await std::move(task)) co_return false;
  }
  co_return true;
}

Task<bool> Connection::send_stream(Stream& stream, bool chunked) {
  std::uint64_t left = stream.size.value_or(UINT64_MAX);
  for (;;) {
    Result<std::string> piece;
    try {
      piece = co_await stream.next();
    } catch (const std::exception& e) {
      piece = fail(ErrorCode::internal, "InternalError", e.what());
    }
    bool wrong_size =
        piece && stream.size && (piece->size() > left || (piece->empty() && left > 0));
    if (wrong_size)
      piece = fail(ErrorCode::internal, "InternalError", "A stream has another size than it said.");
    if (!piece) {
      // The head is out: cutting the connection is the only way left to say it.
      log::error("http.stream_failed", piece.error());
      co_return false;
    }
    if (piece->empty()) break;
    left -= piece->size();
    char size[20];
    int digits = std::snprintf(size, sizeof size, "%zx\r\n", piece->size());
    iovec vectors[3] = {{size, static_cast<std::size_t>(digits)},
                        {piece->data(), piece->size()},
                        {const_cast<char*>("\r\n"), 2}};
    auto span = chunked ? std::span<iovec>(vectors) : std::span<iovec>(vectors).subspan(1, 1);
    if (!co_await transport_.write(span, false, write_timeout())) co_return false;
    if (stream.size && left == 0) co_return true;
  }
  if (chunked) co_return co_await send_text("0\r\n\r\n");
  co_return true;
}

}  // namespace cairn::http
