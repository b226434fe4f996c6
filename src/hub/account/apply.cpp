#include "hub/account/apply.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "hub/account/rules.h"
#include "hub/account/store.h"

namespace cairn::account {
namespace {

using store::OwnerRow;

Failure conflict(const std::string& where, std::string_view fact) {
  return fail(ErrorCode::conflict, "ApplyConflict",
              where + ": " + std::string(fact) + " Nothing was changed.")
      .with("where", where);
}

std::string at(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

/// One run over a file. Each step changes rows only where they differ, and counts.
class Apply {
 public:
  Apply(db::Tx& tx, const ApplyFile& file, const PasswordHashes& passwords)
      : tx_(tx), file_(file), passwords_(passwords) {}

  Result<ApplySummary> run();

 private:
  /// What the file says about a user or organization.
  struct Wanted {
    OwnerKind kind;
    const std::string& name;
    const std::optional<std::string>& full_name;
    const std::optional<std::string>& email;
    const std::optional<std::string>& id;
    std::optional<Plan> plan;
    std::optional<Visibility> default_visibility{};
    std::optional<bool> is_admin{};
    std::optional<std::string> password_hash{};
    std::optional<bool> email_verified{};
  };
  Result<OwnerId> owner(const Wanted& wanted, const std::string& where);
  Result<OwnerId> insert(const Wanted& wanted, const std::string& where);
  void update(OwnerRow row, const Wanted& wanted);
  static void overlay(OwnerRow& row, const Wanted& wanted);
  void vouch(OwnerRow& row, const Wanted& wanted);

  Result<> user(const ApplyUser& user, const std::string& where);
  Result<> organization(const ApplyOrganization& org, const std::string& where);
  Result<> members(OrgId org, const std::map<std::string, std::string>& wanted,
                   const std::string& where);
  Result<> tokens(const ApplyUser& user, UserId id, const std::string& where);
  Result<TokenId> token(UserId user, const ApplyToken& wanted, const std::string& where);
  Result<> session(UserId user, const std::string& cookie, const std::string& where);
  void alias(const ApplyAlias& alias);

  db::Tx& tx_;
  const ApplyFile& file_;
  const PasswordHashes& passwords_;
  ApplySummary summary_;
  std::vector<UserId> users_;  // Of the file's users, in its order.
  bool demoted_ = false;
};

void Apply::overlay(OwnerRow& row, const Wanted& wanted) {
  Owner& o = row.owner;
  o.name = wanted.name;
  if (wanted.full_name) o.full_name = check_full_name(*wanted.full_name, wanted.name).value();
  if (wanted.email) o.email = check_email(*wanted.email).value();
  if (wanted.plan) o.plan = *wanted.plan;
  if (wanted.default_visibility) o.default_visibility = *wanted.default_visibility;
  if (wanted.is_admin) row.is_admin = *wanted.is_admin;
  if (wanted.password_hash) row.password_hash = wanted.password_hash;
  row.deleted_at.reset();
  row.deleted_by.reset();
  row.purge_at.reset();
}

/// On a hub that sends no mail nobody could show otherwise that an address is theirs.
void Apply::vouch(OwnerRow& row, const Wanted& wanted) {
  auto& verified_at = row.owner.email_verified_at;
  if (!wanted.email_verified || !row.owner.email) return;
  if (!*wanted.email_verified)
    verified_at.reset();
  else if (!verified_at)
    verified_at = tx_.now();
}

Result<OwnerId> Apply::insert(const Wanted& wanted, const std::string& where) {
  OwnerRow row;
  row.owner.kind = wanted.kind;
  row.owner.full_name = wanted.name;
  row.owner.public_id = wanted.id ? PublicId{*wanted.id} : make_public_id();
  if (wanted.id && store::owner_by_public_id(tx_, row.owner.public_id))
    return conflict(where + ".id", "the id " + *wanted.id + " belongs to somebody else.");
  overlay(row, wanted);
  vouch(row, wanted);
  store::drop_redirect(tx_, name_key(wanted.name));
  auto id = store::insert_owner(tx_, row);
  ++summary_.created;
  return id;
}

void Apply::update(OwnerRow row, const Wanted& wanted) {
  OwnerRow next = row;
  overlay(next, wanted);
  if (next.owner.email != row.owner.email) next.owner.email_verified_at.reset();
  vouch(next, wanted);
  auto facts = [](const OwnerRow& r) {
    return std::tie(r.owner.name, r.owner.full_name, r.owner.email, r.owner.plan,
                    r.owner.default_visibility, r.is_admin, r.password_hash, r.deleted_at,
                    r.owner.email_verified_at);
  };
  if (facts(row) == facts(next)) return;
  if (row.owner.name != next.owner.name) store::update_name(tx_, row.owner.id, next.owner.name);
  store::update_owner(tx_, next);
  if (row.password_hash != next.password_hash)
    store::end_sessions(tx_, UserId{row.owner.id.value}, std::nullopt);
  if (row.is_admin && !next.is_admin) demoted_ = true;
  ++summary_.changed;
}

Result<OwnerId> Apply::owner(const Wanted& wanted, const std::string& where) {
  auto row = store::owner_by_key(tx_, name_key(wanted.name));
  if (!row) return insert(wanted, where);
  tx_.lock_row(db::Lockable::owner, row->owner.id.value);
  if (row->owner.kind != wanted.kind)
    return conflict(where + ".name",
                    "\"" + wanted.name + "\" is " +
                        (row->owner.kind == OwnerKind::user ? "a user here, not an organization."
                                                            : "an organization here, not a user."));
  if (wanted.id && row->owner.public_id.hex != *wanted.id)
    return conflict(where + ".id", "\"" + wanted.name + "\" has the id " +
                                       row->owner.public_id.hex + " here, and ids do not change.");
  auto id = row->owner.id;
  update(*std::move(row), wanted);
  return id;
}

Result<> Apply::user(const ApplyUser& user, const std::string& where) {
  Wanted wanted{OwnerKind::user, user.name, user.fullname,
                user.email,      user.id,   user.plan ? parse_plan(*user.plan) : std::nullopt};
  wanted.is_admin = user.admin;
  wanted.email_verified = user.email_verified;
  if (auto hash = passwords_.find(name_key(user.name)); hash != passwords_.end())
    wanted.password_hash = hash->second;
  CAIRN_TRY(id, owner(wanted, where));
  users_.push_back(UserId{id.value});
  ++summary_.users;
  return {};
}

Result<> Apply::organization(const ApplyOrganization& org, const std::string& where) {
  Wanted wanted{OwnerKind::organization,
                org.name,
                org.fullname,
                org.email,
                org.id,
                org.plan ? parse_plan(*org.plan) : std::nullopt};
  if (org.default_visibility) wanted.default_visibility = parse_visibility(*org.default_visibility);
  CAIRN_TRY(id, owner(wanted, where));
  ++summary_.orgs;
  if (org.members) CAIRN_CHECK(members(OrgId{id.value}, *org.members, where));
  return {};
}

Result<> Apply::members(OrgId org, const std::map<std::string, std::string>& wanted,
                        const std::string& where) {
  std::set<UserId> kept;
  for (const auto& [name, word] : wanted) {
    auto place = where + ".members." + name;
    auto user = find_user(tx_, name);
    if (!user)
      return fail(ErrorCode::not_found, "UserNotFound",
                  place + ": there is no user \"" + name +
                      "\". Add one to \"users\"; nothing was changed.")
          .with("where", place);
    auto role = *parse_role(word);
    auto now = store::role(tx_, owner_of(org), user->id);
    if (now != role) {
      store::set_role(tx_, org, user->id, role);
      ++(now ? summary_.changed : summary_.created);
    }
    kept.insert(user->id);
    ++summary_.members;
  }
  for (UserId id : store::member_ids(tx_, org))
    if (!kept.contains(id) && store::remove_member(tx_, org, id)) ++summary_.changed;
  return {};
}

/// After the organizations, for scopes may name them.
Result<> Apply::tokens(const ApplyUser& user, UserId id, const std::string& where) {
  std::set<std::string> names;
  std::set<TokenId> kept;
  for (std::size_t i = 0; i < user.tokens.size(); ++i) {
    const auto& wanted = user.tokens[i];
    CAIRN_TRY(made, token(id, wanted, where + "." + at("tokens", i)));
    names.insert(wanted.name);
    kept.insert(made);
  }
  // A new value under an old name replaces the old one.
  if (!names.empty())
    for (const auto& living : store::tokens_of(tx_, id))
      if (names.contains(living.name) && !kept.contains(living.id) &&
          store::revoke_token(tx_, living.id))
        ++summary_.changed;
  for (std::size_t i = 0; i < user.session_cookies.size(); ++i)
    CAIRN_CHECK(session(id, user.session_cookies[i], where + "." + at("session_cookies", i)));
  return {};
}

Result<TokenId> Apply::token(UserId user, const ApplyToken& wanted, const std::string& where) {
  ++summary_.tokens;
  auto hash = token_hash(wanted.value);
  auto known = store::token_by_hash(tx_, hash);
  if (known && known->user != user)
    return conflict(where + ".value", "this value is another user's token.");
  Token next = known.value_or(Token{});
  next.user = user;
  next.name = wanted.name;
  next.role = *parse_token_role(wanted.role);
  next.scopes = {};
  if (wanted.scopes) {
    next.scopes = read_scopes(*wanted.scopes, where + ".scopes").value();
    if (auto ok = pin_scopes(tx_, next.scopes); !ok)
      return conflict(where + ".scopes", ok.error().message);
  }
  next.expires_at.reset();
  if (wanted.expires_at) next.expires_at = parse_rfc3339(*wanted.expires_at).value();
  next.revoked_at.reset();
  if (!known) {
    next.public_id = make_public_id();
    next.hint = token_hint(wanted.value);
    ++summary_.created;
    return store::insert_token(tx_, next, hash);
  }
  auto facts = [](const Token& t) {
    return std::tuple(t.name, t.role, json::serialize(scopes_json(t.scopes)), t.expires_at,
                      t.revoked_at);
  };
  if (facts(*known) == facts(next)) return next.id;
  store::update_token(tx_, next);
  ++summary_.changed;
  return next.id;
}

Result<> Apply::session(UserId user, const std::string& cookie, const std::string& where) {
  ++summary_.sessions;
  auto hash = token_hash(cookie);
  auto known = store::session_by_hash(tx_, hash);
  if (known && known->user != user)
    return conflict(where, "this cookie is another user's session.");
  if (!known) {
    Session session;
    session.public_id = make_public_id();
    session.user = user;
    store::insert_session(tx_, session, hash);
    ++summary_.created;
  } else if (known->revoked_at || known->expires_at) {
    store::revive_session(tx_, known->id);
    ++summary_.changed;
  }
  return {};
}

void Apply::alias(const ApplyAlias& wanted) {
  ++summary_.aliases;
  auto kind = *parse_repo_kind(wanted.type);
  auto now = find_alias(tx_, kind, wanted.from);
  if (now == wanted.to) return;
  set_alias(tx_, kind, wanted.from, wanted.to);
  ++(now ? summary_.changed : summary_.created);
}

Result<ApplySummary> Apply::run() {
  for (std::size_t i = 0; i < file_.users.size(); ++i)
    CAIRN_CHECK(user(file_.users[i], at("users", i)));
  for (std::size_t i = 0; i < file_.orgs.size(); ++i)
    CAIRN_CHECK(organization(file_.orgs[i], at("orgs", i)));
  for (std::size_t i = 0; i < file_.users.size(); ++i)
    CAIRN_CHECK(tokens(file_.users[i], users_[i], at("users", i)));
  for (const auto& wanted : file_.aliases) alias(wanted);
  if (demoted_ && store::acting_admins(tx_).empty())
    return fail(ErrorCode::conflict, "LastAdministrator",
                "The file would leave the hub without an administrator. Give one of its users "
                "\"admin\": true; nothing was changed.");
  return summary_;
}

}  // namespace

PasswordHashes known_passwords(db::Tx& tx, const ApplyFile& file) {
  PasswordHashes out;
  for (const auto& user : file.users) {
    if (!user.password) continue;
    auto row = store::owner_by_key(tx, name_key(user.name));
    if (row && row->password_hash) out[name_key(user.name)] = *row->password_hash;
  }
  return out;
}

PasswordHashes changed_passwords(const ApplyFile& file, const PasswordHashes& known) {
  PasswordHashes out;
  for (const auto& user : file.users) {
    if (!user.password) continue;
    auto now = known.find(name_key(user.name));
    if (now != known.end() && verify_password(now->second, *user.password)) continue;
    out[name_key(user.name)] = hash_password(*user.password);
  }
  return out;
}

Result<ApplySummary> apply_file(db::Tx& tx, const ApplyFile& file,
                                const PasswordHashes& passwords) {
  return Apply(tx, file, passwords).run();
}

}  // namespace cairn::account
