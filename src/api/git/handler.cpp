#include "api/git/handler.h"

#include <array>

#include <zlib.h>

#include "base/text.h"

namespace cairn::api::git {
namespace {

constexpr std::array kinds = {RepoKind::model, RepoKind::dataset, RepoKind::space,
                              RepoKind::kernel};

/// Relative, with the rest of the path and the query: only the name's segments change.
std::string moved_location(const http::Request& request, RepoKind kind, std::string_view old_name,
                           const std::string& new_name) {
  std::string path(request.path());
  std::size_t end = 1 + repo::url_prefix(kind).size();
  std::size_t segments = old_name.contains('/') ? 2 : 1;
  for (std::size_t i = 0; i < segments && end != path.npos; ++i)
    end = path.find('/', end + (i ? 1 : 0));
  std::string_view rest =
      end == path.npos ? std::string_view() : std::string_view(path).substr(end);
  std::string location = "/" + std::string(repo::url_prefix(kind)) + new_name + ".git";
  location += rest;
  if (!request.query_string().empty()) location += "?" + std::string(request.query_string());
  return location;
}

class PlainReader final : public BodyReader {
 public:
  PlainReader(http::Request& request, std::uint64_t bytes_max)
      : request_(request), left_(bytes_max) {}
  Task<Result<std::string>> read_some() override {
    CAIRN_CO_TRY(bytes, co_await request_.read_some());
    if (bytes.size() > left_)
      co_return fail(ErrorCode::too_large, "BodyTooLarge", "The request is too large.");
    left_ -= bytes.size();
    co_return std::move(bytes);
  }

 private:
  http::Request& request_;
  std::uint64_t left_;
};

class GzipReader final : public BodyReader {
 public:
  GzipReader(http::Request& request, std::uint64_t bytes_max)
      : request_(request), left_(bytes_max) {
    // 16: a gzip header, and nothing else.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  ~GzipReader() override {
    if (ready_) inflateEnd(&stream_);
  }

  Task<Result<std::string>> read_some() override {
    if (!ready_) co_return fail(ErrorCode::unavailable, "OutOfMemory", "Try again.");
    for (;;) {
      if (at_ == input_.size() && !source_ended_) {
        CAIRN_CO_TRY(bytes, co_await request_.read_some());
        source_ended_ = bytes.empty();
        input_ = std::move(bytes);
        at_ = 0;
      }
      CAIRN_CO_TRY(out, inflate_some());
      if (!out.empty() || ended_) co_return std::move(out);
    }
  }

 private:
  Result<std::string> inflate_some() {
    if (ended_) {
      if (at_ < input_.size()) return bad_body();
      return std::string();
    }
    std::string out(64u << 10, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data() + at_);
    stream_.avail_in = static_cast<uInt>(input_.size() - at_);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    int result = ::inflate(&stream_, Z_NO_FLUSH);
    at_ = input_.size() - stream_.avail_in;
    out.resize(out.size() - stream_.avail_out);
    ended_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return bad_body();
    if (!ended_ && out.empty() && source_ended_) return bad_body();
    if (out.size() > left_)
      return fail(ErrorCode::too_large, "BodyTooLarge", "The request is too large.");
    left_ -= out.size();
    return out;
  }
  static Failure bad_body() {
    return fail(ErrorCode::invalid_argument, "InvalidBody",
                "The request says that it is compressed with gzip, and it is not, or not whole.");
  }

  http::Request& request_;
  std::uint64_t left_;
  std::string input_;
  std::size_t at_ = 0;
  bool source_ended_ = false, ended_ = false, ready_ = false;
  z_stream stream_{};
};

}  // namespace

account::Actor actor_of(const http::Request& request) {
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : account::Actor::anonymous();
}

namespace {

/// "/spaces/squid/info/refs" looks like a model's of an owner "spaces", and there is none: an old
/// name of one segment, of another kind. Empty when it is none, or leads to what the actor may not
/// see.
Task<std::optional<http::Response>> redirect_old_name(Services& services, http::Request& request,
                                                      account::Actor actor) {
  for (RepoKind kind : kinds) {
    if (repo::url_prefix(kind) != std::string(request.param("ns")) + "/") continue;
    std::string name(request.param("name"));
    auto found = co_await services.repos.find(actor, kind, name, access::Action::see);
    if (found && found->moved)
      co_return http::redirect(307, moved_location(request, kind, name, found->repo->name));
  }
  co_return std::nullopt;
}

}  // namespace

Task<Result<http::Response>> with_repo(Services& services, http::Request& request, RepoKind kind,
                                       access::Action action, RepoHandler handler) {
  auto actor = actor_of(request);
  std::string name(request.param("ns"));
  name += (name.empty() ? "" : "/") + std::string(request.param("name"));
  auto found = services.repos.cached_find(actor, kind, name, action);
  if (!found) found = co_await services.repos.find(actor, kind, name, action);
  if (!*found && kind == RepoKind::model && found->error().word == "RepoNotFound")
    if (auto moved = co_await redirect_old_name(services, request, actor))
      co_return std::move(*moved);
  if (!*found) co_return std::unexpected(std::move(*found).error());
  // git follows the first redirect and warns its user of the new address.
  if ((*found)->moved)
    co_return http::redirect(307, moved_location(request, kind, name, (*found)->repo->name));
  co_return co_await handler(request, std::move(actor), (*found)->repo);
}

void add_repo_routes(http::Router& router, std::string_view suffix,
                     const std::function<http::Route(RepoKind)>& make) {
  for (RepoKind kind : kinds)
    for (std::string_view name : {"{ns}/{name}", "{ns}/{name}.git", "{name}.git", "{name}"}) {
      auto route = make(kind);
      route.pattern =
          "/" + std::string(repo::url_prefix(kind)) + std::string(name) + std::string(suffix);
      route.operation += "." + std::string(to_string(kind));
      route.encode_error = encode_error;
      // "/{name}/info/refs" looks like pages of other kinds, and leads to old names alone.
      route.last_resort = name == "{name}";
      router.add(std::move(route));
    }
}

void forbid_caching(http::Response& response) {
  response.headers.set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT");
  response.headers.set("Pragma", "no-cache");
  response.headers.set("Cache-Control", "no-cache, max-age=0, must-revalidate");
}

Result<std::unique_ptr<BodyReader>> BodyReader::open(http::Request& request,
                                                     std::uint64_t bytes_max) {
  std::string coding = to_lower_ascii(request.header("Content-Encoding"));
  if (coding.empty() || coding == "identity")
    return std::make_unique<PlainReader>(request, bytes_max);
  if (coding == "gzip" || coding == "x-gzip")
    return std::make_unique<GzipReader>(request, bytes_max);
  return fail(ErrorCode::unsupported, "UnsupportedEncoding",
              "The hub reads bodies that are plain or compressed with gzip.");
}

}  // namespace cairn::api::git
