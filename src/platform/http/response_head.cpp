#include <ctime>

#include <boost/beast/http/status.hpp>

#include "base/clock.h"
#include "platform/http/connection.h"

namespace cairn::http {
namespace {

/// Made once a second and thread.
const std::string& date_now() {
  thread_local std::time_t made = 0;
  thread_local std::string text;
  auto now = std::time(nullptr);
  if (now != made) {
    made = now;
    text = to_http_date(Time{now * 1'000'000});
  }
  return text;
}

/// A value with a line break would be two fields: such characters become spaces.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  auto start = out.size();
  out.append(value);
  for (std::size_t i = start; i < out.size(); ++i)
    if (static_cast<unsigned char>(out[i]) < 0x20 || out[i] == 0x7f) out[i] = ' ';
  out.append("\r\n");
}

/// Fields that this file decides about; a handler's own would contradict.
bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 10:
      return equal_names(name, "Connection") || equal_names(name, "Keep-Alive");
    case 14:
      return equal_names(name, "Content-Length");
    case 17:
      return equal_names(name, "Transfer-Encoding");
    default:
      return false;
  }
}

}  // namespace

void append_head(std::string& out, const Request& request, const Response& response,
                 const ServerOptions& options, bool http11, bool keep_alive, bool chunked,
                 std::optional<std::uint64_t> length) {
  auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(1, ' ');
  out.append(reason.data(), reason.size()).append("\r\n");
  append_field(out, "Date", date_now());
  for (const auto& [name, value] : response.headers)
    if (!is_framing(name)) append_field(out, name, value);
  if (!response.headers.has("X-Request-Id")) append_field(out, "X-Request-Id", request.id());
  for (const auto& [name, value] : options.security_headers)
    if (!response.headers.has(name)) append_field(out, name, value);
  if (length) out.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
  if (chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (!keep_alive)
    out.append("Connection: close\r\n");
  else if (!http11)
    out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

}  // namespace cairn::http
