#include "hub/repo/compare.h"

#include "api/hub/open.h"

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

json::object file_json(const repo::FileChange& file) {
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
  json::array hunks;
  for (const auto& hunk : file.diff->hunks) hunks.push_back(hunk_json(hunk));
  out["hunks"] = std::move(hunks);
  return out;
}

RepoHandler compare_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    repo::CompareQuery query{request.rest_path("range"), {}};
    if (auto path = request.query("path")) query.path = std::string(*path);
    CAIRN_CO_TRY(found, co_await services.files.compare(repo, query));
    if (request.query_flag("raw")) co_return http::text(200, repo::unified_text(found));
    json::array files;
    for (const auto& file : found.files) files.push_back(file_json(file));
    co_return http::json(200, json::value(json::object{{"base", found.base->oid.hex()},
                                                       {"head", found.head->oid.hex()},
                                                       {"files", std::move(files)},
                                                       {"truncated", found.more}}));
  };
}

}  // namespace

void add_compare_routes(http::Router& router, Services& services) {
  for (RepoKind kind : all_kinds)
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/compare/{range...}"),
                .operation = "files.compare",
                .summary = "What changed between two revisions, as hunks or as a plain diff.",
                .handler = on_repo(services, kind, access::Action::read_content,
                                   compare_handler(services))});
}

}  // namespace cairn::api::hub
