#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "hub/access/access.h"
#include "hub/account/owners.h"

/// Users and organizations as others see them.
namespace cairn::community {

using account::Actor;

struct OwnerFigures {
  std::int64_t models = 0, datasets = 0, spaces = 0, kernels = 0;
};
struct UserOverview {
  account::User user;
  OwnerFigures figures;  ///< Of what the one who asks may see.
  std::int64_t likes = 0, discussions = 0;
  std::vector<account::Membership> organizations;
};
struct OrganizationOverview {
  account::Organization organization;
  OwnerFigures figures;
  std::int64_t members = 0;
  std::optional<account::Role> role;  ///< Of the one who asks.
};

struct MemberQuery {
  std::string search;  ///< Part of a name, any case; empty: all.
  int limit = 100;
  std::string after_key;  ///< `MemberPage::next_key` of the page before.
};
struct MemberPage {
  std::vector<account::Member> members;  ///< By name.
  std::optional<std::string> next_key;
  bool shows_emails = false;  ///< The one who asks manages the organization.
};

/// Thread-safe. @return `not_found`, words "UserNotFound", "OrganizationNotFound".
class People {
 public:
  explicit People(db::Database& database) : database_(database) {}

  /// @param name  or 24 hex digits, the public id.
  Task<Result<UserOverview>> user(Actor actor, std::string name);
  Task<Result<OrganizationOverview>> organization(Actor actor, std::string name);
  Task<Result<account::Owner>> owner(std::string name);
  /// Who belongs to an organization is no secret.
  Task<Result<MemberPage>> members(Actor actor, std::string organization, MemberQuery query);

 private:
  db::Database& database_;
};

}  // namespace cairn::community
