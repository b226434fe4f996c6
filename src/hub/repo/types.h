#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "hub/access/access.h"
#include "hub/account/types.h"
#include "hub/card/card.h"
#include "hub/history/history.h"

/// The values that everything about repositories shares.
namespace cairn::repo {

using access::Action;
using account::Actor;

/// "models", "datasets", "spaces", "kernels": the word in API routes.
[[nodiscard]] std::string_view plural(RepoKind kind);
[[nodiscard]] std::optional<RepoKind> parse_plural(std::string_view text);
/// "", "datasets/", "spaces/", "kernels/": what stands before the name in pages, git, resolve and
/// LFS URLs.
[[nodiscard]] std::string_view url_prefix(RepoKind kind);
/// hub/card stands below hub/account and has its own enum.
[[nodiscard]] card::RepoKind card_kind(RepoKind kind);

/// "owner/name", both parts as typed. Compared by `key()`.
struct RepoName {
  std::string owner;
  std::string name;
  [[nodiscard]] std::string text() const { return owner + "/" + name; }
  [[nodiscard]] std::string key() const;  ///< Folded: two names with one key are one name.
  bool operator==(const RepoName&) const = default;
};
/// Two parts of the shape that names have. Reserved names parse: whether an owner exists is for
/// the database to say.
/// @return `invalid_argument`, word "InvalidName".
[[nodiscard]] Result<RepoName> parse_repo_name(std::string_view text);

/// What may be changed about a living repository besides visibility and gating. Kept as JSON in
/// its row, with the wire's member names.
struct Settings {
  bool discussionsDisabled = false;
  std::string discussionsSorting = "recently-created";
  bool orgMembersGated = false;
  std::string gatedNotificationsEmail;
  std::string gatedNotificationsMode = "bulk";
  bool operator==(const Settings&) const = default;
};

/// A repository's row and what decisions need (`RepoFacts`: id, public_id, kind, name =
/// "owner/name", owner, visibility, gating…). A value; shared ones are `RepoRef`.
struct Repo : access::RepoFacts {
  std::string owner_name;  ///< As displayed.
  std::string short_name;  ///< Without the owner.
  std::string default_branch = "main";
  std::string sha;  ///< Head of the default branch, 40 hex digits.
  Settings settings;
  std::int64_t downloads = 0;  ///< Last 30 days.
  std::int64_t downloads_all_time = 0;
  std::int64_t likes = 0;
  std::int64_t trending_score = 0;
  std::int64_t storage_bytes = 0;  ///< Regular files ever committed, and linked large files.
  Time created_at;
  Time updated_at;  ///< Of the last commit to the default branch, or of the settings.
  std::optional<Time> deleted_at;
  std::optional<Time> purge_at;  ///< With `deleted_at`: when it can no longer be restored.
  std::int64_t version = 1;      ///< Raised by every change but counters.
  std::int64_t gc_epoch = 0;
};
using RepoRef = std::shared_ptr<const Repo>;
using CommitRef = std::shared_ptr<const history::CommitInfo>;

/// `{public_url}/{prefix}{name}`.
[[nodiscard]] std::string repo_url(std::string_view public_url, RepoKind kind,
                                   std::string_view name);

struct RevisionPath {
  std::string revision;
  std::string path;  ///< Without '/' at its start; empty when there is none. Not yet validated.
};
/// Splits what follows `/resolve/`, `/tree/`… Both forms of a special revision are one:
/// `refs%2Fpr%2F1` (one segment that decodes to slashes) and `refs/pr/1` (three segments; also
/// `refs/convert/x`, `refs/heads/x`, `refs/tags/x`, where x is one segment).
/// @param segments  between slashes, each already percent-decoded; at least one.
[[nodiscard]] RevisionPath split_revision(std::span<const std::string> segments);

/// How the hub is configured, as far as this module cares.
struct Options {
  std::string public_url = "http://localhost:2247";  ///< Without '/' at its end.
  Duration kept_after_delete = days(7);              ///< Deleted repositories can be restored.
  /// Whoever still uses the old name of a moved repository gets no stranger's files so long.
  Duration names_kept_after_move = days(90);
  std::size_t cached_repos_max = 100'000;  ///< Rows in memory, about 1 KB each.
  /// Regular files inlined in one commit, together. Clients stay near 100 MB; git itself becomes
  /// slow past some GB.
  std::uint64_t commit_bytes_max = 2ull << 30;
  /// One large file, as hub/lfs takes it: said before anything is uploaded.
  std::uint64_t large_file_bytes_max = 5ull << 40;

  /// "localhost": of no-reply addresses.
  [[nodiscard]] std::string host() const;
};

}  // namespace cairn::repo
