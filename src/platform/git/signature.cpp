#include "platform/git/signature.h"

namespace cairn::git {
namespace {

constexpr std::string_view header = "gpgsig ";
// Of repositories with another hash; git leaves it out of what is signed, whatever it says.
constexpr std::string_view header_sha256 = "gpgsig-sha256 ";

SignatureType type_of(std::string_view signature) {
  if (signature.starts_with("-----BEGIN PGP SIGNATURE-----")) return SignatureType::pgp;
  if (signature.starts_with("-----BEGIN SSH SIGNATURE-----")) return SignatureType::ssh;
  return SignatureType::other;
}

}  // namespace

Result<std::optional<SignedText>> split_signature(std::string_view commit) {
  enum class In { text, signature, other };
  SignedText out;
  int found = 0;
  In in = In::text;
  while (!commit.empty()) {
    auto end = commit.find('\n');
    auto line = commit.substr(0, end == commit.npos ? commit.size() : end + 1);
    if (line == "\n") break;  // The message follows, whatever it looks like.
    commit.remove_prefix(line.size());
    if (line.starts_with(' ')) {
      // The line before goes on.
      if (in == In::signature) out.signature += line.substr(1);
    } else if (line.starts_with(header)) {
      in = In::signature;
      ++found;
      out.signature += line.substr(header.size());
    } else {
      in = line.starts_with(header_sha256) ? In::other : In::text;
    }
    if (in == In::text) out.payload += line;
  }
  out.payload += commit;
  if (found == 0) return std::optional<SignedText>{};
  if (found > 1)
    return fail(ErrorCode::unprocessable, "InvalidSignature",
                "The commit has several signatures. Sign it once.");
  out.type = type_of(out.signature);
  return std::optional<SignedText>(std::move(out));
}

}  // namespace cairn::git
