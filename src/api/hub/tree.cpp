#include "api/hub/encode.h"
#include "api/hub/xet.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

struct PathsIn {
  json::value paths;
  std::optional<bool> expand;
};
BOOST_DESCRIBE_STRUCT(PathsIn, (), (paths, expand))

struct PathsQuery {
  std::vector<std::string> paths;
  bool expand = false;
};

// 2000 paths of 1000 bytes, percent-encoded.
constexpr std::uint64_t paths_body_bytes_max = 8u << 20;

bool is_true(std::string_view text) {
  return text == "1" || text == "true" || text == "True";
}

Result<PathsQuery> paths_from_form(std::string_view body) {
  PathsQuery out;
  for (auto pair : split(body, '&')) {
    auto equals = pair.find('=');
    CAIRN_TRY(name, form_decode(pair.substr(0, equals)));
    CAIRN_TRY(value, form_decode(equals == pair.npos ? "" : pair.substr(equals + 1)));
    if (name == "expand")
      out.expand = is_true(value);
    else if (name == "paths" || name == "paths[]")
      out.paths.push_back(std::move(value));
  }
  return out;
}

Result<PathsQuery> paths_from_json(std::string_view body) {
  PathsQuery out;
  CAIRN_TRY(in, parse_json_as<PathsIn>(body));
  if (auto* one = in.paths.if_string()) {
    out.paths.emplace_back(*one);
  } else {
    CAIRN_TRY(list, read_json<std::vector<std::string>>(in.paths, "paths"));
    out.paths = std::move(list);
  }
  out.expand = in.expand.value_or(false);
  return out;
}

/// Entries, with the hashes under which clients get large files from the store.
Task<Result<json::array>> entries_json(Services& services, account::Actor actor, repo::RepoRef repo,
                                       const std::vector<repo::Entry>& entries) {
  std::vector<Sha256Digest> large;
  for (const auto& entry : entries)
    if (entry.entry.lfs) large.push_back(*entry.entry.lfs);
  CAIRN_CO_TRY(hashes, co_await xet_hashes(services, actor, repo, std::move(large)));
  json::array out;
  out.reserve(entries.size());
  for (const auto& entry : entries) {
    auto item = entry_json(entry);
    if (entry.entry.lfs)
      if (auto known = hashes.find(*entry.entry.lfs); known != hashes.end())
        item["xetHash"] = known->second.text();
    out.push_back(std::move(item));
  }
  co_return out;
}

RepoHandler tree_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto segments = request.rest("rest");
    if (segments.empty()) segments = {repo->default_branch};
    auto at = repo::split_revision(segments);
    repo::TreeQuery query;
    query.folder = at.path;
    query.recursive = request.query_flag("recursive");
    query.expand = request.query_flag("expand");
    int most = query.expand ? repo::tree_expand_limit_max : repo::tree_limit_max;
    CAIRN_CO_TRY(limit, limit_of(request, query.expand ? 50 : most, most));
    query.limit = limit;
    if (auto cursor = request.query("cursor")) query.cursor = std::string(*cursor);
    CAIRN_CO_TRY(page, co_await services.files.tree(repo, at.revision, query));
    CAIRN_CO_TRY(out, co_await entries_json(services, actor, repo, page.entries));
    auto response = http::json(200, json::value(std::move(out)));
    response.headers.set("X-Repo-Commit", page.commit->oid.hex());
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  };
}

RepoHandler paths_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_all(paths_body_bytes_max));
    bool form = request.header("Content-Type").starts_with("application/x-www-form-urlencoded");
    CAIRN_CO_TRY(query, form ? paths_from_form(body) : paths_from_json(body));
    auto entries = co_await services.files.paths_info(repo, request.rest_path("rev"),
                                                      std::move(query.paths), query.expand);
    if (!entries) co_return std::unexpected(entries.error());
    CAIRN_CO_TRY(out, co_await entries_json(services, actor, repo, *entries));
    co_return http::json(200, json::value(std::move(out)));
  };
}

RepoHandler commits_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    repo::LogQuery query;
    CAIRN_CO_TRY(limit, limit_of(request, 50, repo::log_limit_max));
    query.limit = limit;
    if (auto page = request.query("p"))
      query.page = std::max<std::int64_t>(parse_int(*page).value_or(0), 0);
    if (auto cursor = request.query("cursor")) query.cursor = std::string(*cursor);
    bool formatted = false, signatures = false;
    for (auto value : request.query_all("expand")) {
      formatted = formatted || value == "formatted";
      signatures = signatures || value == "signature";
    }
    if (signatures && limit > static_cast<int>(keys::signatures_max))
      co_return fail(ErrorCode::invalid_argument, "InvalidQuery",
                     "Signatures are shown for at most " + std::to_string(keys::signatures_max) +
                         " commits at once. Ask for fewer: limit=50.");
    auto segments = request.rest("rest");
    if (segments.empty()) segments = {repo->default_branch};
    auto at = repo::split_revision(segments);
    CAIRN_CO_TRY(page, co_await services.files.log(repo, at.revision, query));
    std::vector<std::optional<keys::CommitSignature>> signed_by(page.commits.size());
    if (signatures) {
      CAIRN_CO_TRY(found, co_await services.signatures.of(page.commits));
      signed_by = std::move(found);
    }
    json::array out;
    for (std::size_t i = 0; i < page.commits.size(); ++i) {
      auto item = commit_json(*page.commits[i], formatted);
      if (signed_by[i]) item["signature"] = signature_json(*signed_by[i]);
      out.push_back(std::move(item));
    }
    auto response = http::json(200, json::value(std::move(out)));
    response.headers.set("X-Total-Count", std::to_string(page.total));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  };
}

RepoHandler size_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto segments = request.rest("rest");
    if (segments.empty()) segments = {repo->default_branch};
    auto at = repo::split_revision(segments);
    CAIRN_CO_TRY(entry, co_await services.files.entry(repo, at.revision, at.path));
    co_return http::json(
        200, json::value(json::object{{"path", at.path}, {"size", entry.entry.size_bytes}}));
  };
}

}  // namespace

json::object signature_json(const keys::CommitSignature& signature) {
  bool valid = signature.reason == keys::SignatureReason::valid;
  json::object out{{"state", valid ? "verified" : "unverified"},
                   {"reason", json::string_view(keys::to_string(signature.reason))},
                   {"type", signature.type == git::SignatureType::pgp   ? "gpg"
                            : signature.type == git::SignatureType::ssh ? "ssh"
                                                                        : "other"}};
  if (!signature.fingerprint.empty()) out["fingerprint"] = signature.fingerprint;
  if (!signature.user_name.empty()) out["user"] = signature.user_name;
  return out;
}

json::object commit_json(const history::CommitInfo& commit, bool formatted) {
  json::object out{{"id", commit.oid.hex()},
                   {"title", commit.title},
                   {"message", commit.message},
                   {"date", to_rfc3339(commit.time)},
                   {"authors", json::array{json::object{{"user", commit.author_name}}}}};
  if (formatted) {
    auto escape = [](std::string_view text) {
      std::string html;
      for (char c : text) {
        if (c == '&')
          html += "&amp;";
        else if (c == '<')
          html += "&lt;";
        else if (c == '>')
          html += "&gt;";
        else if (c == '"')
          html += "&quot;";
        else
          html += c;
      }
      return html;
    };
    out["formatted"] =
        json::object{{"title", escape(commit.title)}, {"message", escape(commit.message)}};
  }
  return out;
}

void add_tree_routes(http::Router& router, Services& services) {
  using access::Action;
  for (RepoKind kind : all_kinds) {
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/tree/{rest...}"),
                .operation = "files.tree",
                .summary = "Files and folders at a revision.",
                .handler = on_repo(services, kind, Action::list_files, tree_handler(services))});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/paths-info/{rev...}"),
                .operation = "files.paths_info",
                .summary = "What is at the given paths; missing ones are left out.",
                .body_bytes_max = paths_body_bytes_max,
                .handler = on_repo(services, kind, Action::list_files, paths_handler(services))});
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/commits/{rest...}"),
                .operation = "files.commits",
                .summary = "Commits of a revision, newest first.",
                .handler = on_repo(services, kind, Action::list_files, commits_handler(services))});
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/treesize/{rest...}"),
                .operation = "files.treesize",
                .summary = "Bytes of everything in a folder.",
                .handler = on_repo(services, kind, Action::list_files, size_handler(services))});
  }
}

}  // namespace cairn::api::hub
