#include "hub/account/scopes.h"

#include <algorithm>

#include "base/names.h"
#include "base/text.h"
#include "hub/account/owners.h"

namespace cairn::account {
namespace {

namespace json = boost::json;

Failure invalid(const std::string& where, std::string_view rule) {
  return fail(ErrorCode::invalid_argument, "InvalidScopes",
              "\"" + where + "\" " + std::string(rule) + ".");
}

bool is_permission(std::string_view text) {
  if (text.empty() || text.size() > permission_bytes_max) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

Result<std::vector<Permission>> read_permissions(const json::value* value,
                                                 const std::string& where) {
  std::vector<Permission> out;
  if (!value) return out;
  auto* list = value->if_array();
  if (!list || list->size() > permissions_max)
    return invalid(where,
                   "must be a list of at most " + std::to_string(permissions_max) + " permissions");
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto* text = (*list)[i].if_string();
    if (!text || !is_permission(std::string_view(*text)))
      return invalid(where + "[" + std::to_string(i) + "]",
                     "must be a permission such as \"repo.write\"");
    if (!contains(out, std::string_view(*text))) out.emplace_back(std::string_view(*text));
  }
  return out;
}

/// `owner/name`, both as names are written.
bool is_repo_name(std::string_view text) {
  auto parts = split(text, '/');
  return parts.size() == 2 && check_owner_name(parts[0], OwnerNameRules::apply) &&
         check_repo_name(parts[1]);
}

Result<Entity> read_entity(const json::object& object, const std::string& where) {
  Entity out;
  auto text = [&](std::string_view key) -> std::string_view {
    auto* member = object.if_contains(key);
    return member && member->is_string() ? std::string_view(member->get_string()) : "";
  };
  std::string_view type = text("type");
  if (type == "user") {
    out.kind = Entity::Kind::user;
  } else if (type == "org") {
    out.kind = Entity::Kind::organization;
  } else if (auto kind = parse_repo_kind(type)) {
    out.kind = Entity::Kind::repo;
    out.repo_kind = *kind;
  } else {
    return invalid(where + ".type", "must be user, org, model, dataset, space or kernel");
  }
  if (object.contains("_id")) {
    auto id = parse_public_id(text("_id"));
    if (!id) return invalid(where + "._id", "must be 24 lower-case hex digits");
    out.id = std::move(*id);
  }
  out.name = text("name");
  bool fits = out.kind == Entity::Kind::repo
                  ? is_repo_name(out.name)
                  : check_owner_name(out.name, OwnerNameRules::apply).has_value();
  if (!fits && !(out.name.empty() && out.id))
    return invalid(where + ".name", out.kind == Entity::Kind::repo
                                        ? "must be a repository as \"owner/name\""
                                        : "must be the name of a user or organization");
  return out;
}

Result<Scope> read_scope(const json::value& value, const std::string& where) {
  auto* object = value.if_object();
  auto* entity = object ? object->if_contains("entity") : nullptr;
  if (!entity || !entity->is_object())
    return invalid(where, "must be an object with \"entity\" and \"permissions\"");
  Scope out;
  CAIRN_TRY(read, read_entity(entity->get_object(), where + ".entity"));
  out.entity = std::move(read);
  CAIRN_TRY(list, read_permissions(object->if_contains("permissions"), where + ".permissions"));
  out.permissions = std::move(list);
  return out;
}

Result<std::vector<Scope>> read_scoped(const json::value& value, const std::string& where) {
  auto* list = value.if_array();
  if (!list || list->size() > scopes_max)
    return invalid(where, "must be a list of at most " + std::to_string(scopes_max) + " scopes");
  std::vector<Scope> out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    CAIRN_TRY(scope, read_scope((*list)[i], where + "[" + std::to_string(i) + "]"));
    out.push_back(std::move(scope));
  }
  return out;
}

json::array permissions_json(const std::vector<Permission>& permissions) {
  json::array out;
  for (const auto& permission : permissions) out.emplace_back(permission);
  return out;
}

json::object entity_json(const Entity& entity) {
  json::object out;
  if (entity.id) out["_id"] = entity.id->hex;
  switch (entity.kind) {
    case Entity::Kind::user:
      out["type"] = "user";
      break;
    case Entity::Kind::organization:
      out["type"] = "org";
      break;
    case Entity::Kind::repo:
      out["type"] = json::string_view(to_string(entity.repo_kind));
      break;
  }
  out["name"] = entity.name;
  return out;
}

/// The living owner that a scope means, if it is of the kind the scope says.
std::optional<Owner> find_entity(db::Tx& tx, const Entity& entity) {
  auto owner = entity.id ? find_owner(tx, *entity.id) : find_owner(tx, entity.name);
  if (!owner) return std::nullopt;
  bool is_user = owner->kind == OwnerKind::user;
  if (is_user != (entity.kind == Entity::Kind::user)) return std::nullopt;
  return *std::move(owner);
}

void pin(Entity& entity, const Owner& owner) {
  entity.id = owner.public_id;
  entity.name = owner.name;
  entity.owner = owner.id;
}

}  // namespace

bool contains(const std::vector<Permission>& list, std::string_view permission) {
  return std::ranges::find(list, permission) != list.end();
}

Result<Scopes> read_scopes(const json::value& value, const std::string& where) {
  Scopes out;
  if (value.is_array()) {
    CAIRN_TRY(scoped, read_scoped(value, where));
    out.scoped = std::move(scoped);
    return out;
  }
  auto* object = value.if_object();
  if (!object) return invalid(where, "must be an object with \"global\" and \"scoped\"");
  CAIRN_TRY(global, read_permissions(object->if_contains("global"), where + ".global"));
  out.global = std::move(global);
  if (auto* list = object->if_contains("scoped")) {
    CAIRN_TRY(scoped, read_scoped(*list, where + ".scoped"));
    out.scoped = std::move(scoped);
  }
  return out;
}

Result<> pin_scopes(db::Tx& tx, Scopes& scopes) {
  for (Scope& scope : scopes.scoped) {
    if (scope.entity.kind == Entity::Kind::repo) continue;
    auto owner = find_entity(tx, scope.entity);
    if (!owner) {
      bool user = scope.entity.kind == Entity::Kind::user;
      return fail(ErrorCode::invalid_argument, "InvalidScopes",
                  "The scope names the " + std::string(user ? "user" : "organization") + " \"" +
                      (scope.entity.name.empty() ? scope.entity.id->hex : scope.entity.name) +
                      "\", who does not exist. Name one who does.");
    }
    pin(scope.entity, *owner);
  }
  return {};
}

void refresh_scopes(db::Tx& tx, Scopes& scopes) {
  for (Scope& scope : scopes.scoped) {
    if (scope.entity.kind == Entity::Kind::repo) continue;
    scope.entity.owner.reset();
    if (!scope.entity.id) continue;
    if (auto owner = find_entity(tx, scope.entity)) pin(scope.entity, *owner);
  }
}

json::value scopes_json(const Scopes& scopes) {
  json::array scoped;
  for (const Scope& scope : scopes.scoped)
    scoped.push_back(json::object{{"entity", entity_json(scope.entity)},
                                  {"permissions", permissions_json(scope.permissions)}});
  return json::object{{"global", permissions_json(scopes.global)}, {"scoped", std::move(scoped)}};
}

}  // namespace cairn::account
