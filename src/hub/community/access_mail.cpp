#include "hub/community/access_mail.h"

namespace cairn::community {
namespace {

constexpr std::size_t addresses_max = 5;  ///< Of an organization's admins, by name.
constexpr int listed_max = 50;

std::string person(const account::User& user) {
  if (user.full_name.empty() || user.full_name == user.name) return user.name;
  return user.name + " (" + user.full_name + ")";
}

std::string named(const repo::Repo& repo) {
  return "the " + std::string(to_string(repo.kind)) + " " + repo.name;
}

std::optional<std::string> verified_address(const account::User& user) {
  return user.email && user.email_verified_at ? user.email : std::nullopt;
}

}  // namespace

std::vector<std::string> AccessMail::deciders(db::Tx& tx, const repo::Repo& repo) const {
  if (!repo.settings.gatedNotificationsEmail.empty())
    return {repo.settings.gatedNotificationsEmail};
  std::vector<std::string> out;
  auto add = [&](const account::User& user) {
    if (auto address = verified_address(user)) out.push_back(*address);
  };
  if (repo.owner_kind == OwnerKind::user) {
    if (auto user = account::find_user(tx, UserId{repo.owner.value})) add(*user);
    return out;
  }
  account::OwnerPage page;
  page.limit = 1000;
  for (const auto& member : account::members(tx, OrgId{repo.owner.value}, page))
    if (member.role == account::Role::admin && out.size() < addresses_max) add(member.user);
  return out;
}

void AccessMail::tell_deciders(db::Tx& tx, const repo::Repo& repo, const std::string& subject,
                               const std::string& text) const {
  auto settings_page = repo::repo_url(public_url_, repo.kind, repo.name) + "/settings";
  for (const auto& address : deciders(tx, repo))
    mail_.enqueue(tx, {address, "[" + settings_.current()->name + "] " + subject,
                       text + "\nDecide here:\n\n" + settings_page + "\n"});
}

void AccessMail::asked(db::Tx& tx, const repo::Repo& repo, const account::User& user) const {
  if (!mail_.configured()) return;
  if (repo.settings.gatedNotificationsMode == "real-time")
    return tell_deciders(tx, repo, user.name + " asks for access to " + repo.name,
                         person(user) + " asks for access to " + named(repo) + ".\n");
  work::NewWork work;
  work.kind = work_kind;
  work.key = std::to_string(repo.id.value);
  work.payload = json::object{{"repo", repo.id.value}};
  work.run_at = tx.now() + days(1);
  work::enqueue(tx, work);
}

void AccessMail::decided(db::Tx& tx, const repo::Repo& repo, const account::User& user,
                         access::GrantState state, const std::optional<std::string>& reason) const {
  auto address = verified_address(user);
  if (!mail_.configured() || !address || state == access::GrantState::pending) return;
  bool accepted = state == access::GrantState::accepted;
  std::string text = accepted ? "You now have access to " + named(repo) + ":\n\n" +
                                    repo::repo_url(public_url_, repo.kind, repo.name) + "\n"
                              : "Your request for access to " + named(repo) + " was rejected.\n";
  if (reason && !reason->empty()) text += "\nThe reason given: " + *reason + "\n";
  mail_.enqueue(tx, {*address,
                     "[" + settings_.current()->name + "] " +
                         (accepted ? "Access to " : "No access to ") + repo.name,
                     text});
}

Task<Result<>> AccessMail::send_digest(work::WorkItem item) const {
  auto* id = item.payload.is_object() ? item.payload.get_object().if_contains("repo") : nullptr;
  if (!id || !id->is_int64()) co_return Result<>{};
  RepoId repo_id{id->get_int64()};
  auto write = [this, repo_id, item = std::move(item)](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(work::finish(tx, item));
    auto repo = repo::find_repo(tx, repo_id);
    if (!repo || repo->deleted_at || repo->gating == Gating::none) return {};
    auto open = access::list_requests(tx, repo_id, access::GrantState::pending, {}, listed_max + 1);
    if (open.empty()) return {};  // All decided meanwhile.
    std::string lines;
    for (const auto& request :
         std::span(open).first(std::min(open.size(), std::size_t{listed_max})))
      if (auto user = account::find_user(tx, request.user)) lines += "- " + person(*user) + "\n";
    if (open.size() > listed_max) lines += "- and more\n";
    tell_deciders(tx, *repo, "Requests for access to " + repo->name,
                  "These people wait for access to " + named(*repo) + ":\n\n" + lines);
    return {};
  };
  co_return co_await database_.write(write);
}

}  // namespace cairn::community
