#include "api/hub/open.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

struct FileIn {
  std::string path, content;
  std::optional<std::string> encoding;
};
BOOST_DESCRIBE_STRUCT(FileIn, (), (path, content, encoding))

struct ValueIn {
  std::string key, value;
  std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(ValueIn, (), (key, value, description))

struct CreateIn {
  std::string name;
  std::optional<std::string> organization, type, visibility;
  std::optional<bool> private_;
  std::optional<std::string> license, license_name, license_link;
  std::vector<FileIn> files;
  std::optional<std::string> sdk, sdkVersion, short_description;
  std::vector<ValueIn> secrets, variables;
};
BOOST_DESCRIBE_STRUCT(CreateIn, (),
                      (name, organization, type, visibility, private_, license, license_name,
                       license_link, files, sdk, sdkVersion, short_description, secrets, variables))

struct DeleteIn {
  std::string name;
  std::optional<std::string> organization, type;
};
BOOST_DESCRIBE_STRUCT(DeleteIn, (), (name, organization, type))

struct MoveIn {
  std::string fromRepo, toRepo;
  std::optional<std::string> type;
};
BOOST_DESCRIBE_STRUCT(MoveIn, (), (fromRepo, toRepo, type))

struct SettingsIn {
  std::optional<json::value> gated;
  std::optional<std::string> visibility;
  std::optional<bool> private_, discussionsDisabled, orgMembersGated;
  std::optional<std::string> discussionsSorting, gatedNotificationsEmail, gatedNotificationsMode;
};
BOOST_DESCRIBE_STRUCT(SettingsIn, (),
                      (gated, visibility, private_, discussionsDisabled, orgMembersGated,
                       discussionsSorting, gatedNotificationsEmail, gatedNotificationsMode))

struct DefaultBranchIn {
  std::string branch;
};
BOOST_DESCRIBE_STRUCT(DefaultBranchIn, (), (branch))

struct CreateOut {
  std::string url, name, id;
};
BOOST_DESCRIBE_STRUCT(CreateOut, (), (url, name, id))

Result<RepoKind> kind_of(const std::optional<std::string>& type) {
  if (!type) return RepoKind::model;
  if (auto kind = parse_repo_kind(*type)) return *kind;
  return fail(ErrorCode::invalid_argument, "InvalidType",
              "\"type\" must be one of model, dataset, space, kernel.");
}

}  // namespace

Result<std::optional<Visibility>> visibility_of(const std::optional<std::string>& word,
                                                std::optional<bool> is_private) {
  if (word && is_private)
    return fail(ErrorCode::invalid_argument, "InvalidVisibility",
                "Send either \"visibility\" or \"private\", not both.");
  if (is_private)
    return std::optional<Visibility>(*is_private ? Visibility::private_ : Visibility::public_);
  if (!word) return std::optional<Visibility>{};
  if (auto visibility = parse_visibility(*word)) return std::optional<Visibility>(*visibility);
  return fail(ErrorCode::invalid_argument, "InvalidVisibility",
              "\"visibility\" must be one of public, private, protected.");
}

namespace {

/// Older clients send the name as "owner/name".
void split_owner(std::string& name, std::optional<std::string>& owner) {
  auto slash = name.find('/');
  if (slash == name.npos) return;
  if (!owner || owner->empty()) owner = name.substr(0, slash);
  name = name.substr(slash + 1);
}

Result<repo::NewRepo> new_repo(CreateIn in) {
  repo::NewRepo out;
  CAIRN_TRY(kind, kind_of(in.type));
  CAIRN_TRY(visibility, visibility_of(in.visibility, in.private_));
  split_owner(in.name, in.organization);
  out.kind = kind;
  out.visibility = visibility;
  if (in.organization && !in.organization->empty()) out.owner = in.organization;
  out.name = in.name;
  out.license = in.license.value_or("");
  out.license_name = in.license_name.value_or("");
  out.license_link = in.license_link.value_or("");
  out.sdk = in.sdk.value_or("");
  out.sdk_version = in.sdkVersion.value_or("");
  out.short_description = in.short_description.value_or("");
  for (auto [from, to] :
       {std::pair(&in.secrets, &out.secrets), std::pair(&in.variables, &out.variables)})
    for (auto& value : *from)
      to->push_back({std::move(value.key), std::move(value.value), std::move(value.description)});
  for (auto& file : in.files) {
    if (file.encoding && *file.encoding == "base64") {
      CAIRN_TRY(bytes, base64_decode(file.content));
      file.content = std::move(bytes);
    }
    out.files.push_back({file.path, std::move(file.content)});
  }
  return out;
}

Result<repo::SettingsChange> settings_change(const SettingsIn& in) {
  repo::SettingsChange out;
  CAIRN_TRY(visibility, visibility_of(in.visibility, in.private_));
  out.visibility = visibility;
  if (in.gated) {
    if (in.gated->is_bool() && !in.gated->get_bool())
      out.gating = Gating::none;
    else if (in.gated->is_string() && in.gated->get_string() == "auto")
      out.gating = Gating::automatic;
    else if (in.gated->is_string() && in.gated->get_string() == "manual")
      out.gating = Gating::manual;
    else
      return fail(ErrorCode::invalid_argument, "InvalidSettings",
                  "\"gated\" must be \"auto\", \"manual\" or false.");
  }
  out.discussions_disabled = in.discussionsDisabled;
  out.discussions_sorting = in.discussionsSorting;
  out.org_members_gated = in.orgMembersGated;
  out.gated_notifications_email = in.gatedNotificationsEmail;
  out.gated_notifications_mode = in.gatedNotificationsMode;
  return out;
}

json::value gated_json(Gating gating) {
  if (gating == Gating::none) return false;
  return gating == Gating::automatic ? "auto" : "manual";
}

json::object settings_json(const repo::Repo& repo) {
  return {{"visibility", json::string_view(to_string(repo.visibility))},
          {"private", repo.visibility == Visibility::private_},
          {"gated", gated_json(repo.gating)},
          {"discussionsDisabled", repo.settings.discussionsDisabled},
          {"discussionsSorting", repo.settings.discussionsSorting},
          {"orgMembersGated", repo.settings.orgMembersGated},
          {"gatedNotificationsMode", repo.settings.gatedNotificationsMode}};
}

/// The same and what only those who manage it may know.
json::object all_settings_json(const repo::Repo& repo) {
  auto out = settings_json(repo);
  out["gatedNotificationsEmail"] = repo.settings.gatedNotificationsEmail;
  out["defaultBranch"] = repo.default_branch;
  return out;
}

RepoHandler read_settings() {
  return [](http::Request&, account::Actor, repo::RepoRef repo) -> Task<Result<http::Response>> {
    co_return http::json(200, json::value(all_settings_json(*repo)));
  };
}

RepoHandler set_default_branch(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<DefaultBranchIn>());
    CAIRN_CO_TRY(head, co_await services.files.set_default_branch(actor, repo, in.branch));
    co_return http::json(
        200, json::value(json::object{{"defaultBranch", in.branch}, {"sha", head->oid.hex()}}));
  };
}

// Initial files are inline, so a creation is larger than other bodies: 10 MB of files in base64.
constexpr std::uint64_t create_bytes_max = 16u << 20;

http::Handler create_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CreateIn>(create_bytes_max));
    CAIRN_CO_TRY(wanted, new_repo(std::move(in)));
    CAIRN_CO_TRY(made, co_await services.repos.create(actor_of(request), std::move(wanted)));
    const auto& repo = *made.repo;
    CreateOut out{repo::repo_url(services.public_url, repo.kind, repo.name), repo.name,
                  repo.public_id.hex};
    co_return http::json(200, out);
  });
}

http::Handler delete_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<DeleteIn>());
    CAIRN_CO_TRY(kind, kind_of(in.type));
    split_owner(in.name, in.organization);
    auto actor = actor_of(request);
    std::string owner =
        in.organization && !in.organization->empty() ? *in.organization : actor.user_name;
    CAIRN_CO_TRY(gone, co_await services.repos.remove(actor, kind, owner + "/" + in.name));
    json::object out{{"success", true}};
    if (gone.purge_at) out["restorableUntil"] = to_rfc3339(*gone.purge_at);
    co_return http::json(200, json::value(std::move(out)));
  });
}

http::Handler move_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<MoveIn>());
    CAIRN_CO_TRY(kind, kind_of(in.type));
    CAIRN_CO_TRY(moved,
                 co_await services.repos.move(actor_of(request), kind, in.fromRepo, in.toRepo));
    co_return http::json(
        200,
        json::value(json::object{{"success", true},
                                 {"url", repo::repo_url(services.public_url, kind, moved->name)}}));
  });
}

Result<repo::StorageQuery> storage_query(const http::Request& request) {
  repo::StorageQuery query;
  for (auto word : request.query_all("search")) query.search.emplace_back(word);
  if (auto type = request.query("type")) {
    CAIRN_TRY(kind, kind_of(std::string(*type)));
    query.kind = kind;
  }
  if (auto sort = request.query("sort")) query.by_storage = *sort != "updatedAt";
  if (auto direction = request.query("direction")) query.ascending = *direction == "asc";
  if (auto cursor = request.query("cursor")) query.cursor = std::string(*cursor);
  CAIRN_TRY(limit, limit_of(request, 100, 1000));
  query.limit = limit;
  return query;
}

http::Handler storage_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(query, storage_query(request));
    if (auto name = request.param("owner"); !name.empty()) query.owner = std::string(name);
    CAIRN_CO_TRY(page, co_await services.repos.storage(actor_of(request), query));
    json::array out;
    for (const auto& repo : page.repos) {
      json::object item{{"id", repo->name},
                        {"type", json::string_view(to_string(repo->kind))},
                        {"updatedAt", to_rfc3339(repo->updated_at)},
                        {"visibility", json::string_view(to_string(repo->visibility))},
                        {"storage", repo->storage_bytes}};
      // What its large files take on the disk; files in chunks share what they have in common.
      if (repo->storage_bytes > 0) {
        CAIRN_CO_TRY(usage, co_await services.xet.usage(repo->id));
        item["storedBytes"] = usage.stored_bytes;
        item["savedBytes"] =
            usage.logical_bytes - std::min(usage.logical_bytes, usage.stored_bytes);
      }
      if (page.total_bytes > 0)
        item["storagePercent"] = 100.0 * static_cast<double>(repo->storage_bytes) /
                                 static_cast<double>(page.total_bytes);
      out.push_back(std::move(item));
    }
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  });
}

}  // namespace

void add_repo_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::post,
              .pattern = "/api/repos/create",
              .operation = "repo.create",
              .summary = "Make a repository with branch main and its first commit.",
              .scope = "write",
              .access = "owner.create",
              .body_bytes_max = create_bytes_max,
              .handler = create_handler(services),
              .request_schema = json_schema<CreateIn>(),
              .response_schema = json_schema<CreateOut>()});
  router.add({.method = http::Method::delete_,
              .pattern = "/api/repos/delete",
              .operation = "repo.delete",
              .summary = "Delete a repository. It can be restored for a while.",
              .scope = "write",
              .access = "repo.administer",
              .handler = delete_handler(services),
              .request_schema = json_schema<DeleteIn>(),
              .asks_password = true});
  router.add({.method = http::Method::post,
              .pattern = "/api/repos/move",
              .operation = "repo.move",
              .summary = "Rename a repository or give it to another owner; the old name redirects.",
              .scope = "write",
              .access = "repo.administer",
              .handler = move_handler(services),
              .request_schema = json_schema<MoveIn>()});
  router.add({.method = http::Method::get,
              .pattern = "/api/settings/repositories",
              .operation = "repo.storage",
              .summary = "The caller's repositories and their storage.",
              .scope = "read",
              .access = "account.read",
              .handler = storage_handler(services)});
  router.add({.method = http::Method::get,
              .pattern = "/api/organizations/{owner}/settings/repositories",
              .operation = "repo.storage_of_organization",
              .summary = "An organization's repositories and their storage.",
              .scope = "read",
              .access = "owner.overview",
              .handler = storage_handler(services)});

  for (RepoKind kind : all_kinds) {
    auto change = [&services, kind](http::Request& request, account::Actor actor,
                                    repo::RepoRef repo) -> Task<Result<http::Response>> {
      CAIRN_CO_TRY(in, co_await request.read_json<SettingsIn>());
      CAIRN_CO_TRY(wanted, settings_change(in));
      CAIRN_CO_TRY(now, co_await services.repos.change_settings(actor, kind, repo->name, wanted));
      co_return http::json(200, json::value(settings_json(*now)));
    };
    router.add({.method = http::Method::put,
                .pattern = api_path(kind, "/settings"),
                .operation = "repo.settings",
                .summary = "Change visibility, gating and discussions.",
                .scope = "write",
                .handler = on_repo(services, kind, access::Action::administer, change),
                .request_schema = json_schema<SettingsIn>()});
    std::string own = "/api/-/v1/" + std::string(repo::plural(kind)) + "/{ns}/{name}";
    router.add({.method = http::Method::get,
                .pattern = own + "/settings",
                .operation = "repo.read_settings",
                .summary = "All settings, for those who may change them.",
                .scope = "read",
                .handler = on_repo(services, kind, access::Action::administer, read_settings())});
    router.add({.method = http::Method::put,
                .pattern = own + "/default-branch",
                .operation = "repo.set_default_branch",
                .summary = "Choose the branch that pages, lists and clones follow.",
                .scope = "write",
                .handler = on_repo(services, kind, access::Action::administer,
                                   set_default_branch(services)),
                .request_schema = json_schema<DefaultBranchIn>()});
  }
}

}  // namespace cairn::api::hub
