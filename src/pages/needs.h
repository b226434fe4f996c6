#pragma once
#include "pages/visit.h"

/// Which answers of the API each kind of page carries, by exactly the names that the app asks for
/// (web/src/lib/needs.ts): a test holds both sides against each other.
namespace cairn::pages::needs {

/// A repository as addresses of the API name it.
struct Repo {
  RepoKind kind;
  std::string id;  ///< "owner/name" as it is written now.
};

[[nodiscard]] std::string info(const Repo& repo);
[[nodiscard]] std::string refs(const Repo& repo);
[[nodiscard]] std::string may_write(const Repo& repo);
[[nodiscard]] std::string gate(const Repo& repo);
[[nodiscard]] std::string days(const Repo& repo);
[[nodiscard]] std::string last_commit(const Repo& repo);
[[nodiscard]] std::string children(const Repo& repo);
[[nodiscard]] std::string tree(const Repo& repo, std::string_view revision, std::string_view path);
/// Of a POST: the path and the body.
[[nodiscard]] std::pair<std::string, std::string> file(const Repo& repo, std::string_view revision,
                                                       std::string_view path);
[[nodiscard]] std::string commits(const Repo& repo, std::string_view revision);
/// The versions of one file.
[[nodiscard]] std::string file_history(const Repo& repo, std::string_view revision,
                                       std::string_view path);
/// A commit and what it changed.
[[nodiscard]] std::string changes(const Repo& repo, std::string_view oid);
/// @param dots  "..", or "..." for what `to` adds since both were one.
[[nodiscard]] std::string compare(const Repo& repo, std::string_view from, std::string_view dots,
                                  std::string_view to);
[[nodiscard]] std::string blame(const Repo& repo, std::string_view revision, std::string_view path);
[[nodiscard]] std::string list(RepoKind kind, const http::Request& request);
[[nodiscard]] std::string facets(RepoKind kind, const http::Request& request);
[[nodiscard]] std::string owned(RepoKind kind, std::string_view owner);
[[nodiscard]] std::string user(std::string_view name);
[[nodiscard]] std::string organization(std::string_view name);
[[nodiscard]] std::string trending(RepoKind kind);
inline constexpr std::string_view activity = "/api/-/v1/activity/mine?limit=10",
                                  requests = "/api/-/v1/access-requests";

}  // namespace cairn::pages::needs
