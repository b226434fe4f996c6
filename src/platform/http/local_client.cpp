#include "platform/http/local_client.h"

#include <memory>
#include <optional>

#include <curl/curl.h>

#include "base/text.h"

namespace cairn::http {
namespace {

constexpr std::size_t answer_bytes_max = 256u << 20;

struct CurlClose {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Receiving {
  LocalAnswer answer;
  bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& receiving = *static_cast<Receiving*>(to);
  if (receiving.answer.body.size() + count > answer_bytes_max) {
    receiving.too_large = true;
    return 0;
  }
  receiving.answer.body.append(bytes, count);
  return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& receiving = *static_cast<Receiving*>(to);
  std::string_view line(bytes, count);
  // A "100 Continue" comes before the head that counts.
  if (line.starts_with("HTTP/")) receiving.answer.headers.clear();
  auto colon = line.find(':');
  if (colon != line.npos)
    receiving.answer.headers.add(std::string(line.substr(0, colon)),
                                 std::string(trim(line.substr(colon + 1))));
  return count;
}

Failure failure_of(CURLcode code, const std::string& socket_path, const Receiving& receiving) {
  std::string why = curl_easy_strerror(code);
  if (receiving.too_large)
    return fail(ErrorCode::too_large, "SocketFailed",
                "The answer of the hub at " + socket_path + " is too large.");
  if (code == CURLE_COULDNT_CONNECT)
    return fail(ErrorCode::unavailable, "SocketUnreachable",
                "Nobody listens at " + socket_path + ".");
  return fail(ErrorCode::unavailable, "SocketFailed",
              "The hub at " + socket_path + " did not answer to the end: " + why +
                  ". What was asked may have been done; look before asking again.");
}

/// What curl's callbacks share during a transfer.
struct Transferring {
  Receiving receiving;
  LocalTransfer& transfer;
  CURL* curl;
  std::string pending;  ///< Of the request's body: read and not sent.
  std::optional<Error> failed;
  bool began = false;  ///< The headers were given away.

  [[nodiscard]] bool begin() {
    if (std::exchange(began, true) || !transfer.take_headers) return true;
    auto taken = transfer.take_headers(receiving.answer.headers);
    if (!taken) failed = taken.error();
    return taken.has_value();
  }
};

std::size_t give_piece(char* to, std::size_t, std::size_t count, void* from) {
  auto& state = *static_cast<Transferring*>(from);
  if (state.pending.empty()) {
    auto next = state.transfer.read_body();
    if (!next) {
      state.failed = next.error();
      return CURL_READFUNC_ABORT;
    }
    state.pending = std::move(*next);
  }
  std::size_t given = std::min(count, state.pending.size());
  state.pending.copy(to, given);
  state.pending.erase(0, given);
  return given;
}

std::size_t take_piece(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& state = *static_cast<Transferring*>(to);
  long status = 0;
  curl_easy_getinfo(state.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return take_body(bytes, 1, count, &state.receiving);
  if (!state.begin()) return 0;
  auto taken = state.transfer.take_body({bytes, count});
  if (taken) return count;
  state.failed = taken.error();
  return 0;
}

}  // namespace

Result<LocalAnswer> transfer_local(const std::string& socket_path, Method method,
                                   const std::string& target, const Headers& headers,
                                   LocalTransfer transfer) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  std::unique_ptr<CURL, CurlClose> curl(ready ? curl_easy_init() : nullptr);
  if (!curl) return fail(ErrorCode::unavailable, "SocketFailed", "libcurl cannot be used here.");
  std::unique_ptr<curl_slist, CurlClose> lines;
  auto add_line = [&](const std::string& line) {
    lines.reset(curl_slist_append(lines.release(), line.c_str()));
  };
  for (const auto& [name, value] : headers) add_line(name + ": " + value);
  add_line("Expect:");
  if (transfer.read_body) add_line("Transfer-Encoding: chunked");

  Transferring state{{}, transfer, curl.get(), {}, {}, {}};
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  std::string url = "http://localhost" + target, verb(to_string(method));
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  set(CURLOPT_PROXY, "");  // Variables of the environment must not lead elsewhere.
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  if (transfer.read_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_READFUNCTION, give_piece);
    set(CURLOPT_READDATA, static_cast<void*>(&state));
  }
  set(CURLOPT_CUSTOMREQUEST, verb.c_str());
  set(CURLOPT_HTTPHEADER, lines.get());
  set(CURLOPT_WRITEFUNCTION, take_piece);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&state));
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&state.receiving));
  auto code = curl_easy_perform(curl.get());
  if (state.failed) return fail(*state.failed);
  if (code != CURLE_OK) return failure_of(code, socket_path, state.receiving);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 200 && !state.begin()) return fail(*state.failed);  // A body of no bytes.
  state.receiving.answer.status = static_cast<int>(status);
  return std::move(state.receiving.answer);
}

Result<LocalAnswer> ask_local(const std::string& socket_path, Method method,
                              const std::string& target, const Headers& headers, std::string body,
                              long timeout_ms) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  std::unique_ptr<CURL, CurlClose> curl(ready ? curl_easy_init() : nullptr);
  if (!curl) return fail(ErrorCode::unavailable, "SocketFailed", "libcurl cannot be used here.");
  std::unique_ptr<curl_slist, CurlClose> lines;
  auto add_line = [&](const std::string& line) {
    lines.reset(curl_slist_append(lines.release(), line.c_str()));
  };
  for (const auto& [name, value] : headers) add_line(name + ": " + value);
  add_line("Expect:");

  Receiving receiving;
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  std::string url = "http://localhost" + target, verb(to_string(method));
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  set(CURLOPT_PROXY, "");  // Variables of the environment must not lead elsewhere.
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, timeout_ms);
  if (method != Method::get) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_POSTFIELDS, body.c_str());
  }
  set(CURLOPT_CUSTOMREQUEST, verb.c_str());
  set(CURLOPT_HTTPHEADER, lines.get());
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&receiving));
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&receiving));
  if (auto code = curl_easy_perform(curl.get()); code != CURLE_OK)
    return failure_of(code, socket_path, receiving);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  receiving.answer.status = static_cast<int>(status);
  return std::move(receiving.answer);
}

}  // namespace cairn::http
