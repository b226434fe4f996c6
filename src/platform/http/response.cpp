#include "platform/http/response.h"

namespace cairn::http {
namespace {

std::optional<std::uint64_t> size_of(const std::string& text) {
  return text.size();
}
std::optional<std::uint64_t> size_of(const SharedText& text) {
  return text ? text->size() : 0;
}
std::optional<std::uint64_t> size_of(const FileSlice& slice) {
  return slice.count;
}
std::optional<std::uint64_t> size_of(const Stream& stream) {
  return stream.size;
}
std::optional<std::uint64_t> size_of(const Pieces& pieces) {
  std::uint64_t sum = 0;
  for (const auto& piece : pieces) {
    auto size = std::visit([](const auto& p) { return size_of(p); }, piece);
    if (!size) return std::nullopt;
    sum += *size;
  }
  return sum;
}

}  // namespace

std::string_view Response::text() const {
  if (auto* text = std::get_if<std::string>(&body)) return *text;
  if (auto* shared = std::get_if<SharedText>(&body); shared && *shared) return **shared;
  return {};
}

std::optional<std::uint64_t> Response::body_size() const {
  return std::visit([](const auto& b) { return size_of(b); }, body);
}

Response json(int status, const json::value& value) {
  Response out{.status = status, .body = json::serialize(value)};
  out.headers.add("Content-Type", "application/json; charset=utf-8");
  return out;
}

Response text(int status, std::string body, std::string content_type) {
  Response out{.status = status, .body = std::move(body)};
  out.headers.add("Content-Type", std::move(content_type));
  return out;
}

Response empty(int status) {
  return Response{.status = status};
}

Response redirect(int status, std::string location) {
  auto out = text(status, "Redirecting to " + location + "\n");
  out.headers.add("Location", std::move(location));
  return out;
}

Response stream(int status, std::string content_type,
                std::function<Task<Result<std::string>>()> next) {
  Response out{.status = status, .body = Stream{.next = std::move(next)}};
  out.headers.add("Content-Type", std::move(content_type));
  return out;
}

void set_cookie(Response& response, std::string_view name, std::string_view value,
                const CookieOptions& options) {
  std::string out;
  out.append(name).append("=").append(value).append("; Path=").append(options.path);
  if (options.max_age_s) out += "; Max-Age=" + std::to_string(*options.max_age_s);
  if (options.secure) out += "; Secure";
  if (options.http_only) out += "; HttpOnly";
  if (!options.same_site.empty()) out += "; SameSite=" + options.same_site;
  response.headers.add("Set-Cookie", std::move(out));
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::unprocessable:
      return 422;
    case ErrorCode::unauthenticated:
      return 401;
    case ErrorCode::bad_credentials:
      return 401;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::gone:
      return 410;
    case ErrorCode::method_not_allowed:
      return 405;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::precondition_failed:
      return 412;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::unsupported:
      return 415;
    case ErrorCode::range_not_satisfiable:
      return 416;
    case ErrorCode::rate_limited:
      return 429;
    case ErrorCode::timeout:
      return 408;
    case ErrorCode::storage_full:
      return 507;
    case ErrorCode::quota_exceeded:
      return 403;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::not_implemented:
      return 501;
    case ErrorCode::corrupt:
      return 500;
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

}  // namespace cairn::http
