#include <algorithm>

#include "base/text.h"
#include "hub/people/parts.h"

namespace cairn::people {
namespace {

using store::Purpose;

// Read off one screen and typed into another: no letter that looks like a digit. 8 of 32 are 40
// bits; the throttle allows a fraction of them that does not matter.
constexpr std::string_view alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
constexpr std::size_t letters = 8;
static_assert(alphabet.size() == 32);

std::string make_code() {
  std::string out;
  for (unsigned char byte : random_bytes(letters)) {
    if (out.size() == letters / 2) out += '-';
    out += alphabet[byte % alphabet.size()];
  }
  return out;
}

/// As people type it: small letters, spaces, without the dash.
std::string normal(std::string_view typed) {
  std::string out;
  for (char c : typed.substr(0, 100)) {
    if (c == '-' || c == ' ') continue;
    if (out.size() == letters / 2) out += '-';
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

Result<User> administrator(db::Tx& tx, std::string_view name) {
  if (!name.empty()) {
    CAIRN_TRY(user, account::find_user(tx, name));
    if (user.is_admin) return user;
    return fail(ErrorCode::conflict, "NotAdministrator",
                "\"" + user.name +
                    "\" is no administrator. A password for an ordinary account: cairn admin user "
                    "password.");
  }
  auto first = account::first_administrator(tx);
  if (first) return *first;
  return fail(ErrorCode::not_found, "UserNotFound",
              "This hub has no administrator yet. Start it once: it makes the first.");
}

}  // namespace

Result<std::string> People::make_setup_link(db::Tx& tx, std::string_view name) {
  CAIRN_TRY(user, administrator(tx, name));
  store::drop_codes(tx, user.id, Purpose::setup);
  auto code = make_code();
  store::insert_code(tx, Purpose::setup, parts_->code_hash(code), user.id, std::nullopt,
                     tx.now() + setup_link_lifetime);
  return parts_->link("setup", code);
}

Task<Result<User>> People::look_at_setup(std::string code, Seen seen) {
  CAIRN_CO_CHECK(parts_->admit_code(seen));
  auto look = [hash = parts_->code_hash(normal(code))](db::Tx& tx) -> Result<User> {
    auto found = store::find_code(tx, Purpose::setup, hash);
    if (!found) return link_expired();
    return account::find_user(tx, found->user);
  };
  co_return co_await parts_->database.read(look);
}

Task<Result<OpenedSession>> People::set_up(Setup request, Seen seen) {
  auto* parts = parts_.get();
  CAIRN_CO_CHECK(parts->admit_code(seen));
  auto code = parts->code_hash(normal(request.code));
  auto look = [code](db::Tx& tx) -> Result<> {
    if (!store::find_code(tx, Purpose::setup, code)) return link_expired();
    return {};
  };
  CAIRN_CO_CHECK(co_await parts->database.read(look));
  auto hash = co_await parts->accounts.hash_new_password(request.password);
  if (!hash) co_return fail(about_its_field(hash.error()));

  auto write = [parts, request, code, hash = *hash, seen](db::Tx& tx) -> Result<OpenedSession> {
    auto found = store::find_code(tx, Purpose::setup, code);
    if (!found) return link_expired();
    CAIRN_TRY(before, account::find_user(tx, found->user));
    auto owner = owner_of(before.id);
    if (before.name != request.name) {
      auto renamed = parts->accounts.rename_owner(tx, owner, request.name);
      if (!renamed) return fail(about_its_field(renamed.error()));
      parts->options.owner_changed(tx, owner);
    }
    auto changed = parts->accounts.change_profile(
        tx, owner, {.full_name = request.full_name, .email = request.email});
    if (!changed) return fail(about_its_field(changed.error()));
    settings::Texts rules;
    if (request.hub_name) rules["hub_name"] = *request.hub_name;
    if (request.anonymous_read) rules["anonymous_read"] = *request.anonymous_read ? "yes" : "no";
    CAIRN_CHECK(parts->settings.change(tx, request.name, rules));
    store::drop_codes(tx, before.id, Purpose::setup);
    parts->accounts.put_password_hash(tx, before.id, hash);
    CAIRN_TRY(after, account::find_user(tx, before.id));
    if (after.email && !after.email_verified_at) parts->mail_verification(tx, after, *after.email);
    tell(tx, acting_as(after, seen), "hub.set_up", owner, after.name);
    return account::open_session(tx, after.id, seen);
  };
  co_return co_await parts->database.write(write);
}

}  // namespace cairn::people
