#include "platform/http/head.h"

#include <boost/beast/http/error.hpp>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::http {
namespace {

namespace beast = boost::beast;

/// What may go into logs and headers as it is, and is long enough for a trace id.
bool is_sane_id(std::string_view id) {
  if (id.empty() || id.size() > 128) return false;
  for (char c : id) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.' || c == ':' || c == '=' || c == ';' || c == '/';
    if (!plain) return false;
  }
  return true;
}

}  // namespace

RequestReader::RequestReader(Request& out, const ServerLimits& limits)
    : out_(out), limits_(limits) {
  header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  body_limit(boost::none);
}

RequestReader::State RequestReader::feed(std::string_view bytes, std::size_t& used) {
  used = 0;
  // RFC 9112, section 2.2: empty lines before a request are ignored.
  if (bytes_ == 0 && !got_some())
    while (bytes.substr(used).starts_with("\r\n")) used += 2;
  auto rest = bytes.substr(used);
  if (rest.empty() || rest == "\r") return State::more;
  error_code failed;
  std::size_t parsed = put(boost::asio::const_buffer(rest.data(), rest.size()), failed);
  used += parsed;
  bytes_ += parsed;
  // Beast's limit is for what is not parsed yet; ours is for the sum.
  bool over = bytes_ > limits_.header_bytes_max ||
              (!is_header_done() && bytes_ + rest.size() - parsed >= limits_.header_bytes_max);
  if (over || failed == beast::http::error::header_limit) {
    if (version_ == 0) return refuse(414, "TargetTooLong", "The URL is too long.");
    return refuse(431, "HeadersTooLarge",
                  "The request headers are larger than " + human_bytes(limits_.header_bytes_max) +
                      ". Send fewer or shorter ones.");
  }
  if (failed && failed != beast::http::error::need_more) return refuse(failed);
  return is_header_done() ? check() : State::more;
}

void RequestReader::on_request_impl(beast::http::verb, string_view method, string_view target,
                                    int version, error_code&) {
  out_.method_ = http::parse_method({method.data(), method.size()});
  if (out_.method_ == Method::other) out_.method_text_.assign(method.data(), method.size());
  out_.target_.assign(target.data(), target.size());
  out_.path_size_ = std::min(out_.target_.find('?'), out_.target_.size());
  version_ = version;
}

void RequestReader::on_field_impl(beast::http::field, string_view name, string_view value,
                                  error_code& failed) {
  if (out_.headers_.size() >= limits_.header_count_max) {
    failed = beast::http::error::header_limit;
    return;
  }
  out_.headers_.add({name.data(), name.size()}, {value.data(), value.size()});
}

RequestReader::State RequestReader::refuse(int status, std::string word, std::string message) {
  status_ = status;
  error_ = Error{ErrorCode::invalid_argument, std::move(word), std::move(message)};
  return State::failed;
}

RequestReader::State RequestReader::refuse(const error_code& why) {
  return refuse(400, "MalformedRequest",
                "The request is not well-formed HTTP/1.1: " + why.message() + ".");
}

RequestReader::State RequestReader::check() {
  const auto& headers = out_.headers_;
  auto hosts = headers.all("Host");
  // RFC 9112, section 3.2.
  if (hosts.size() > 1 || (hosts.empty() && version_ == 11))
    return refuse(400, "MalformedRequest", "The request needs exactly one Host header.");
  auto encodings = headers.all("Transfer-Encoding");
  if (!encodings.empty()) {
    // Anything else leaves open where the body ends, which is how requests are smuggled.
    if (encodings.size() != 1 || !equal_names(trim(encodings[0]), "chunked"))
      return refuse(501, "UnsupportedTransferEncoding",
                    "The only Transfer-Encoding taken is chunked.");
    if (version_ != 11 || headers.has("Content-Length"))
      return refuse(400, "MalformedRequest",
                    "Transfer-Encoding goes with HTTP/1.1 and without Content-Length.");
  }
  auto expect = trim(headers.get("Expect"));
  if (!expect.empty() && !equal_names(expect, "100-continue"))
    return refuse(417, "UnknownExpectation", "The only Expect taken is 100-continue.");
  // RFC 9110, section 10.1.1: an HTTP/1.0 client's expectation is ignored.
  expects_continue_ = !expect.empty() && version_ == 11;
  if (auto parsed = out_.parse_target(); !parsed) {
    error_ = parsed.error();
    return State::failed;
  }
  if (chunked())
    out_.content_length_.reset();
  else
    out_.content_length_ = length();
  return State::done;
}

void RequestReader::introduce(const Peer& peer, bool secure, const ProxyList& proxies) {
  out_.remote_address_ = peer.text;
  out_.peer_uid_ = peer.uid;
  out_.secure_ = secure;
  if (peer.address && proxies.contains(*peer.address)) {
    auto told = forwarded(out_.headers_, proxies);
    if (told.address) out_.remote_address_ = *told.address;
    if (told.secure) out_.secure_ = *told.secure;
  }
  for (std::string_view name : {"X-Request-Id", "X-Amzn-Trace-Id"}) {
    auto id = out_.headers_.get(name);
    if (!is_sane_id(id)) continue;
    out_.id_ = id;
    return;
  }
  out_.id_ = hex_encode(random_bytes(12));
}

void RequestReader::attach(BodySource& body) {
  // No owner: the connection holds the request.
  out_.body_ = std::shared_ptr<BodySource>(std::shared_ptr<void>(), &body);
}

}  // namespace cairn::http
