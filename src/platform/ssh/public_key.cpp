#include "platform/ssh/public_key.h"

#include <bit>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/text.h"

namespace cairn::ssh {
namespace {

Failure bad_key(std::string_view why) {
  return fail(ErrorCode::unprocessable, "InvalidPublicKey",
              "This is not a usable SSH public key: " + std::string(why) +
                  ". Copy the whole line of a file such as ~/.ssh/id_ed25519.pub.");
}

/// RFC 4251, section 5: length and bytes.
void append_string(std::string& out, std::string_view text) {
  append_u32be(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] Result<std::string_view> string() {
    if (rest_.size() < 4) return bad_key("it is cut");
    std::uint32_t length = read_u32be(rest_.data());
    if (length > rest_.size() - 4) return bad_key("it is cut");
    auto out = rest_.substr(4, length);
    rest_.remove_prefix(4 + length);
    return out;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// Bits of a positive number as SSH writes it (mpint: a leading zero keeps it positive).
unsigned bits_of(std::string_view number) {
  while (number.starts_with('\0')) number.remove_prefix(1);
  if (number.empty()) return 0;
  return static_cast<unsigned>(number.size() * 8) -
         static_cast<unsigned>(std::countl_zero(static_cast<unsigned char>(number.front())));
}

Result<> check_rsa(Reader& reader) {
  CAIRN_TRY(exponent, reader.string());
  CAIRN_TRY(modulus, reader.string());
  unsigned bits = bits_of(modulus);
  if (bits < rsa_bits_min)
    return bad_key("an RSA key of " + std::to_string(bits) + " bits is too short, " +
                   std::to_string(rsa_bits_min) + " are needed");
  if (bits > rsa_bits_max || exponent.empty()) return bad_key("its numbers are out of bounds");
  return {};
}

Result<> check_curve(Reader& reader, std::string_view curve) {
  CAIRN_TRY(name, reader.string());
  CAIRN_TRY(point, reader.string());
  // SEC 1, 2.3.3: an uncompressed point is a byte 4 and two coordinates.
  std::size_t bits = curve == "nistp256" ? 256 : curve == "nistp384" ? 384 : 521;
  if (name != curve || point.size() != 1 + 2 * ((bits + 7) / 8) || point.front() != 4)
    return bad_key("its point does not fit its curve");
  return {};
}

Result<> check_ed25519(Reader& reader) {
  CAIRN_TRY(key, reader.string());
  if (key.size() != 32) return bad_key("an Ed25519 key has 32 bytes");
  return {};
}

/// Keys in hardware name the application they are for.
Result<> check_application(Reader& reader) {
  CAIRN_TRY(application, reader.string());
  if (application.empty()) return bad_key("it names no application");
  return {};
}

Result<> check_fields(std::string_view type, Reader& reader) {
  if (type == "ssh-ed25519") return check_ed25519(reader);
  if (type == "ssh-rsa") return check_rsa(reader);
  for (std::string_view curve : {"nistp256", "nistp384", "nistp521"})
    if (type == "ecdsa-sha2-" + std::string(curve)) return check_curve(reader, curve);
  if (type == "sk-ssh-ed25519@openssh.com") {
    CAIRN_CHECK(check_ed25519(reader));
    return check_application(reader);
  }
  if (type == "sk-ecdsa-sha2-nistp256@openssh.com") {
    CAIRN_CHECK(check_curve(reader, "nistp256"));
    return check_application(reader);
  }
  return bad_key("keys of type \"" + std::string(truncate_utf8(type, 60)) +
                 "\" are not taken; Ed25519, ECDSA and RSA keys are");
}

std::string without_padding(std::string base64) {
  while (base64.ends_with('=')) base64.pop_back();
  return base64;
}

}  // namespace

std::string PublicKey::fingerprint() const {
  return "SHA256:" + without_padding(base64_encode(sha256(blob).view()));
}

std::string PublicKey::text() const {
  return type + " " + base64_encode(blob);
}

Result<PublicKey> parse_key_blob(std::string_view blob) {
  if (blob.size() > public_key_bytes_max) return bad_key("it is too long");
  Reader reader(blob);
  CAIRN_TRY(type, reader.string());
  CAIRN_CHECK(check_fields(type, reader));
  if (!reader.at_end()) return bad_key("something follows it");
  return PublicKey{std::string(type), std::string(blob), {}};
}

Result<PublicKey> parse_public_key(std::string_view line) {
  line = trim(line);
  if (line.contains("PRIVATE KEY"))
    return bad_key("it is the private part, which belongs on your own machine alone");
  if (line.size() > 2 * public_key_bytes_max) return bad_key("it is too long");
  if (line.contains('\n') || line.contains('\0') || !is_valid_utf8(line))
    return bad_key("it is more than one line of text");
  auto space = line.find(' ');
  if (space == line.npos) return bad_key("a type and a text in base64 are needed");
  auto rest = trim(line.substr(space));
  auto end = std::min(rest.find(' '), rest.size());
  auto blob = base64_decode(rest.substr(0, end));
  if (!blob) return bad_key("its second word is not base64");
  CAIRN_TRY(key, parse_key_blob(*blob));
  if (key.type != line.substr(0, space)) return bad_key("its first word is not its type");
  key.comment = trim(rest.substr(end));
  return std::move(key);
}

HostKey make_host_key(std::string_view seed) {
  std::string raw(32, '\0');
  std::size_t size = raw.size();
  auto* key = EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(seed.data()), seed.size());
  EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
  EVP_PKEY_free(key);

  HostKey out;
  out.public_key.type = "ssh-ed25519";
  append_string(out.public_key.blob, out.public_key.type);
  append_string(out.public_key.blob, raw);

  // PROTOCOL.key of OpenSSH: unencrypted, so the two check numbers and the padding mean nothing.
  std::string inner;
  append_u32be(inner, 1);
  append_u32be(inner, 1);
  append_string(inner, out.public_key.type);
  append_string(inner, raw);
  append_string(inner, std::string(seed) + raw);
  append_string(inner, "cairn");
  for (char pad = 1; inner.size() % 8 != 0; ++pad) inner += pad;
  std::string outer("openssh-key-v1\0", 15);
  append_string(outer, "none");
  append_string(outer, "none");
  append_string(outer, "");
  append_u32be(outer, 1);
  append_string(outer, out.public_key.blob);
  append_string(outer, inner);

  out.private_text = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  auto text = base64_encode(outer);
  for (std::size_t at = 0; at < text.size(); at += 70)
    out.private_text += text.substr(at, 70) + "\n";
  out.private_text += "-----END OPENSSH PRIVATE KEY-----\n";
  return out;
}

Result<std::vector<std::string>> split_command(std::string_view text) {
  constexpr std::size_t command_bytes_max = 1024;
  auto bad = [] {
    return fail(ErrorCode::invalid_argument, "InvalidCommand", "The command is not understood.");
  };
  if (text.size() > command_bytes_max) return bad();
  std::vector<std::string> out;
  std::optional<std::string> word;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return bad();
    if (quoted) {
      if (c == '\'')
        quoted = false;
      else
        *word += text[i];
    } else if (c == '\'') {
      quoted = true;
      if (!word) word.emplace();
    } else if (c == '\\') {
      if (++i == text.size()) return bad();
      if (static_cast<unsigned char>(text[i]) < 0x20) return bad();
      word = word.value_or("") + text[i];
    } else if (c == ' ') {
      if (word) out.push_back(std::move(*word));
      word.reset();
    } else {
      word = word.value_or("") + text[i];
    }
  }
  if (quoted) return bad();
  if (word) out.push_back(std::move(*word));
  return out;
}

}  // namespace cairn::ssh
