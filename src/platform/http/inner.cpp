#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "base/text.h"
#include "platform/http/router.h"

namespace cairn::http {
namespace {

/// The text of a response's body, whatever it is made of.
class Collector {
 public:
  explicit Collector(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Once.
  Task<Result<std::string>> run(Body body) {
    if (auto* pieces = std::get_if<Pieces>(&body)) {
      for (auto& piece : *pieces) CAIRN_CO_CHECK(co_await add_piece(std::move(piece)));
    } else if (auto* stream = std::get_if<Stream>(&body)) {
      CAIRN_CO_CHECK(co_await add(std::move(*stream)));
    } else if (auto* file = std::get_if<FileSlice>(&body)) {
      CAIRN_CO_CHECK(add(*file));
    } else if (auto* shared = std::get_if<SharedText>(&body)) {
      CAIRN_CO_CHECK(add(**shared));
    } else {
      CAIRN_CO_CHECK(add(std::get<std::string>(body)));
    }
    co_return std::move(text_);
  }
  [[nodiscard]] Failure too_large() const {
    return fail(ErrorCode::too_large, "AnswerTooLarge",
                "An answer is longer than the " + human_bytes(bytes_max_) + " asked for.");
  }

 private:
  Task<Result<>> add_piece(Pieces::value_type piece) {
    if (auto* stream = std::get_if<Stream>(&piece)) co_return co_await add(std::move(*stream));
    if (auto* file = std::get_if<FileSlice>(&piece)) co_return add(*file);
    if (auto* shared = std::get_if<SharedText>(&piece)) co_return add(**shared);
    co_return add(std::get<std::string>(piece));
  }
  Task<Result<>> add(Stream stream) {
    for (;;) {
      CAIRN_CO_TRY(bytes, co_await stream.next());
      if (bytes.empty()) co_return Result<>{};
      CAIRN_CO_CHECK(add(bytes));
    }
  }
  Result<> add(std::string_view bytes) {
    if (bytes.size() > bytes_max_ - text_.size()) return too_large();
    text_ += bytes;
    return {};
  }
  Result<> add(const FileSlice& file) {
    char buffer[64 << 10];
    for (std::uint64_t done = 0; done < file.count;) {
      auto want = std::min<std::uint64_t>(sizeof buffer, file.count - done);
      ssize_t n = ::pread(file.descriptor, buffer, want, static_cast<off_t>(file.offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        return fail(ErrorCode::internal, "ReadFailed", "A stored file could not be read.")
            .with("error", n < 0 ? std::strerror(errno) : "it is shorter than its record");
      CAIRN_CHECK(add(std::string_view(buffer, static_cast<std::size_t>(n))));
      done += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  std::uint64_t bytes_max_;
  std::string text_;
};

}  // namespace

Task<Result<InnerAnswer>> Router::ask(const Request& outer, InnerQuestion question) const {
  Headers headers;
  headers.add("Accept", std::move(question.accept));
  if (!question.body.empty()) headers.add("Content-Type", "application/json");
  // Where no hook ran yet, these say who asks.
  for (const char* name : {"Host", "Cookie", "Authorization", "User-Agent"})
    if (auto value = outer.header(name); !value.empty()) headers.add(name, std::string(value));
  CAIRN_CO_TRY(inner, Request::make(question.method, std::move(question.target), std::move(headers),
                                    std::move(question.body)));
  inner.inner_ = true;
  inner.remote_address_ = outer.remote_address_;
  inner.secure_ = outer.secure_;
  inner.id_ = outer.id_;
  inner.context_ = outer.context_;
  auto response = co_await handle(inner);
  Collector collector(question.answer_bytes_max);
  if (auto size = response.body_size(); size && *size > question.answer_bytes_max)
    co_return collector.too_large();
  CAIRN_CO_TRY(body, co_await collector.run(std::move(response.body)));
  co_return InnerAnswer{response.status, std::move(response.headers), std::move(body)};
}

}  // namespace cairn::http
