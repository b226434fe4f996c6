#include "hub/repo/files.h"

#include "base/text.h"
#include "hub/repo/files_parts.h"
#include "platform/git/path.h"

namespace cairn::repo {
namespace {

bool names_commit(std::string_view revision, const history::CommitInfo& commit) {
  return revision.size() == git::oid_hex && revision == commit.oid.hex();
}

bool is_file(const history::SheetEntry& entry) {
  return !entry.is_folder() && entry.mode != git::FileMode::submodule;
}

struct Read {
  history::SheetEntry entry;
  std::shared_ptr<const std::string> blob;
};

/// Entry and bytes, on a Blocking thread.
Result<Read> read_file(history::History& history, RepoId repo, const history::CommitInfo& commit,
                       const std::string& path, bool pointers) {
  auto valid = git::parse_path(path);
  if (!valid) return no_entry(commit);
  auto entry = history.entry(commit, valid->text());
  if (!entry) return fail(entry_error(std::move(entry).error(), commit));
  if (!is_file(*entry)) return no_entry(commit);
  Read out{std::move(*entry), nullptr};
  if (out.entry.lfs && !pointers) return out;
  if (!out.entry.lfs && out.entry.size_bytes > blob_bytes_max)
    return fail(ErrorCode::too_large, "FileTooLarge",
                "Regular files above 256 MiB are not served. Move the file to LFS.");
  CAIRN_TRY(blob, history.blob(repo, out.entry.oid, blob_bytes_max));
  out.blob = std::move(blob);
  return out;
}

}  // namespace

Result<history::CommitInfo> resolve_in(db::Tx& tx, history::History& history, const Repo& repo,
                                       const std::string& revision) {
  bool sound =
      revision.size() <= git::ref_bytes_max && is_valid_utf8(revision) && !revision.contains('\0');
  if (!sound) return no_revision(revision);
  return history.resolve(tx, repo.id, revision.empty() ? repo.default_branch : revision,
                         repo.default_branch);
}

Failure no_revision(std::string_view revision) {
  // What is not text has no place in a message.
  bool shown = is_valid_utf8(revision) && !revision.contains('\0');
  return fail(ErrorCode::not_found, "RevisionNotFound",
              "Invalid rev id: " + std::string(shown ? truncate_utf8(revision, 200) : "?"));
}

Failure no_entry(const history::CommitInfo& commit) {
  return fail(ErrorCode::not_found, "EntryNotFound", "Entry not found")
      .with("commit", commit.oid.hex());
}

Error entry_error(Error error, const history::CommitInfo& commit) {
  if (error.word == "EntryNotFound") return no_entry(commit).error();
  return error;
}

Files::Files(db::Database& database, history::History& history, Repos& repos,
             const Keyring& keyring, Blocking& blocking, const Clock& clock)
    : parts_(new Parts{database, history, repos, keyring, blocking, clock}) {}
Files::~Files() = default;

CommitRef Files::cached_resolve(const Repo& repo, std::string_view revision) {
  if (revision.empty()) revision = repo.default_branch;
  auto known = parts_->history.cached_resolve(repo.id, revision, repo.default_branch);
  return known ? std::make_shared<const history::CommitInfo>(std::move(*known)) : nullptr;
}

Task<Result<CommitRef>> Files::resolve(RepoRef repo, std::string revision) {
  if (auto known = cached_resolve(*repo, revision)) co_return known;
  auto* history = &parts_->history;
  auto read = [history, repo, revision](db::Tx& tx) {
    return resolve_in(tx, *history, *repo, revision);
  };
  CAIRN_CO_TRY(commit, co_await parts_->database.read(read));
  co_return std::make_shared<const history::CommitInfo>(std::move(commit));
}

std::optional<Content> Files::cached_content(const Repo& repo, std::string_view revision,
                                             std::string_view path) {
  auto commit = cached_resolve(repo, revision);
  if (!commit) return std::nullopt;
  auto entry = parts_->history.cached_entry(*commit, path);
  if (!entry || !is_file(*entry)) return std::nullopt;
  Content out{.commit = commit,
              .entry = std::move(*entry),
              .blob = nullptr,
              .immutable = names_commit(revision, *commit)};
  if (out.entry.lfs) return out;
  out.blob = parts_->history.cached_blob(repo.id, out.entry.oid);
  if (!out.blob) return std::nullopt;
  return out;
}

Task<Result<Content>> Files::content(RepoRef repo, std::string revision, std::string path) {
  if (auto known = cached_content(*repo, revision, path)) co_return std::move(*known);
  CAIRN_CO_TRY(commit, co_await resolve(repo, revision));
  auto* history = &parts_->history;
  auto read = [history, repo, commit, path] {
    return read_file(*history, repo->id, *commit, path, false);
  };
  CAIRN_CO_TRY(file, co_await parts_->blocking.run(read));
  co_return Content{.commit = commit,
                    .entry = std::move(file.entry),
                    .blob = std::move(file.blob),
                    .immutable = names_commit(revision, *commit)};
}

Task<Result<Content>> Files::raw(RepoRef repo, std::string revision, std::string path) {
  CAIRN_CO_TRY(commit, co_await resolve(repo, revision));
  auto* history = &parts_->history;
  auto read = [history, repo, commit, path] {
    return read_file(*history, repo->id, *commit, path, true);
  };
  CAIRN_CO_TRY(file, co_await parts_->blocking.run(read));
  co_return Content{.commit = commit,
                    .entry = std::move(file.entry),
                    .blob = std::move(file.blob),
                    .immutable = names_commit(revision, *commit)};
}

Task<Result<Entry>> Files::entry(RepoRef repo, std::string revision, std::string path) {
  CAIRN_CO_TRY(commit, co_await resolve(repo, revision));
  auto* history = &parts_->history;
  auto read = [history, commit, path]() -> Result<Entry> {
    auto valid = git::parse_folder(path);
    if (!valid) return no_entry(*commit);
    auto found = history->entry(*commit, valid->text());
    if (!found) return fail(entry_error(std::move(found).error(), *commit));
    if (valid->is_root()) {
      // The root has no line in any sheet: its size is the sum of its entries.
      history::TreeQuery query{
          .folder = {}, .recursive = false, .limit = tree_limit_max, .after = {}};
      do {
        CAIRN_TRY(page, history->tree(*commit, query));
        for (const auto& e : page.entries) {
          found->size_bytes += e.size_bytes;
          found->files += e.is_folder() ? e.files : 1;
        }
        query.after = std::move(page.next);
      } while (query.after);
    }
    return Entry{std::move(*found), nullptr};
  };
  co_return co_await parts_->blocking.run(read);
}

}  // namespace cairn::repo
