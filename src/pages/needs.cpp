#include "pages/needs.h"

namespace cairn::pages::needs {
namespace {

std::string api(const Repo& repo) {
  return "/api/" + std::string(repo::plural(repo.kind)) + "/" + repo.id;
}
std::string own_api(std::string_view word, const Repo& repo) {
  return "/api/-/v1/" + std::string(word) + std::string(repo::plural(repo.kind)) + "/" + repo.id;
}
std::string under(std::string_view path) {
  return path.empty() ? "" : "/" + encoded_path(path);
}

/// The fields of a row.
std::string list_fields(RepoKind kind) {
  std::string out = "expand=author&expand=lastModified";
  if (kind != RepoKind::space) out += "&expand=downloads";
  out += "&expand=likes&expand=tags";
  if (kind != RepoKind::space) out += "&expand=gated";
  out += "&expand=private";
  if (kind == RepoKind::model) out += "&expand=pipeline_tag&expand=library_name&expand=safetensors";
  if (kind == RepoKind::space) out += "&expand=sdk";
  return out;
}

// Sort words of the addresses that people share, and the API's.
constexpr std::pair<std::string_view, std::string_view> sorts[] = {
    {"trending", "trendingScore"},
    {"likes", "likes"},
    {"downloads", "downloads"},
    {"modified", "lastModified"},
    {"created", "createdAt"},
    {"most_params", "num_parameters"},
    {"least_params", "num_parameters&direction=1"},
    {"alphabetical", "id"}};
constexpr std::string_view filters[] = {
    "pipeline_tag", "library", "language", "license",        "dataset",         "base_model",
    "other",        "author",  "search",   "num_parameters", "task_categories", "size_categories",
    "modality",     "format",  "sdk",      "gated",          "models",          "datasets"};

/// A list's address as a question to the API; ends with "&".
std::string list_query(const http::Request& request) {
  std::string out;
  for (auto name : filters)
    for (auto value : request.query_all(name))
      if (!value.empty())
        out += (name == "other" ? "filter" : std::string(name)) + "=" + segment(value) + "&";
  std::string_view sort = "trendingScore";
  auto wanted = request.query("sort").value_or("trending");
  for (const auto& [word, api_word] : sorts)
    if (word == wanted) sort = api_word;
  return out + "sort=" + std::string(sort) + "&";
}

}  // namespace

std::string info(const Repo& repo) {
  return api(repo) + "?blobs=true";
}
std::string refs(const Repo& repo) {
  return api(repo) + "/refs";
}
std::string may_write(const Repo& repo) {
  return api(repo) + "/auth-check/write";
}
std::string gate(const Repo& repo) {
  return own_api("gates/", repo);
}
std::string days(const Repo& repo) {
  return own_api("", repo) + "/downloads";
}
std::string last_commit(const Repo& repo) {
  return api(repo) + "/commits/HEAD?limit=1";
}
std::string children(const Repo& repo) {
  return api(repo) + "?expand=childrenModelCount&expand=baseModels";
}
std::string tree(const Repo& repo, std::string_view revision, std::string_view path) {
  return api(repo) + "/tree/" + segment(revision) + under(path) + "?expand=true&limit=100";
}
std::pair<std::string, std::string> file(const Repo& repo, std::string_view revision,
                                         std::string_view path) {
  json::object body{{"paths", json::array{json::string_view(path.data(), path.size())}},
                    {"expand", true}};
  return {api(repo) + "/paths-info/" + segment(revision), json::serialize(body)};
}
std::string commits(const Repo& repo, std::string_view revision) {
  return api(repo) + "/commits/" + segment(revision) + "?limit=50";
}
std::string file_history(const Repo& repo, std::string_view revision, std::string_view path) {
  return own_api("", repo) + "/history/" + segment(revision) + under(path) + "?limit=50";
}
std::string changes(const Repo& repo, std::string_view oid) {
  return own_api("", repo) + "/commit/" + segment(oid) + "?files=50&lines=300";
}
std::string compare(const Repo& repo, std::string_view from, std::string_view dots,
                    std::string_view to) {
  return api(repo) + "/compare/" + segment(from) + std::string(dots) + segment(to) +
         "?files=50&lines=300&commits=50";
}
std::string blame(const Repo& repo, std::string_view revision, std::string_view path) {
  return own_api("", repo) + "/blame/" + segment(revision) + under(path);
}
std::string list(RepoKind kind, const http::Request& request) {
  std::string out = "/api/" + std::string(repo::plural(kind)) + "?" + list_query(request) +
                    list_fields(kind) + "&limit=30";
  // Only where the list is read without the app, which goes on by itself.
  if (auto cursor = request.query("cursor")) out += "&cursor=" + segment(*cursor);
  return out;
}
std::string facets(RepoKind kind, const http::Request& request) {
  return "/api/-/v1/facets/" + std::string(repo::plural(kind)) + "?" + list_query(request) +
         "limit=100";
}
std::string owned(RepoKind kind, std::string_view owner) {
  return "/api/" + std::string(repo::plural(kind)) + "?author=" + segment(owner) +
         "&sort=lastModified&" + list_fields(kind) + "&limit=30";
}
std::string trending(RepoKind kind) {
  return "/api/trending?type=" + std::string(to_string(kind)) + "&limit=6";
}
std::string user(std::string_view name) {
  return "/api/users/" + segment(name) + "/overview";
}
std::string organization(std::string_view name) {
  return "/api/organizations/" + segment(name) + "/overview";
}

}  // namespace cairn::pages::needs
