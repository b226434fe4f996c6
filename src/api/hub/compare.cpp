#include "hub/repo/compare.h"

#include <algorithm>
#include <limits>

#include "api/hub/encode.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

using git::DiffLine;
using git::TextDiff;

const char* status_word(repo::FileChange::Status status) {
  using enum repo::FileChange::Status;
  switch (status) {
    case added:
      return "added";
    case deleted:
      return "deleted";
    case modified:
      return "modified";
    case renamed:
      return "renamed";
  }
  return "modified";
}

json::object hunk_json(const git::DiffHunk& hunk) {
  json::array lines;
  for (const auto& line : hunk.lines) {
    const char* type = line.kind == DiffLine::Kind::added     ? "add"
                       : line.kind == DiffLine::Kind::deleted ? "delete"
                                                              : "context";
    std::string_view text(line.text);
    if (text.ends_with('\n')) text.remove_suffix(1);
    json::object item{{"type", type}, {"text", json::string_view(text.data(), text.size())}};
    if (line.no_newline) item["noNewline"] = true;
    lines.push_back(std::move(item));
  }
  return {{"oldStart", hunk.old_start},
          {"oldLines", hunk.old_lines},
          {"newStart", hunk.new_start},
          {"newLines", hunk.new_lines},
          {"lines", std::move(lines)}};
}

json::object side_json(const history::SheetEntry& entry) {
  json::object out{{"oid", entry.oid.hex()}, {"size", entry.size_bytes}};
  if (entry.lfs)
    out["lfs"] = json::object{{"oid", entry.lfs->hex()},
                              {"size", entry.size_bytes},
                              {"pointerSize", entry.pointer_size_bytes}};
  return out;
}

/// Files that programs write: people look at them last.
bool is_generated(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  constexpr std::string_view names[] = {"package-lock.json", "npm-shrinkwrap.json",
                                        "yarn.lock",         "pnpm-lock.yaml",
                                        "Cargo.lock",        "poetry.lock",
                                        "uv.lock",           "go.sum",
                                        "Gemfile.lock",      "composer.lock",
                                        "merges.txt",        "tokenizer.json",
                                        "vocab.json",        "vocab.txt"};
  return std::ranges::find(names, name) != std::end(names) || name.ends_with(".min.js") ||
         name.ends_with(".min.css") || name.ends_with(".map");
}

/// Cuts a file's hunks after so many changed lines. @return how many are not shown.
std::int64_t fold(std::vector<git::DiffHunk>& hunks, std::int64_t lines_max) {
  std::int64_t shown = 0, left = 0;
  for (auto& hunk : hunks) {
    auto end = hunk.lines.begin();
    for (; end != hunk.lines.end() && shown < lines_max; ++end)
      shown += end->kind != DiffLine::Kind::context;
    for (auto at = end; at != hunk.lines.end(); ++at) left += at->kind != DiffLine::Kind::context;
    hunk.lines.erase(end, hunk.lines.end());
  }
  std::erase_if(hunks, [](const git::DiffHunk& hunk) { return hunk.lines.empty(); });
  return left;
}

/// How much of each file an answer has: pages ask for little, and for more on a click.
struct Folds {
  std::int64_t files = std::numeric_limits<std::int64_t>::max();
  std::int64_t lines = std::numeric_limits<std::int64_t>::max();
  bool generated = false;  ///< Files that programs wrote have no lines.
};

json::object file_json(const repo::FileChange& file, std::int64_t lines_max) {
  json::object out{{"path", file.path}, {"status", status_word(file.status)}};
  if (!file.old_path.empty()) out["oldPath"] = file.old_path;
  if (file.before) out["before"] = side_json(*file.before);
  if (file.after) out["after"] = side_json(*file.after);
  if (!file.diff) {
    bool large = (file.before && file.before->lfs) || (file.after && file.after->lfs);
    out["omitted"] = large ? "large file" : "answer too long";
    return out;
  }
  if (file.diff->result == TextDiff::Result::binary) out["omitted"] = "binary";
  if (file.diff->result == TextDiff::Result::too_large) out["omitted"] = "file too long";
  if (file.diff->result != TextDiff::Result::compared) return out;
  out["additions"] = file.diff->added;
  out["deletions"] = file.diff->deleted;
  if (is_generated(file.path)) out["generated"] = true;
  auto shown = file.diff->hunks;
  if (auto left = fold(shown, lines_max); left > 0) out["folded"] = left;
  json::array hunks;
  for (const auto& hunk : shown) hunks.push_back(hunk_json(hunk));
  out["hunks"] = std::move(hunks);
  return out;
}

json::array files_json(const std::vector<repo::FileChange>& files, const Folds& folds) {
  json::array out;
  for (const auto& file : files) {
    bool folded = static_cast<std::int64_t>(out.size()) >= folds.files ||
                  (folds.generated && is_generated(file.path));
    out.push_back(file_json(file, folded ? 0 : folds.lines));
  }
  return out;
}

Result<std::optional<std::int64_t>> number_of(const http::Request& request, std::string_view name,
                                              std::int64_t max) {
  auto text = request.query(name);
  if (!text) return std::optional<std::int64_t>{};
  auto number = parse_int(*text);
  if (!number || *number < 0 || *number > max)
    return fail(
        ErrorCode::invalid_argument, "InvalidQuery",
        "\"" + std::string(name) + "\" is a whole number up to " + std::to_string(max) + ".");
  return number;
}

constexpr std::int64_t fold_max = 1'000'000;
constexpr std::int64_t context_lines_max = 1000;

Result<Folds> folds_of(const http::Request& request) {
  Folds out;
  CAIRN_TRY(files, number_of(request, "files", fold_max));
  CAIRN_TRY(lines, number_of(request, "lines", fold_max));
  if (files) out.files = *files;
  if (lines) out.lines = *lines;
  // Whoever asks for one file wants to see it.
  out.generated = (files || lines) && !request.query("path");
  return out;
}

Result<git::DiffOptions> diff_options(const http::Request& request) {
  git::DiffOptions out;
  CAIRN_TRY(context, number_of(request, "context", context_lines_max));
  if (context) out.context_lines = static_cast<int>(*context);
  out.ignore_whitespace = request.query_flag("ignoreWhitespace");
  return out;
}

json::value commit_or_null(const repo::CommitRef& commit) {
  return commit ? json::value(commit->oid.hex()) : json::value(nullptr);
}

RepoHandler compare_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(options, diff_options(request));
    CAIRN_CO_TRY(folds, folds_of(request));
    CAIRN_CO_TRY(commits, number_of(request, "commits", repo::between_commits_max));
    repo::CompareQuery query{request.rest_path("range"), {}, options};
    if (auto path = request.query("path")) query.path = std::string(*path);
    CAIRN_CO_TRY(found, co_await services.files.compare(repo, query));
    if (request.query_flag("raw")) co_return http::text(200, repo::unified_text(found));
    json::object out{{"base", found.base->oid.hex()},
                     {"head", found.head->oid.hex()},
                     {"files", files_json(found.files, folds)},
                     {"truncated", found.more}};
    if (commits) {
      CAIRN_CO_TRY(between, co_await services.past.between(repo, query.range,
                                                           static_cast<std::size_t>(*commits)));
      json::array list;
      for (const auto& commit : between.commits) list.push_back(commit_json(commit, false));
      out["commits"] = std::move(list);
      out["moreCommits"] = between.more;
    }
    co_return http::json(200, json::value(std::move(out)));
  };
}

RepoHandler changes_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(options, diff_options(request));
    CAIRN_CO_TRY(folds, folds_of(request));
    std::optional<std::string> path;
    if (auto asked = request.query("path")) path = std::string(*asked);
    CAIRN_CO_TRY(found,
                 co_await services.past.changes(repo, request.rest_path("rev"), path, options));
    auto commit = commit_json(*found.commit, false);
    json::array parents;
    for (const auto& parent : found.commit->parents) parents.emplace_back(parent.hex());
    commit["parents"] = std::move(parents);
    std::vector<repo::CommitRef> one{found.commit};
    CAIRN_CO_TRY(signature, co_await services.signatures.of(std::move(one)));
    if (signature.front()) commit["signature"] = signature_json(*signature.front());
    co_return http::json(200, json::value(json::object{{"commit", std::move(commit)},
                                                       {"base", commit_or_null(found.parent)},
                                                       {"head", found.commit->oid.hex()},
                                                       {"files", files_json(found.files, folds)},
                                                       {"truncated", found.more}}));
  };
}

RepoHandler history_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(limit, limit_of(request, 50, repo::file_history_limit_max));
    auto at = repo::split_revision(request.rest("rest"));
    CAIRN_CO_TRY(found, co_await services.past.file_history(repo, at.revision, at.path, limit));
    json::array out;
    for (const auto& version : found.versions) {
      auto item = commit_json(*version.commit, false);
      item["file"] = side_json(version.entry);
      out.push_back(std::move(item));
    }
    auto response = http::json(200, json::value(std::move(out)));
    // Each page begins at a commit, so it stays where it is when the branch moves on.
    if (found.next)
      response.headers.add("Link", "<" + services.public_url + "/api/-/v1/" +
                                       std::string(repo::plural(repo->kind)) + "/" + repo->name +
                                       "/history/" + found.next->hex() + "/" +
                                       percent_encode(at.path, true) +
                                       "?limit=" + std::to_string(limit) + ">; rel=\"next\"");
    co_return response;
  };
}

RepoHandler blame_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto at = repo::split_revision(request.rest("rest"));
    CAIRN_CO_TRY(found, co_await services.past.blame(repo, at.revision, at.path));
    json::object commits;
    json::array ranges;
    for (const auto& range : found.ranges) {
      auto oid = range.commit->oid.hex();
      if (!commits.contains(oid)) commits[oid] = commit_json(*range.commit, false);
      ranges.push_back(
          json::object{{"start", range.start}, {"lines", range.lines}, {"commit", oid}});
    }
    co_return http::json(200, json::value(json::object{{"commit", found.commit->oid.hex()},
                                                       {"path", found.entry.path},
                                                       {"oid", found.entry.oid.hex()},
                                                       {"ranges", std::move(ranges)},
                                                       {"commits", std::move(commits)},
                                                       {"complete", found.complete}}));
  };
}

}  // namespace

void add_compare_routes(http::Router& router, Services& services) {
  using access::Action;
  const std::vector<http::QueryParameter> folds = {
      {"path", "Only this file, whole."},
      {"files", "Files after so many have no lines."},
      {"lines", "Changed lines shown of a file; \"folded\" counts the others."},
      {"context", "Lines around each change, 3 if not said."},
      {"ignoreWhitespace", "Lines that differ in spaces alone are the same."}};
  auto range_query = folds;
  range_query.push_back({"raw", "As `git diff` prints it."});
  range_query.push_back(
      {"commits", "So many commits that the newer side has and the other has not."});
  for (RepoKind kind : all_kinds) {
    std::string own = "/api/-/v1/" + std::string(repo::plural(kind)) + "/{ns}/{name}";
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/compare/{range...}"),
                .operation = "files.compare",
                .summary = "What changed between two revisions, as hunks or as a plain diff.",
                .handler = on_repo(services, kind, Action::read_content, compare_handler(services)),
                .query = range_query});
    router.add({.method = http::Method::get,
                .pattern = own + "/commit/{rev...}",
                .operation = "files.commit_changes",
                .summary = "A commit and what it changed.",
                .handler = on_repo(services, kind, Action::read_content, changes_handler(services)),
                .query = folds});
    router.add({.method = http::Method::get,
                .pattern = own + "/history/{rest...}",
                .operation = "files.history",
                .summary = "The commits that changed a file, newest first.",
                .handler = on_repo(services, kind, Action::list_files, history_handler(services))});
    router.add({.method = http::Method::get,
                .pattern = own + "/blame/{rest...}",
                .operation = "files.blame",
                .summary = "Which commit wrote which lines of a text.",
                .handler = on_repo(services, kind, Action::read_content, blame_handler(services))});
  }
}

}  // namespace cairn::api::hub
