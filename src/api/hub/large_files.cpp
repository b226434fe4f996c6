#include "api/hub/open.h"

namespace cairn::api::hub {
namespace {

struct DeletionsIn {
  std::vector<std::string> sha;
  std::optional<bool> rewriteHistory;
};
BOOST_DESCRIBE_STRUCT(DeletionsIn, (), (sha, rewriteHistory))

struct BatchIn {
  DeletionsIn deletions;
};
BOOST_DESCRIBE_STRUCT(BatchIn, (), (deletions))

struct TargetIn {
  std::string type, name;
};
BOOST_DESCRIBE_STRUCT(TargetIn, (), (type, name))

struct FileIn {
  std::string sha256;
  std::optional<std::string> filename, xetHash;
};
BOOST_DESCRIBE_STRUCT(FileIn, (), (sha256, filename, xetHash))

struct CopyIn {
  TargetIn target;
  std::vector<FileIn> files;
};
BOOST_DESCRIBE_STRUCT(CopyIn, (), (target, files))

Result<Sha256Digest> digest_of(std::string_view text) {
  if (auto digest = Sha256Digest::parse(text)) return *digest;
  return fail(ErrorCode::invalid_argument, "InvalidRequest",
              "A large file is named by its SHA-256: 64 lower-case hex digits.");
}

json::object line_json(const repo::LargeFileLine& line) {
  const auto& file = line.file;
  json::object out{{"fileOid", file.sha256.hex()},
                   {"oid", file.sha256.hex()},
                   {"filename", file.path.value_or("")},
                   {"size", file.size_bytes},
                   {"pushedAt", to_rfc3339(file.pushed_at)}};
  if (file.ref) out["ref"] = *file.ref;
  if (!line.pusher.empty())
    out["pusher"] = json::object{{"_id", line.pusher_id}, {"name", line.pusher}, {"type", "user"}};
  return out;
}

RepoHandler list_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(limit, limit_of(request, 100, repo::large_file_limit_max));
    std::optional<std::string> cursor;
    if (auto text = request.query("cursor")) cursor = std::string(*text);
    CAIRN_CO_TRY(page, co_await services.operations.large_files(actor, repo, limit, cursor));
    json::array out;
    for (const auto& line : page.files) out.push_back(line_json(line));
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  };
}

RepoHandler batch_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<BatchIn>());
    std::vector<Sha256Digest> files;
    for (const auto& text : in.deletions.sha) {
      CAIRN_CO_TRY(digest, digest_of(text));
      files.push_back(digest);
    }
    CAIRN_CO_CHECK(co_await services.operations.delete_large_files(
        actor, repo, std::move(files), in.deletions.rewriteHistory.value_or(false)));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

RepoHandler delete_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(digest, digest_of(request.param("sha")));
    CAIRN_CO_CHECK(co_await services.operations.delete_large_files(
        actor, repo, {digest}, request.query_flag("rewriteHistory")));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

RepoHandler copy_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef from) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CopyIn>());
    auto kind = parse_repo_kind(in.target.type);
    if (!kind)
      co_return fail(ErrorCode::invalid_argument, "InvalidType",
                     "\"target.type\" must be one of model, dataset, space, kernel.");
    std::vector<Sha256Digest> files;
    for (const auto& file : in.files) {
      CAIRN_CO_TRY(digest, digest_of(file.sha256));
      files.push_back(digest);
    }
    CAIRN_CO_TRY(to,
                 co_await services.repos.find(actor, *kind, in.target.name, access::Action::write));
    CAIRN_CO_TRY(lines, co_await services.operations.copy_large_files(actor, from, to.repo,
                                                                      std::move(files)));
    json::array success, failed;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      json::object line{{"sha256", lines[i].sha256.hex()}};
      if (in.files[i].filename) line["filename"] = *in.files[i].filename;
      if (in.files[i].xetHash) line["xetHash"] = *in.files[i].xetHash;
      if (lines[i].error) line["error"] = lines[i].error->message;
      (lines[i].error ? failed : success).push_back(std::move(line));
    }
    co_return http::json(200, json::value(json::object{{"success", std::move(success)},
                                                       {"failed", std::move(failed)}}));
  };
}

}  // namespace

void add_large_file_routes(http::Router& router, Services& services) {
  using access::Action;
  for (RepoKind kind : all_kinds) {
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/lfs-files"),
                .operation = "lfs_files.list",
                .summary = "Large files ever pushed, newest first.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, list_handler(services))});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/lfs-files/batch"),
                .operation = "lfs_files.delete_batch",
                .summary = "Delete large files for good, from the history too if asked.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, batch_handler(services)),
                .request_schema = json_schema<BatchIn>()});
    router.add({.method = http::Method::delete_,
                .pattern = api_path(kind, "/lfs-files/{sha}"),
                .operation = "lfs_files.delete",
                .summary = "Delete one large file for good.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, delete_handler(services))});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/lfs-files/duplicate"),
                .operation = "lfs_files.duplicate",
                .summary = "Give another repository large files of this one.",
                .scope = "write",
                .access = "repo.copy",
                .handler = on_repo(services, kind, Action::read_content, copy_handler(services)),
                .request_schema = json_schema<CopyIn>()});
  }
}

}  // namespace cairn::api::hub
