#include "hub/repo/space_values.h"

#include "base/text.h"
#include "hub/repo/events.h"
#include "hub/repo/operations_store.h"
#include "hub/repo/repos.h"

namespace cairn::repo {
namespace {

constexpr int reseal_step = 200;

/// The sealed text of one secret opens as no other.
std::string purpose_of(std::string_view repo_public_id, std::string_view key) {
  return "space secret " + std::string(repo_public_id) + " " + std::string(key);
}

Failure invalid(std::string why) {
  return fail(ErrorCode::invalid_argument, "InvalidSpaceValue", std::move(why));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Failure no_space(const Actor& actor) {
  return fail(access::hidden(actor));
}

std::string_view event_of(ValueKind kind) {
  return kind == ValueKind::secret ? "space.secrets.changed" : "space.variables.changed";
}

}  // namespace

Result<> check_space_value(const NewSpaceValue& value) {
  bool sound =
      !value.key.empty() && value.key.size() <= value_key_bytes_max && is_letter(value.key[0]);
  for (char c : value.key) sound = sound && (is_letter(c) || (c >= '0' && c <= '9') || c == '_');
  if (!sound)
    return invalid("A key begins with a letter and has letters, digits and \"_\", at most " +
                   std::to_string(value_key_bytes_max) + " of them.");
  if (value.value.size() > value_bytes_max)
    return invalid("A value has at most 64 KiB. Put larger things into a file.");
  if (value.value.contains('\0') || !is_valid_utf8(value.value))
    return invalid("A value is text without zero bytes.");
  auto description = value.description.value_or("");
  if (description.size() > value_description_bytes_max || description.contains('\0') ||
      !is_valid_utf8(description))
    return invalid("A description is text of at most 1 KiB.");
  return {};
}

Result<> put_space_value(db::Tx& tx, const Keyring& keyring, const Repo& repo, ValueKind kind,
                         const NewSpaceValue& value) {
  CAIRN_CHECK(check_space_value(value));
  if (!store::has_space_value(tx, repo.id, kind, value.key) &&
      store::count_space_values(tx, repo.id, kind) >= values_max)
    return fail(ErrorCode::unprocessable, "TooManyValues",
                "A space has at most 500 of these. Delete one first.");
  std::string stored = value.value;
  if (kind == ValueKind::secret)
    stored = keyring.seal(purpose_of(repo.public_id.hex, value.key), value.value);
  store::put_space_value(tx, repo.id, kind, value.key, stored, value.description.value_or(""));
  return {};
}

void copy_space_variables(db::Tx& tx, RepoId from, RepoId to) {
  store::copy_space_values(tx, from, to, ValueKind::variable);
}

void forget_space_values(db::Tx& tx, RepoId repo) {
  store::delete_space_values(tx, repo);
}

Result<std::vector<SpaceValue>> open_space_secrets(db::Tx& tx, const Keyring& keyring,
                                                   const Repo& repo) {
  auto secrets = store::space_values(tx, repo.id, ValueKind::secret);
  for (auto& secret : secrets) {
    auto opened = keyring.open(purpose_of(repo.public_id.hex, secret.key), secret.value);
    if (!opened)
      return fail(ErrorCode::corrupt, "SealedElsewhere",
                  "The secret \"" + secret.key +
                      "\" was sealed under another root key. Start with the old key beside the "
                      "new one, or set the secret again.");
    secret.value = std::move(*opened);
  }
  return secrets;
}

Result<std::optional<std::int64_t>> reseal_space_secrets(db::Tx& tx, const Keyring& keyring,
                                                         std::int64_t after, int limit,
                                                         int& resealed) {
  auto page = store::secrets_after(tx, after, limit);
  for (const auto& row : page) {
    auto purpose = purpose_of(row.repo_public_id, row.key);
    auto opened = keyring.open(purpose, row.sealed);
    if (!opened)
      return fail(ErrorCode::corrupt, "SealedElsewhere",
                  "The secret \"" + row.key +
                      "\" was sealed under a root key that this hub was not given. Nothing was "
                      "changed; add the old key and try again.")
          .with("repo", row.repo_public_id);
    store::set_sealed(tx, row.id, keyring.seal(purpose, *opened));
    ++resealed;
  }
  if (page.size() < static_cast<std::size_t>(limit)) return std::optional<std::int64_t>{};
  return std::optional(page.back().id);
}

Task<Result<std::vector<SpaceValue>>> SpaceValues::list(Actor actor, RepoRef space,
                                                        ValueKind kind) {
  auto read = [actor, space, kind](db::Tx& tx) -> Result<std::vector<SpaceValue>> {
    auto current = find_repo(tx, space->id);
    if (!current) return no_space(actor);
    CAIRN_CHECK(access::check(tx, actor, Action::write, *current));
    auto values = store::space_values(tx, space->id, kind);
    if (kind == ValueKind::secret)
      for (auto& value : values) value.value.clear();
    return values;
  };
  co_return co_await database_.read(read);
}

Task<Result<>> SpaceValues::put(Actor actor, RepoRef space, ValueKind kind, NewSpaceValue value) {
  CAIRN_CO_CHECK(check_space_value(value));
  auto write = [this, actor, space, kind, value](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos_.recheck(tx, actor, space->id, Action::write));
    CAIRN_CHECK(put_space_value(tx, keyring_, current, kind, value));
    append_event(tx, actor, current, event_of(kind), {{"key", value.key}});
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<>> SpaceValues::remove(Actor actor, RepoRef space, ValueKind kind, std::string key) {
  auto write = [this, actor, space, kind, key](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos_.recheck(tx, actor, space->id, Action::write));
    if (store::delete_space_value(tx, space->id, kind, key))
      append_event(tx, actor, current, event_of(kind), {{"key", key}, {"deleted", true}});
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<int>> SpaceValues::reseal() {
  int total = 0;
  for (std::optional<std::int64_t> after = 0; after;) {
    struct Step {
      std::optional<std::int64_t> next;
      int resealed = 0;
    };
    auto write = [this, from = *after](db::Tx& tx) -> Result<Step> {
      Step step;
      CAIRN_TRY(next, reseal_space_secrets(tx, keyring_, from, reseal_step, step.resealed));
      step.next = next;
      return step;
    };
    CAIRN_CO_TRY(step, co_await database_.write(write));
    total += step.resealed;
    after = step.next;
  }
  co_return total;
}

}  // namespace cairn::repo
