#include "hub/mail/mail.h"

#include <algorithm>
#include <ctime>

#include "base/bytes.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::mail {
namespace {

constexpr std::string_view purpose = "mail.queue";
constexpr std::size_t base64_line = 76;  // RFC 2045, 6.8.

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string one_line(std::string_view text) {
  std::string out(trim(text));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

/// RFC 2047: words of at most 75 characters, none of which cuts a character in two.
std::string encoded_words(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  constexpr std::size_t bytes_of_word = 42;  // 56 of base64 and 12 around them.
  std::string out;
  while (!text.empty()) {
    auto part = truncate_utf8(text, bytes_of_word);
    if (part.empty()) part = text.substr(0, bytes_of_word);
    out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64_encode(part)) + "?=";
    text.remove_prefix(part.size());
  }
  return out;
}

std::string from_header(std::string_view from) {
  auto open = from.find('<');
  if (open == from.npos) return std::string(from);
  std::string name = one_line(from.substr(0, open));
  std::erase_if(name, [](char c) { return c == '"' || c == '\\'; });
  std::string words = is_plain(name) ? "\"" + name + "\"" : encoded_words(name);
  return words + " <" + bare_address(from) + ">";
}

/// RFC 5322, 3.3: "Fri, 21 Nov 1997 09:55:06 +0000".
std::string date_header(Time now) {
  std::string date = to_http_date(now);
  return date.substr(0, date.rfind(' ')) + " +0000";
}

std::string wrapped_base64(std::string_view text) {
  std::string all = base64_encode(text), out;
  for (std::size_t at = 0; at < all.size(); at += base64_line)
    out += all.substr(at, base64_line) + "\r\n";
  return out;
}

}  // namespace

std::string bare_address(std::string_view from) {
  auto open = from.find('<'), close = from.rfind('>');
  if (open == from.npos || close == from.npos || close < open) return std::string(trim(from));
  return std::string(trim(from.substr(open + 1, close - open - 1)));
}

std::string compose(const Message& message, std::string_view from, Time now, std::string_view id) {
  auto address = bare_address(from);
  auto at = address.find('@');
  std::string host = at == address.npos ? "localhost" : address.substr(at + 1);
  return "From: " + from_header(from) + "\r\nTo: " + one_line(message.to) +
         "\r\nSubject: " + encoded_words(one_line(message.subject)) +
         "\r\nDate: " + date_header(now) + "\r\nMessage-ID: <" + std::string(id) + "@" + host +
         ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n" +
         wrapped_base64(message.text);
}

Mail::Mail(Blocking& blocking, const Clock& clock, const Keyring& keyring, Options options)
    : blocking_(blocking), clock_(clock), keyring_(keyring), options_(std::move(options)) {}

void Mail::enqueue(db::Tx& tx, const Message& message) const {
  if (!configured()) return;
  json::object plain{{"to", message.to}, {"subject", message.subject}, {"text", message.text}};
  work::NewWork work;
  work.kind = work_kind;
  work.payload = json::object{{"sealed", keyring_.seal(purpose, json::serialize(plain))}};
  work::enqueue(tx, work);
}

Task<Result<>> Mail::deliver(work::WorkItem item) {
  Message message;
  auto* sealed =
      item.payload.is_object() ? item.payload.get_object().if_contains("sealed") : nullptr;
  auto opened =
      keyring_.open(purpose, sealed && sealed->is_string() ? std::string_view(sealed->get_string())
                                                           : std::string_view());
  auto value = opened ? parse_json(*opened) : Result<json::value>(std::unexpected(opened.error()));
  if (!value) {
    // The root key changed since: nobody can read it any more, trying again is of no use.
    log::error("mail.unreadable", value.error());
    co_return Result<>{};
  }
  const auto& fields = value->get_object();
  message.to = std::string(fields.at("to").as_string());
  message.subject = std::string(fields.at("subject").as_string());
  message.text = std::string(fields.at("text").as_string());
  auto sent = co_await send(std::move(message));
  if (sent || sent.error().code == ErrorCode::unavailable) co_return sent;
  log::warning("mail.refused", {{"word", sent.error().word}});
  co_return Result<>{};
}

Task<Result<>> Mail::send(Message message) {
  if (!options_.server)
    co_return fail(ErrorCode::not_implemented, "NoMail",
                   "This hub sends no mail. Set smtp_url in its configuration.");
  auto server = *options_.server;
  smtp::Envelope envelope{bare_address(options_.from), message.to};
  auto text = compose(message, options_.from, clock_.now(), random_alphanumeric(24));
  auto run = [server, envelope, text] { return smtp::send(server, envelope, text); };
  co_return co_await blocking_.run(run);
}

}  // namespace cairn::mail
