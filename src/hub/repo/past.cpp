#include "hub/repo/past.h"

#include <algorithm>

#include "hub/repo/blame_lines.h"
#include "hub/repo/compare_parts.h"
#include "hub/repo/files_parts.h"

namespace cairn::repo {

Task<Result<CommitRef>> Past::find(RepoRef repo, git::Oid oid) {
  auto read = [this, repo, oid](db::Tx& tx) -> Result<CommitRef> {
    auto commit = history_.find_commit(tx, repo->id, oid);
    if (!commit) return no_revision(oid.hex());
    return std::make_shared<const history::CommitInfo>(std::move(*commit));
  };
  co_return co_await database_.read(read);
}

Task<Result<CommitChanges>> Past::changes(RepoRef repo, std::string revision,
                                          std::optional<std::string> path,
                                          git::DiffOptions options) {
  CommitChanges out;
  CAIRN_CO_TRY(commit, co_await files_.resolve(repo, revision));
  out.commit = commit;
  if (!commit->parents.empty()) {
    CAIRN_CO_TRY(parent, co_await find(repo, commit->parents.front()));
    out.parent = parent;
  }
  static const auto nothing = std::make_shared<const history::CommitInfo>();
  auto read = [this, repo, path, options, from = out.parent ? out.parent : nothing,
               to = out.commit]() -> Result<std::pair<std::vector<FileChange>, bool>> {
    // One file is looked for among all.
    CAIRN_TRY(changes, history_.compare(*from, *to, path ? 100'000 : compared_files_max));
    bool more = changes.more;
    CAIRN_TRY(files, read_changes(history_, repo->id, std::move(changes.files), path, options));
    return std::pair(std::move(files), more);
  };
  CAIRN_CO_TRY(made, co_await blocking_.run(read));
  out.files = std::move(made.first);
  out.more = made.second;
  co_return out;
}

Task<Result<Between>> Past::between(RepoRef repo, std::string range, std::size_t commits_max) {
  CAIRN_CO_TRY(named, parse_range(range));
  auto read = [this, repo, named, commits_max](db::Tx& tx) -> Result<Between> {
    CAIRN_TRY(from, resolve_in(tx, history_, *repo, named.from));
    CAIRN_TRY(to, resolve_in(tx, history_, *repo, named.to));
    return commits_between(tx, history_, repo->id, from, to, commits_max);
  };
  co_return co_await database_.read(read);
}

Task<Result<std::optional<FileVersion>>> Past::version_at(RepoRef repo, CommitRef commit,
                                                          std::string path) {
  auto look = [this, commit, path] { return history_.entry(*commit, path); };
  auto entry = co_await blocking_.run(look);
  if (!entry) {
    if (entry.error().code == ErrorCode::not_found) co_return std::optional<FileVersion>{};
    co_return std::unexpected(entry.error());
  }
  if (entry->is_folder()) co_return std::optional<FileVersion>{};
  FileVersion out{commit, std::move(*entry)};
  // Commits whose sheets are not built yet know no last commit: they stand for themselves.
  if (out.entry.last_commit != git::Oid{} && out.entry.last_commit != commit->oid) {
    CAIRN_CO_TRY(last, co_await find(repo, out.entry.last_commit));
    out.commit = last;
  }
  co_return std::optional<FileVersion>(std::move(out));
}

Task<Result<std::optional<FileVersion>>> Past::before(RepoRef repo, FileVersion version) {
  for (const auto& parent : version.commit->parents) {
    CAIRN_CO_TRY(commit, co_await find(repo, parent));
    CAIRN_CO_TRY(found, co_await version_at(repo, commit, version.entry.path));
    if (found) co_return std::move(found);
  }
  co_return std::optional<FileVersion>{};
}

Task<Result<FileHistory>> Past::file_history(RepoRef repo, std::string revision, std::string path,
                                             int limit) {
  CAIRN_CO_TRY(entry, co_await files_.entry(repo, revision, path));
  CAIRN_CO_TRY(commit, co_await files_.resolve(repo, revision));
  if (entry.entry.is_folder()) co_return fail(no_entry(*commit).error());
  CAIRN_CO_TRY(first, co_await version_at(repo, commit, entry.entry.path));
  FileHistory out;
  auto version = std::move(first);
  while (version) {
    if (out.versions.size() == static_cast<std::size_t>(limit)) {
      out.next = version->commit->oid;
      break;
    }
    out.versions.push_back(*version);
    CAIRN_CO_TRY(older, co_await before(repo, *version));
    version = std::move(older);
  }
  co_return out;
}

Task<Result<Blame>> Past::blame(RepoRef repo, std::string revision, std::string path) {
  CAIRN_CO_TRY(content, co_await files_.raw(repo, revision, path));
  bool text = content.blob && !content.entry.lfs && content.blob->size() <= git::diff_bytes_max &&
              !git::is_binary(*content.blob);
  if (!text)
    co_return fail(ErrorCode::unprocessable, "NotText",
                   "Only text files of at most 1 MB have lines to look at.");
  Blame out;
  out.commit = content.commit;
  out.entry = content.entry;
  CAIRN_CO_TRY(first, co_await version_at(repo, content.commit, content.entry.path));
  auto version = std::move(first);
  BlameLines lines(*content.blob);
  auto newer = content.blob;
  std::vector<CommitRef> commits;
  for (int seen = 1; version; ++seen) {
    int number = static_cast<int>(commits.size());
    commits.push_back(version->commit);
    CAIRN_CO_TRY(older, co_await before(repo, *version));
    out.complete = !older || seen < blame_versions_max;
    if (!older || !out.complete || older->entry.lfs) {
      lines.finish(number);
      break;
    }
    auto step = [this, repo, &lines, newer, number,
                 oid = older->entry.oid]() -> Result<std::shared_ptr<const std::string>> {
      CAIRN_TRY(blob, history_.blob(repo->id, oid, git::diff_bytes_max));
      CAIRN_CHECK(lines.go_back(*blob, *newer, number));
      return blob;
    };
    auto text_before = co_await blocking_.run(step);
    // What cannot be compared (too long, binary then) is where the lines come from, for us.
    if (!text_before) {
      lines.finish(number);
      break;
    }
    newer = *text_before;
    if (lines.done()) break;
    version = std::move(older);
  }
  for (const auto& [start, count, number] : lines.ranges())
    out.ranges.push_back({start, count, commits[static_cast<std::size_t>(number)]});
  co_return out;
}

}  // namespace cairn::repo
