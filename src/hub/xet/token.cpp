#include "hub/xet/token.h"

#include "base/bytes.h"
#include "base/text.h"

namespace cairn::xet {
namespace {

// version[1] right[1] repo[8] user[8] expires[8]
constexpr char version = 1;
constexpr std::size_t token_bytes = 26;
/// More than any token's text: what is longer is not even decoded.
constexpr std::size_t token_text_bytes_max = 512;
constexpr std::string_view token_purpose = "xet-token";
constexpr std::string_view url_purpose = "xet-url";
constexpr std::string_view dedup_purpose = "xet-dedup";

std::string range_text(const ByteRange& range) {
  return std::to_string(range.first) + "-" + std::to_string(range.end - 1);
}

std::string message_of(std::string_view xorb, std::string_view incarnation, std::string_view range,
                       std::string_view expires) {
  std::string out;
  for (auto part : {xorb, incarnation, range, expires}) {
    out += part;
    out += '\n';
  }
  return out;
}

Failure not_signed() {
  return fail(ErrorCode::forbidden, "InvalidSignature",
              "This URL was not signed by this hub. Ask for the file's reconstruction again.");
}

}  // namespace

std::string seal_token(const Keyring& keyring, const Token& token) {
  std::string plain;
  plain += version;
  plain += static_cast<char>(token.right);
  append_u64be(plain, static_cast<std::uint64_t>(token.repo.value));
  append_u64be(plain, static_cast<std::uint64_t>(token.user.value));
  append_u64be(plain, static_cast<std::uint64_t>(token.expires_at.us));
  return keyring.seal(token_purpose, plain);
}

Result<Token> unseal_token(const Keyring& keyring, std::string_view text, Time now,
                           Duration leeway) {
  auto bad = [] {
    return fail(ErrorCode::bad_credentials, "InvalidXetToken",
                "This is no token of this hub's store. Ask for one at the repository's "
                "xet-read-token or xet-write-token.");
  };
  if (text.size() > token_text_bytes_max) return bad();
  auto plain = keyring.open(token_purpose, text);
  if (!plain || plain->size() != token_bytes || plain->front() != version) return bad();
  Token token;
  token.right = static_cast<Right>((*plain)[1]);
  token.repo = RepoId{static_cast<std::int64_t>(read_u64be(&(*plain)[2]))};
  token.user = UserId{static_cast<std::int64_t>(read_u64be(&(*plain)[10]))};
  token.expires_at = Time{static_cast<std::int64_t>(read_u64be(&(*plain)[18]))};
  if (token.expires_at + leeway <= now)
    return fail(ErrorCode::bad_credentials, "XetTokenExpired",
                "This token of the store has expired. Ask for a new one where you got it.");
  return token;
}

std::string sign_url(const Keyring& keyring, std::string_view base, const TransferUrl& url) {
  std::string xorb = url.xorb.text(), range = range_text(url.range),
              expires = std::to_string(url.expires_s);
  auto signature = keyring.sign(url_purpose, message_of(xorb, url.incarnation, range, expires));
  std::string out(base);
  out += xorb;
  for (auto [name, value] : {std::pair<std::string_view, std::string_view>{"?i=", url.incarnation},
                             {"&r=", range},
                             {"&e=", expires},
                             {"&s=", signature}}) {
    out += name;
    out += value;
  }
  return out;
}

Result<TransferUrl> check_url(const Keyring& keyring, const Hash& xorb,
                              std::string_view incarnation, std::string_view range,
                              std::string_view expires, std::string_view signature, Time now) {
  constexpr std::size_t part_bytes_max = 64;
  for (auto part : {incarnation, range, expires})
    if (part.empty() || part.size() > part_bytes_max) return not_signed();
  // What is signed is the text itself, so it needs no second reading once the signature holds.
  if (!keyring.verify(url_purpose, message_of(xorb.text(), incarnation, range, expires), signature))
    return not_signed();
  auto dash = range.find('-');
  auto first = parse_int(range.substr(0, dash));
  auto last = dash == range.npos ? std::nullopt : parse_int(range.substr(dash + 1));
  auto end = parse_int(expires);
  if (!first || !last || !end) return not_signed();
  if (*end <= now.seconds())
    return fail(ErrorCode::forbidden, "UrlExpired",
                "This signed URL has expired. Ask for the file's reconstruction again.");
  return TransferUrl{
      xorb, std::string(incarnation),
      ByteRange{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last) + 1}, *end};
}

Hash dedup_key(const Keyring& keyring, Time now) {
  std::int64_t week = now.seconds() / (7 * 24 * 3600);
  // 32 bytes of HMAC-SHA256 under a key of its own: what signatures are made of.
  auto signature = keyring.sign(dedup_purpose, std::to_string(week));
  auto bytes = base64url_decode(std::string_view(signature).substr(signature.find('.') + 1));
  return Hash::from_bytes(bytes.value());
}

}  // namespace cairn::xet
