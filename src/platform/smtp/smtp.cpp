#include "platform/smtp/smtp.h"

#include <cstring>
#include <memory>
#include <string_view>

#include <curl/curl.h>

namespace cairn::smtp {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;
using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

struct Unsent {
  std::string_view rest;
};

std::size_t read_message(char* to, std::size_t size, std::size_t count, void* user) {
  auto& unsent = *static_cast<Unsent*>(user);
  auto n = std::min(size * count, unsent.rest.size());
  std::memcpy(to, unsent.rest.data(), n);
  unsent.rest.remove_prefix(n);
  return n;
}

/// What the server says after it took the message is of no use here.
std::size_t drop_answer(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

void start_curl() {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

Failure server_trouble(CURLcode code, long answer, const char* detail) {
  // 5xx is for ever (RFC 5321, 4.2.1); 552 is "mailbox full", which passes.
  bool refused = answer >= 500 && answer != 552;
  return fail(refused ? ErrorCode::unprocessable : ErrorCode::unavailable,
              refused ? "MailRefused" : "MailServer",
              refused ? "The mail server does not take this mail. Check the address and the hub's "
                        "mail settings."
                      : "The mail server cannot be reached or is busy. Check smtp_url if this "
                        "stays so.")
      .with("answer", std::to_string(answer))
      .with("curl", curl_easy_strerror(code))
      .with("detail", detail);
}

}  // namespace

Result<> check(const Server& server) {
  start_curl();
  Url url(curl_url(), curl_url_cleanup);
  char* scheme = nullptr;
  bool good = curl_url_set(url.get(), CURLUPART_URL, server.url.c_str(), 0) == CURLUE_OK &&
              curl_url_get(url.get(), CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (std::string_view(scheme) == "smtp" || std::string_view(scheme) == "smtps");
  curl_free(scheme);
  if (good) return {};
  return fail(
      ErrorCode::invalid_argument, "InvalidConfig",
      "\"smtp_url\" must look like smtp://user:password@mail.example.org:587, or begin with "
      "smtps://.");
}

Result<> send(const Server& server, const Envelope& envelope, const std::string& message) {
  start_curl();
  Handle curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::bad_alloc();
  List to(curl_slist_append(nullptr, ("<" + envelope.to + ">").c_str()), curl_slist_free_all);
  std::string from = "<" + envelope.from + ">";
  Unsent unsent{message};
  char detail[CURL_ERROR_SIZE] = "";
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  set(CURLOPT_URL, server.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout.us / 1000));
  set(CURLOPT_USE_SSL, static_cast<long>(server.tls == Tls::required  ? CURLUSESSL_ALL
                                         : server.tls == Tls::offered ? CURLUSESSL_TRY
                                                                      : CURLUSESSL_NONE));
  set(CURLOPT_MAIL_FROM, from.c_str());
  set(CURLOPT_MAIL_RCPT, to.get());
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, read_message);
  set(CURLOPT_READDATA, &unsent);
  set(CURLOPT_WRITEFUNCTION, drop_answer);
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
  set(CURLOPT_ERRORBUFFER, detail);
  // A proxy of the environment is for the web.
  set(CURLOPT_PROXY, "");
  auto code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return {};
  long answer = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
  return server_trouble(code, answer, detail);
}

}  // namespace cairn::smtp
