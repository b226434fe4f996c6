#include "api/hub/open.h"
#include "api/hub/xet.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

struct MediaType {
  std::string_view suffix, type;
};
// Shown in place. What a browser would run (HTML, SVG, XML, scripts) is not among them.
constexpr MediaType media_types[] = {{".json", "application/json"},
                                     {".txt", "text/plain; charset=utf-8"},
                                     {".md", "text/plain; charset=utf-8"},
                                     {".csv", "text/plain; charset=utf-8"},
                                     {".tsv", "text/plain; charset=utf-8"},
                                     {".jsonl", "text/plain; charset=utf-8"},
                                     {".yaml", "text/plain; charset=utf-8"},
                                     {".yml", "text/plain; charset=utf-8"},
                                     {".py", "text/plain; charset=utf-8"},
                                     {".gitattributes", "text/plain; charset=utf-8"},
                                     {".png", "image/png"},
                                     {".jpg", "image/jpeg"},
                                     {".jpeg", "image/jpeg"},
                                     {".gif", "image/gif"},
                                     {".webp", "image/webp"},
                                     {".mp3", "audio/mpeg"},
                                     {".wav", "audio/wav"},
                                     {".flac", "audio/flac"},
                                     {".mp4", "video/mp4"},
                                     {".webm", "video/webm"},
                                     {".pdf", "application/pdf"}};
constexpr std::string_view active_suffixes[] = {".html", ".htm", ".xhtml", ".svg", ".xml",
                                                ".js",   ".mjs", ".css",   ".swf"};

std::string_view media_type(std::string_view path) {
  std::string name = to_lower_ascii(path.substr(path.rfind('/') + 1));
  for (const auto& media : media_types)
    if (name.ends_with(media.suffix)) return media.type;
  for (auto suffix : active_suffixes)
    if (name.ends_with(suffix)) return "text/plain; charset=utf-8";
  return "application/octet-stream";
}

bool is_active(std::string_view path) {
  std::string name = to_lower_ascii(path.substr(path.rfind('/') + 1));
  for (auto suffix : active_suffixes)
    if (name.ends_with(suffix)) return true;
  return false;
}

/// RFC 6266: a plain name for old clients and the true one, encoded.
std::string disposition(std::string_view path, bool attachment) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  std::string plain;
  for (unsigned char c : name)
    plain += c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '_' : static_cast<char>(c);
  return std::string(attachment ? "attachment" : "inline") + "; filename*=UTF-8''" +
         percent_encode(name) + "; filename=\"" + plain + "\";";
}

http::Representation representation(const http::Request& request, const repo::Repo& repo,
                                    const repo::Content& content) {
  const auto& entry = content.entry;
  http::Representation what;
  what.size_bytes = content.blob ? content.blob->size() : entry.size_bytes;
  bool large = entry.lfs && !content.blob;
  what.etag = "\"" + (large ? entry.lfs->hex() : entry.oid.hex()) + "\"";
  what.content_type = media_type(entry.path);
  auto& headers = what.headers;
  headers.add("X-Repo-Commit", content.commit->oid.hex());
  if (large) {
    headers.add("X-Linked-Etag", what.etag);
    headers.add("X-Linked-Size", std::to_string(entry.size_bytes));
  }
  if (!request.query_flag("noContentDisposition") || is_active(entry.path))
    headers.add("Content-Disposition",
                disposition(entry.path, request.query_flag("download") || is_active(entry.path)));
  // Strangers' bytes: a browser may show them, and nothing in them runs.
  headers.add("Content-Security-Policy", "sandbox; default-src 'none'");
  bool open_to_all = repo.visibility == Visibility::public_ && repo.gating == Gating::none;
  headers.add("Cache-Control", open_to_all && content.immutable
                                   ? "public, max-age=31536000, immutable"
                                   : "private, no-cache");
  return what;
}

/// Only what is there is a download. Accounts count by themselves, wherever they ask from.
void count(Services& services, const http::Request& request, const account::Actor& actor,
           const repo::Repo& repo, const history::SheetEntry& entry) {
  auto who = actor.has_user() ? "@" + std::to_string(actor.user.value) : request.remote_address();
  services.repos.count_download(repo, entry.path, entry.lfs.has_value(), who);
}

Task<Result<http::Response>> send(Services& services, http::Request& request,
                                  const repo::Repo& repo, repo::Content content) {
  auto what = representation(request, repo, content);
  if (content.blob) co_return http::serve(request, what, content.blob);
  CAIRN_CO_TRY(object, co_await services.large_files.open(repo.id, *content.entry.lfs));
  if (auto hash = xet::hash_of(object.file)) {
    std::string commit = content.commit->oid.hex();
    add_xet_headers(what.headers, services, repo, commit, *hash);
    if (asks_for_xet_info(request)) co_return xet_info(services, repo, commit, *hash, what);
  }
  if (int fd = object.reader->descriptor(); fd >= 0)
    co_return http::serve(request, what, http::FileSlice{fd, 0, object.size_bytes, object.reader});
  http::ReadAt read = [&services, reader = object.reader](
                          std::uint64_t offset, std::uint64_t bytes) -> Task<Result<std::string>> {
    auto step = [reader, offset, bytes] {
      return reader->read({offset, std::min<std::uint64_t>(bytes, 1u << 20)});
    };
    co_return co_await services.blocking.run(step);
  };
  co_return http::serve(request, what, std::move(read));
}

RepoHandler resolve_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto at = repo::split_revision(request.rest("rest"));
    auto known = services.files.cached_content(*repo, at.revision, at.path);
    if (!known) {
      CAIRN_CO_TRY(found, co_await services.files.content(repo, at.revision, at.path));
      known = std::move(found);
    }
    count(services, request, actor, *repo, known->entry);
    co_return co_await send(services, request, *repo, std::move(*known));
  };
}

RepoHandler raw_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto at = repo::split_revision(request.rest("rest"));
    CAIRN_CO_TRY(content, co_await services.files.raw(repo, at.revision, at.path));
    auto what = representation(request, *repo, content);
    co_return http::serve(request, what, content.blob);
  };
}

}  // namespace

void add_resolve_routes(http::Router& router, Services& services) {
  using access::Action;
  for (RepoKind kind : all_kinds) {
    auto resolve = resolve_handler(services);
    router.add({.method = http::Method::get,
                .pattern = web_path(kind, "/resolve/{rest...}"),
                .operation = "files.resolve",
                .summary = "A file's bytes at a revision.",
                .handler = on_repo(services, kind, Action::read_content, resolve)});
    router.add({.method = http::Method::get,
                .pattern = "/api/resolve-cache/" + std::string(repo::plural(kind)) +
                           "/{ns}/{name}/{rest...}",
                .operation = "files.resolve_cache",
                .summary = "A file's bytes at a commit.",
                .handler = on_repo(services, kind, Action::read_content, resolve)});
    router.add({.method = http::Method::get,
                .pattern = web_path(kind, "/raw/{rest...}"),
                .operation = "files.raw",
                .summary = "A file as git has it: large files give their pointer.",
                .handler = on_repo(services, kind, Action::read_content, raw_handler(services))});
  }
  // Old names of a single segment. Those of other kinds look like a model's: see on_repo.
  for (const char* pattern : {"/{name}/resolve/{rest...}", "/{name}/raw/{rest...}"})
    router.add({.method = http::Method::get,
                .pattern = pattern,
                .operation = "files.resolve_alias",
                .summary = "Redirects an old single-segment name.",
                .handler = on_repo(services, RepoKind::model, Action::read_content,
                                   resolve_handler(services)),
                .last_resort = true});
}

}  // namespace cairn::api::hub
