#include "hub/keys/signatures.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/keys/gnupg.h"
#include "hub/keys/gpg_keys.h"
#include "hub/keys/store.h"
#include "platform/process/slots.h"

namespace cairn::keys {
namespace {

constexpr std::array words = {"valid",       "unknown_committer", "unknown_key", "other_address",
                              "expired_key", "invalid",           "unsupported", "unavailable"};
/// Answers, of about 300 bytes each; then memory begins anew.
constexpr std::size_t kept_max = 50'000;
/// Programs at once, of all questions together.
constexpr std::size_t checks_max = 2;
constexpr Duration wait_max = seconds(10);

/// What a commit's signature is held against: the account whose verified address its committer has.
struct Standing {
  std::optional<account::User> user;
  std::vector<Key> ssh;
  std::vector<GpgKey> gpg;
  std::string state;  ///< Changes with any of it.
};

Standing standing_of(db::Tx& tx, const std::string& email) {
  Standing out;
  auto users = email.empty() ? std::vector<account::User>{} : account::users_of_email(tx, email);
  std::erase_if(users, [](const auto& user) { return user.disabled_at.has_value(); });
  // Two accounts with one verified address cannot be told apart.
  if (users.size() != 1) {
    out.state = "nobody";
    return out;
  }
  out.user = std::move(users.front());
  out.ssh = store::of_user(tx, out.user->id);
  out.gpg = store::gpg_of_user(tx, out.user->id);
  Sha256 state;
  state.update(std::to_string(out.user->id.value) + " " + out.user->name + " " + email);
  for (const auto& key : out.ssh) state.update(" " + key.fingerprint);
  for (const auto& key : out.gpg) state.update(" " + key.public_id.hex);
  out.state = state.finish().hex();
  return out;
}

SignatureReason reason_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return SignatureReason::valid;
    case Verdict::unknown_key:
      return SignatureReason::unknown_key;
    case Verdict::expired_key:
      return SignatureReason::expired_key;
    case Verdict::bad:
      break;
  }
  return SignatureReason::invalid;
}

Result<Checked> check(const git::SignedText& text, const Standing& by, const std::string& scratch) {
  if (text.type == git::SignatureType::ssh) {
    std::vector<std::string> keys;
    for (const auto& key : by.ssh) keys.push_back(key.text);
    return check_ssh(text.payload, text.signature, keys, scratch);
  }
  std::vector<std::string> rings;
  for (const auto& key : by.gpg) rings.push_back(key.ring);
  return check_gpg(text.payload, text.signature, rings, scratch);
}

CommitSignature judge(const git::SignedText& text, const Standing& by, const std::string& email,
                      const std::string& scratch) {
  CommitSignature out;
  out.type = text.type;
  out.reason = SignatureReason::unsupported;
  if (text.type == git::SignatureType::other) return out;
  out.reason = SignatureReason::unknown_committer;
  if (!by.user) return out;
  auto checked = check(text, by, scratch);
  if (!checked) {
    log::warning("signature.check_failed", {{"word", checked.error().word}});
    out.reason = SignatureReason::unavailable;
    return out;
  }
  out.reason = reason_of(checked->verdict);
  if (out.reason != SignatureReason::valid) return out;
  if (text.type == git::SignatureType::pgp) {
    auto key = std::ranges::find(by.gpg, checked->fingerprint, &GpgKey::fingerprint);
    if (key == by.gpg.end() || std::ranges::find(key->emails, email) == key->emails.end()) {
      out.reason = SignatureReason::other_address;
      return out;
    }
  }
  out.fingerprint = checked->fingerprint;
  out.user_name = by.user->name;
  return out;
}

}  // namespace

std::string_view to_string(SignatureReason reason) {
  return words.at(static_cast<std::size_t>(reason));
}

struct Signatures::Parts {
  db::Database& database;
  history::History& history;
  Blocking& blocking;
  std::string scratch;
  process::Slots slots{checks_max, 1, 64};
  std::mutex mutex;
  std::unordered_map<std::string, CommitSignature> kept;  ///< By commit and state.

  std::optional<CommitSignature> known(const std::string& name) {
    std::lock_guard lock(mutex);
    auto found = kept.find(name);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  void keep(const std::string& name, const CommitSignature& signature) {
    if (signature.reason == SignatureReason::unavailable) return;
    std::lock_guard lock(mutex);
    if (kept.size() >= kept_max) kept.clear();
    kept.insert_or_assign(name, signature);
  }

  /// An answer; `open` when a program would have to be asked for it.
  struct Looked {
    std::optional<CommitSignature> signature;
    bool open = false;
  };
  /// Blocks. @param may_check  by a program, when nothing is kept.
  Result<Looked> one(const repo::CommitRef& commit, bool may_check) {
    CAIRN_TRY(text, history.commit_text(commit->repo, commit->oid));
    auto split = git::split_signature(text);
    if (!split) return Looked{CommitSignature{}};
    if (!*split) return Looked{};
    CAIRN_TRY(data, git::parse_commit(text));
    auto email = to_lower_ascii(data.committer.email);
    if (!is_valid_utf8(email) || email.contains('\0')) email.clear();
    auto look = [&](db::Tx& tx) -> Result<Standing> { return standing_of(tx, email); };
    CAIRN_TRY(by, database.read_now(look));
    auto name = commit->oid.hex() + by.state;
    if (auto answer = known(name)) return Looked{std::move(answer)};
    if (!may_check) return Looked{.open = true};
    auto out = judge(**split, by, email, scratch);
    keep(name, out);
    return Looked{std::move(out)};
  }
};

Signatures::Signatures(db::Database& database, history::History& history, Blocking& blocking,
                       std::string scratch)
    : parts_(new Parts{database, history, blocking, std::move(scratch)}) {}
Signatures::~Signatures() = default;

Task<Result<std::vector<std::optional<CommitSignature>>>> Signatures::of(
    std::vector<repo::CommitRef> commits) {
  using Answers = std::vector<Parts::Looked>;
  auto parts = parts_;
  auto first = [parts, commits]() -> Result<Answers> {
    Answers out;
    for (const auto& commit : commits) {
      CAIRN_TRY(one, parts->one(commit, false));
      out.push_back(std::move(one));
    }
    return out;
  };
  CAIRN_CO_TRY(answers, co_await parts->blocking.run(first));
  if (std::ranges::any_of(answers, &Parts::Looked::open)) {
    // Only who needs a program waits for others to be done with theirs.
    CAIRN_CO_TRY(
        slot, co_await parts->slots.acquire(std::to_string(commits.front()->repo.value), wait_max));
    (void)slot;  // Held until the programs have ended.
    auto rest = [parts, commits, answers]() mutable -> Result<Answers> {
      for (std::size_t i = 0; i < answers.size(); ++i) {
        if (!answers[i].open) continue;
        CAIRN_TRY(one, parts->one(commits[i], true));
        answers[i] = std::move(one);
      }
      return std::move(answers);
    };
    CAIRN_CO_TRY(checked, co_await parts->blocking.run(rest));
    answers = std::move(checked);
  }
  std::vector<std::optional<CommitSignature>> out;
  for (auto& answer : answers) out.push_back(std::move(answer.signature));
  co_return out;
}

}  // namespace cairn::keys
