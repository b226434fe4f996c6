#include "platform/http/request.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "platform/http/router.h"

namespace cairn::http {
namespace {

class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Task<Result<std::string>> read_some() override { co_return std::exchange(text_, {}); }

 private:
  std::string text_;
};

Failure bad_target(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidTarget", std::move(message));
}

/// What later code may rely on: decoded text is UTF-8 without NUL. Git could store other names, but
/// no answer in JSON could carry them.
Result<std::string> checked(Result<std::string> decoded) {
  if (!decoded)
    return bad_target("The URL has a % that no two hex digits follow. Encode it as %25.");
  if (decoded->find('\0') != std::string::npos || !is_valid_utf8(*decoded))
    return bad_target("The URL is not UTF-8 text. Percent-encode its UTF-8 form.");
  return decoded;
}

std::string_view base_name(std::string_view name) {
  return name.ends_with("[]") ? name.substr(0, name.size() - 2) : name;
}

}  // namespace

Result<Request> Request::make(Method method, std::string target, Headers headers,
                              std::string body) {
  Request out;
  out.method_ = method;
  out.method_text_ = to_string(method);
  out.target_ = std::move(target);
  out.headers_ = std::move(headers);
  out.content_length_ = body.size();
  out.body_ = std::make_shared<TextBody>(std::move(body));
  out.remote_address_ = "127.0.0.1";
  out.id_ = hex_encode(random_bytes(12));
  CAIRN_CHECK(out.parse_target());
  return out;
}

Result<> Request::parse_target() {
  // RFC 9112, section 3.2.2: a server takes the absolute form as well.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target_.size() < scheme.size() ||
        !equal_names(std::string_view(target_).substr(0, scheme.size()), scheme))
      continue;
    auto path = target_.find_first_of("/?", scheme.size());
    target_ = path == std::string::npos ? "/" : target_.substr(path);
    if (target_[0] == '?') target_.insert(0, 1, '/');
    break;
  }
  if (auto fragment = target_.find('#'); fragment != std::string::npos)
    return bad_target("The request target has a fragment (#). Leave it out.");
  path_size_ = std::min(target_.find('?'), target_.size());
  if (target_ == "*" && method_ == Method::options) return {};
  if (target_.empty() || target_[0] != '/')
    return bad_target("The request target does not begin with \"/\".");

  std::string_view rest = path().substr(1);
  for (std::size_t start = 0; !rest.empty() && start <= rest.size();) {
    auto end = std::min(rest.find('/', start), rest.size());
    CAIRN_TRY(segment, checked(percent_decode(rest.substr(start, end - start))));
    segments_.push_back(std::move(segment));
    start = end + 1;
  }
  if (query_string().empty()) return {};
  for (auto pair : split(query_string(), '&')) {
    if (pair.empty()) continue;
    auto equals = pair.find('=');
    CAIRN_TRY(name, checked(form_decode(pair.substr(0, equals))));
    auto encoded = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    CAIRN_TRY(value, checked(form_decode(encoded)));
    query_.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

std::string_view Request::method_name() const {
  return method_ == Method::other ? std::string_view(method_text_) : to_string(method_);
}

std::string_view Request::path() const {
  return std::string_view(target_).substr(0, path_size_);
}

std::string_view Request::query_string() const {
  return path_size_ < target_.size() ? std::string_view(target_).substr(path_size_ + 1)
                                     : std::string_view{};
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& capture : captures_) {
    if (capture.rest || capture.name != name) continue;
    std::string_view segment = segments_[capture.first];
    return segment.substr(capture.skip, segment.size() - capture.skip - capture.drop);
  }
  return {};
}

std::vector<std::string> Request::rest(std::string_view name) const {
  for (const auto& capture : captures_) {
    if (!capture.rest || capture.name != name) continue;
    auto first = segments_.begin() + static_cast<std::ptrdiff_t>(capture.first);
    return {first, first + static_cast<std::ptrdiff_t>(capture.count)};
  }
  return {};
}

std::string Request::rest_path(std::string_view name) const {
  std::string out;
  for (const auto& segment : rest(name)) {
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  for (const auto& [key, value] : query_)
    if (base_name(key) == base_name(name)) return value;
  return std::nullopt;
}

std::vector<std::string_view> Request::query_all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : query_)
    if (base_name(key) == base_name(name)) out.push_back(value);
  return out;
}

bool Request::query_flag(std::string_view name) const {
  auto value = query(name);
  return value && (value->empty() || *value == "1" || *value == "true" || *value == "True");
}

std::optional<std::string> Request::cookie(std::string_view name) const {
  for (auto header : headers_.all("Cookie")) {
    for (auto pair : split(header, ';')) {
      auto equals = pair.find('=');
      if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
      auto value = trim(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      return std::string(value);
    }
  }
  return std::nullopt;
}

Task<Result<std::string>> Request::read_some() {
  auto too_large = [this] {
    return fail(ErrorCode::too_large, "BodyTooLarge",
                "The request body is larger than the " + human_bytes(body_bytes_max_) +
                    " this route takes. Nothing was changed.");
  };
  if (!body_) co_return std::string();
  if (content_length_ && *content_length_ > body_bytes_max_) co_return too_large();
  CAIRN_CO_TRY(piece, co_await body_->read_some());
  body_bytes_read_ += piece.size();
  if (body_bytes_read_ > body_bytes_max_) co_return too_large();
  co_return std::move(piece);
}

Task<Result<std::string>> Request::read_all(std::uint64_t bytes_max) {
  // One limit for both, so that the message names the smaller.
  body_bytes_max_ = std::min(body_bytes_max_, bytes_max);
  std::string out;
  for (;;) {
    CAIRN_CO_TRY(piece, co_await read_some());
    if (piece.empty()) co_return std::move(out);
    if (out.empty() && (!content_length_ || piece.size() == *content_length_))
      out = std::move(piece);
    else {
      // Room for all of it at once, but not on a mere claim: at most a megabyte ahead of the bytes.
      if (content_length_) out.reserve(std::min<std::uint64_t>(*content_length_, 1u << 20));
      out += piece;
    }
  }
}

}  // namespace cairn::http
