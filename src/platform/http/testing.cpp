#include "platform/http/testing.h"

#include <stdexcept>

namespace cairn::http::testing {
namespace {

Task<Response> collect(const Router& router, Request& request) {
  auto response = co_await router.handle(request);
  if (auto* stream = std::get_if<Stream>(&response.body)) {
    std::string text;
    for (;;) {
      auto piece = co_await stream->next();
      if (!piece) throw std::runtime_error(piece.error().message);
      if (piece->empty()) break;
      text += *piece;
    }
    response.body = std::move(text);
  }
  co_return response;
}

}  // namespace

Response send(const Router& router, Method method, std::string target, Headers headers,
              std::string body) {
  auto request = Request::make(method, std::move(target), std::move(headers), std::move(body));
  if (!request) throw std::invalid_argument(request.error().message);
  return run(collect(router, *request));
}

}  // namespace cairn::http::testing
