#include "hub/lfs/ticket.h"

#include <algorithm>

#include "base/bytes.h"

namespace cairn::lfs {
namespace {

// version[1] kind[1] part[4] repo[8] user[8] size[8] expires[8] sha256[32] upload[12]
constexpr char version = 1;
constexpr std::size_t ticket_bytes = 82;
constexpr std::size_t upload_id_bytes = 12;
/// More than any ticket's text: what is longer is not even decoded.
constexpr std::size_t ticket_text_bytes_max = 512;

/// Downloads have a key of their own: no flaw in one use opens the other.
std::string_view purpose_of(Ticket::Kind kind) {
  return kind == Ticket::Kind::download ? "lfs-download" : "lfs-upload";
}

Failure not_ours() {
  return fail(ErrorCode::forbidden, "InvalidSignature",
              "This URL was not signed by this hub for this use. Ask for a new one with a Git LFS "
              "batch request.");
}

Ticket decode(std::string_view plain) {
  Ticket ticket;
  ticket.kind = static_cast<Ticket::Kind>(plain[1]);
  ticket.part = static_cast<int>(read_u32be(&plain[2]));
  ticket.repo = RepoId{static_cast<std::int64_t>(read_u64be(&plain[6]))};
  ticket.user = UserId{static_cast<std::int64_t>(read_u64be(&plain[14]))};
  ticket.size_bytes = read_u64be(&plain[22]);
  ticket.expires_at = Time{static_cast<std::int64_t>(read_u64be(&plain[30]))};
  ticket.sha256 = Sha256Digest::from_bytes(plain.substr(38, 32));
  ticket.upload = PublicId{hex_encode(plain.substr(70))};
  return ticket;
}

}  // namespace

std::string seal_ticket(const Keyring& keyring, const Ticket& ticket) {
  std::string plain;
  plain += version;
  plain += static_cast<char>(ticket.kind);
  append_u32be(plain, static_cast<std::uint32_t>(ticket.part));
  append_u64be(plain, static_cast<std::uint64_t>(ticket.repo.value));
  append_u64be(plain, static_cast<std::uint64_t>(ticket.user.value));
  append_u64be(plain, ticket.size_bytes);
  append_u64be(plain, static_cast<std::uint64_t>(ticket.expires_at.us));
  plain += ticket.sha256.view();
  auto upload = hex_decode(ticket.upload.hex).value_or("");
  upload.resize(upload_id_bytes, '\0');
  plain += upload;
  return keyring.seal(purpose_of(ticket.kind), plain);
}

Result<Ticket> unseal_ticket(const Keyring& keyring, std::string_view text,
                             std::initializer_list<Ticket::Kind> kinds, Time now) {
  if (text.size() > ticket_text_bytes_max) return not_ours();
  auto plain = keyring.open(purpose_of(*kinds.begin()), text);
  if (!plain || plain->size() != ticket_bytes || plain->front() != version) return not_ours();
  Ticket ticket = decode(*plain);
  if (std::ranges::find(kinds, ticket.kind) == kinds.end()) return not_ours();
  if (ticket.expires_at <= now)
    return fail(ErrorCode::forbidden, "UrlExpired",
                "This signed URL has expired. Ask for a new one with a Git LFS batch request.");
  return ticket;
}

}  // namespace cairn::lfs
