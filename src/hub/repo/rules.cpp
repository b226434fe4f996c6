#include "hub/repo/rules.h"

#include "hub/settings/settings.h"

namespace cairn::repo {
namespace {

using settings::RepoCreators;

Result<> check_creator(const settings::Values& rules, const Actor& actor,
                       const account::Owner& owner) {
  if (actor.is_system() || actor.is_admin || rules.repository_creators == RepoCreators::everyone)
    return {};
  if (rules.repository_creators == RepoCreators::organizations &&
      owner.kind == OwnerKind::organization)
    return {};
  return fail(
      ErrorCode::forbidden, "Forbidden",
      rules.repository_creators == RepoCreators::organizations
          ? "On this hub repositories belong to organizations. Create it under one that you "
            "are in."
          : "Only administrators create repositories on this hub. Ask one of them.");
}

Result<> check_public(const settings::Values& rules, Visibility visibility) {
  if (rules.public_repositories || visibility != Visibility::public_) return {};
  return fail(ErrorCode::forbidden, "PublicNotAllowed",
              "Repositories on this hub cannot be public. Make it private.");
}

}  // namespace

Result<> check_hub_lets_create(db::Tx& tx, const Actor& actor, const account::Owner& owner) {
  return check_creator(settings::load(tx), actor, owner);
}

Result<> check_hub_allows(db::Tx& tx, Visibility visibility) {
  return check_public(settings::load(tx), visibility);
}

Result<Visibility> visibility_of_new(db::Tx& tx, const Actor& actor, const account::Owner& owner,
                                     const NewRepo& request) {
  auto rules = settings::load(tx);
  CAIRN_CHECK(check_creator(rules, actor, owner));
  if (request.visibility) {
    CAIRN_CHECK(check_public(rules, *request.visibility));
    return *request.visibility;
  }
  bool hub_says_private =
      !rules.public_repositories || rules.new_private[static_cast<std::size_t>(request.kind)];
  if (hub_says_private || owner.default_visibility == Visibility::private_)
    return Visibility::private_;
  // An owner's standard that only spaces can have.
  if (owner.default_visibility == Visibility::protected_ && request.kind != RepoKind::space)
    return Visibility::private_;
  return owner.default_visibility;
}

}  // namespace cairn::repo
