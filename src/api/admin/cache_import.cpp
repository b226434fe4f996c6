#include "api/admin/cache_import.h"

#include "api/admin/read_file.h"
#include "base/bytes.h"
#include "base/names.h"
#include "base/text.h"

namespace cairn::api::admin {
namespace {

constexpr std::string_view revision_line = "Original revision: ";
constexpr std::string_view repo_line = "Original repository: ";
constexpr std::size_t notes_max = 100;

std::string short_of(std::string_view revision) {
  return std::string(revision.substr(0, 12));
}

/// The rest of the line of a commit message that begins so.
std::optional<std::string> line_of(std::string_view message, std::string_view begin) {
  for (auto line : split(message, '\n'))
    if (line.starts_with(begin)) return std::string(trim(line.substr(begin.size())));
  return std::nullopt;
}

/// Trouble that is not this entry's own.
bool is_general(const Error& error) {
  switch (error.code) {
    case ErrorCode::storage_full:
    case ErrorCode::unavailable:
    case ErrorCode::internal:
    case ErrorCode::quota_exceeded:
      return true;
    default:
      return false;
  }
}

/// Names on a disk are any bytes; JSON takes only text.
std::string shown(std::string text) {
  if (is_valid_utf8(text)) return text;
  for (char& c : text)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return text;
}

Failure wrong_hash(const SnapshotFile& file) {
  return fail(ErrorCode::unprocessable, "CacheCorrupt",
              "the bytes of " + file.path +
                  " do not have the hash that the cache names; let the "
                  "client download it again");
}

}  // namespace

CacheImport::CacheImport(Services& services, std::string root, CacheEntry entry,
                         std::optional<std::string> owner)
    : services_(services),
      root_(std::move(root)),
      entry_(std::move(entry)),
      owner_(std::move(owner)),
      actor_(account::Actor::system()) {}

void CacheImport::note(std::string text) {
  if (notes_.size() < notes_max)
    notes_.push_back(shown(std::move(text)));
  else if (notes_.size() == notes_max)
    notes_.emplace_back("…");
}

json::object CacheImport::report(std::string_view state) const {
  json::array notes;
  for (const auto& text : notes_) notes.emplace_back(text);
  return {{"folder", shown(entry_.folder)},
          {"type", json::string_view(to_string(entry_.kind))},
          {"repo", shown(repo_name_.empty() ? entry_.original() : repo_name_)},
          {"state", json::string_view(state)},
          {"commits", commits_made_},
          {"files", files_},
          {"bytes", bytes_},
          {"notes", std::move(notes)}};
}

Task<Result<json::object>> CacheImport::run(bool dry_run) {
  for (const auto& text : entry_.notes) note(text);
  if (entry_.interrupted > 0)
    note(std::to_string(entry_.interrupted) + " downloads were interrupted and are not finished");
  CAIRN_CO_TRY(no_target, co_await find_target());
  if (no_target) {
    note(*no_target);
    co_return report("skipped");
  }
  CAIRN_CO_TRY(not_ours, co_await read_history());
  if (not_ours) {
    note(*not_ours);
    co_return report("skipped");
  }

  std::size_t present = 0;
  for (const auto& snapshot : entry_.snapshots) {
    if (had_.contains(snapshot.revision)) {
      ++present;
      continue;
    }
    std::string which = "revision " + short_of(snapshot.revision);
    if (!snapshot.problem.empty()) {
      note(which + " is incomplete: " + snapshot.problem);
      continue;
    }
    if (!snapshot.listed) note(which + ": the cache does not say whether these are all its files");
    wanted_.push_back(&snapshot);
  }
  if (wanted_.empty()) co_return report(present > 0 ? "present" : "incomplete");
  if (head_is_foreign_) {
    note(
        "a repository of this name is here, and its last commit is not from an import; import to "
        "another owner: --owner NAME");
    co_return report("skipped");
  }
  if (dry_run) {
    commits_made_ = wanted_.size();
    for (const auto* snapshot : wanted_)
      for (const auto& file : snapshot->files) ++files_, bytes_ += file.size_bytes;
    co_return report("importable");
  }
  CAIRN_CO_CHECK(co_await import_all());
  co_return report(failed_ ? "failed" : "imported");
}

Task<Result<std::optional<std::string>>> CacheImport::find_target() {
  using Reason = std::optional<std::string>;
  std::string owner = owner_.value_or(entry_.owner);
  if (owner.empty()) co_return Reason("its name has no owner; choose one: --owner NAME");
  if (auto name = check_repo_name(entry_.name); !name) co_return Reason(name.error().message);
  auto find = [owner](db::Tx& tx) { return account::find_owner(tx, owner); };
  auto found = co_await services_.database.read(find);
  if (!found) {
    if (is_general(found.error())) co_return fail(found.error());
    co_return Reason("there is no owner \"" + owner +
                     "\" here; make one with cairn admin org create " + owner +
                     ", or import to another with --owner NAME");
  }
  actor_.user_name = found->name;
  repo_name_ = found->name + "/" + entry_.name;
  auto repo = co_await services_.repos.find(actor_, entry_.kind, repo_name_, repo::Action::write);
  if (repo)
    repo_ = repo->repo;
  else if (repo.error().code != ErrorCode::not_found)
    co_return fail(repo.error());
  co_return Reason();
}

Task<Result<std::optional<std::string>>> CacheImport::read_history() {
  using Reason = std::optional<std::string>;
  if (!repo_) co_return Reason();
  bool first = true;
  for (repo::LogQuery query{.limit = repo::log_limit_max, .cursor = {}};;) {
    CAIRN_CO_TRY(page, co_await services_.files.log(repo_, "", query));
    for (const auto& commit : page.commits) {
      auto revision = line_of(commit->message, revision_line);
      auto origin = line_of(commit->message, repo_line);
      if (first && origin && *origin != entry_.original())
        co_return Reason("the repository of this name here was imported from " + *origin);
      // A repository that has only its initial commit has nothing to lose.
      if (first) head_is_foreign_ = !revision && !commit->parents.empty();
      first = false;
      had_.insert(commit->oid.hex());  // A cache of this very hub brings nothing new.
      if (!revision) continue;
      had_.insert(*revision);
      commits_[*revision] = commit->oid;
    }
    if (!page.next) co_return Reason();
    query.cursor = page.next;
  }
}

Task<Result<>> CacheImport::import_all() {
  if (!repo_) CAIRN_CO_CHECK(co_await make_repo());
  for (const auto* snapshot : wanted_) {
    auto imported = co_await import_snapshot(*snapshot);
    if (imported) continue;
    if (is_general(imported.error())) co_return fail(imported.error());
    failed_ = true;
    note("revision " + short_of(snapshot->revision) +
         " was not imported: " + imported.error().message);
  }
  co_return co_await make_branches();
}

Task<Result<>> CacheImport::make_repo() {
  repo::NewRepo wanted;
  wanted.kind = entry_.kind;
  wanted.owner = actor_.user_name;
  wanted.name = entry_.name;
  wanted.visibility = Visibility::private_;
  // What it was built with stands in its card, which comes with the files.
  if (entry_.kind == RepoKind::space) wanted.sdk = "static";
  CAIRN_CO_TRY(made, co_await services_.repos.create(actor_, std::move(wanted)));
  repo_ = made.repo;
  co_return Result<>{};
}

Task<Result<>> CacheImport::import_snapshot(const Snapshot& snapshot) {
  repo::CommitRequest request;
  request.header.summary = "Import " + entry_.original() + " at " + short_of(snapshot.revision);
  request.header.description = std::string(repo_line) + entry_.original() + "\n" +
                               std::string(revision_line) + snapshot.revision;
  request.staging = services_.commits.stage();
  std::uint64_t bytes = 0;
  for (const auto& file : snapshot.files) {
    CAIRN_CO_TRY(op, co_await put(file, request.staging));
    request.ops.push_back(std::move(op));
    bytes += file.size_bytes;
  }
  CAIRN_CO_CHECK(co_await add_deletions(snapshot, request.ops));
  CAIRN_CO_TRY(made,
               co_await services_.commits.commit(actor_, repo_, "main", std::move(request), false));
  commits_[snapshot.revision] = made.commit->oid;
  ++commits_made_;
  files_ += snapshot.files.size();
  bytes_ += bytes;
  co_return Result<>{};
}

Task<Result<repo::CommitOp>> CacheImport::put(const SnapshotFile& file,
                                              const std::shared_ptr<history::Staging>& staging) {
  CAIRN_CO_TRY(path, git::parse_path(file.path));
  CAIRN_CO_TRY(large, co_await goes_large(path, file));
  if (large) co_return co_await put_large(path, file);
  co_return co_await put_regular(path, file, staging);
}

Task<Result<bool>> CacheImport::goes_large(const git::RepoPath& path, const SnapshotFile& file) {
  if (file.size_bytes > repo::regular_bytes_max) co_return true;
  // The name of its blob tells how it was kept where it comes from.
  if (!file.hash.empty()) co_return file.hash.size() == 64 && file.size_bytes > 0;
  auto read = [root = root_, place = file.place]() -> Result<std::string> {
    CAIRN_TRY(open, CacheFile::open(root, place));
    return open->read(repo::sample_bytes_max);
  };
  CAIRN_CO_TRY(sample, co_await services_.blocking.run(read));
  repo::PreuploadQuery query;
  query.files.push_back({path.text(), file.size_bytes, std::move(sample)});
  CAIRN_CO_TRY(
      answer, co_await services_.commits.preupload(actor_, repo_, "main", std::move(query), false));
  co_return answer.files.front().mode == repo::UploadMode::lfs;
}

Task<Result<repo::CommitOp>> CacheImport::put_regular(
    git::RepoPath path, const SnapshotFile& file,
    const std::shared_ptr<history::Staging>& staging) {
  auto stage = [root = root_, file, staging]() -> Result<std::pair<git::Oid, std::uint64_t>> {
    CAIRN_TRY(open, CacheFile::open(root, file.place));
    CAIRN_TRY(content, open->read_all(repo::regular_bytes_max));
    CAIRN_TRY(oid, staging->add(content));
    bool right = file.hash.empty() || (file.hash.size() == 40 && oid.hex() == file.hash) ||
                 (file.hash.size() == 64 && sha256(content).hex() == file.hash);
    if (!right) return wrong_hash(file);
    return std::pair(oid, static_cast<std::uint64_t>(content.size()));
  };
  CAIRN_CO_TRY(staged, co_await services_.blocking.run(stage));
  co_return repo::CommitOp(repo::PutFile{std::move(path), staged.first, staged.second});
}

Task<Result<repo::CommitOp>> CacheImport::put_large(git::RepoPath path, const SnapshotFile& file) {
  lfs::Wanted wanted{.sha256 = {}, .size_bytes = file.size_bytes};
  if (file.hash.size() == 64) {
    CAIRN_CO_TRY(named, Sha256Digest::parse(file.hash));
    wanted.sha256 = named;
  } else {
    auto hash = [root = root_, file]() -> Result<Sha256Digest> {
      CAIRN_TRY(open, CacheFile::open(root, file.place));
      CAIRN_TRY(both, hash_of(*open));
      if (!file.hash.empty() && both.blob.hex() != file.hash) return wrong_hash(file);
      return both.sha256;
    };
    CAIRN_CO_TRY(digest, co_await services_.blocking.run(hash));
    wanted.sha256 = digest;
  }
  // No byte is moved twice: an earlier snapshot may have brought the file.
  auto look = [id = repo_->id, wanted](db::Tx& tx) -> Result<bool> {
    auto there = lfs::linked(tx, id, wanted.sha256);
    return there && there->size_bytes == wanted.size_bytes;
  };
  CAIRN_CO_TRY(there, co_await services_.database.read(look));
  if (!there) {
    auto open = [root = root_, place = file.place] { return CacheFile::open(root, place); };
    CAIRN_CO_TRY(source, co_await services_.blocking.run(open));
    auto added = co_await services_.large_files.add(repo_->id, UserId{0}, wanted,
                                                    source_of(services_.blocking, source));
    if (!added && added.error().word == "LfsHashMismatch") co_return wrong_hash(file);
    if (!added) co_return fail(added.error());
  }
  co_return repo::CommitOp(repo::PutLarge{std::move(path), wanted.sha256, wanted.size_bytes});
}

/// A commit of a snapshot holds what the snapshot holds. The repository's own .gitattributes stays
/// when the snapshot has none.
Task<Result<>> CacheImport::add_deletions(const Snapshot& snapshot,
                                          std::vector<repo::CommitOp>& ops) {
  std::set<std::string_view> kept{".gitattributes"};
  for (const auto& file : snapshot.files) kept.insert(file.path);
  for (repo::TreeQuery query{.folder = "", .recursive = true, .cursor = {}};;) {
    CAIRN_CO_TRY(page, co_await services_.files.tree(repo_, "refs/heads/main", query));
    for (const auto& [entry, commit] : page.entries) {
      if (entry.is_folder() || kept.contains(entry.path)) continue;
      CAIRN_CO_TRY(path, git::parse_path(entry.path));
      ops.emplace_back(repo::Delete{path});
    }
    if (!page.next) co_return Result<>{};
    query.cursor = page.next;
  }
}

/// Other refs than main become branches, where there is none of their name.
Task<Result<>> CacheImport::make_branches() {
  for (const auto& [name, revision] : entry_.refs) {
    auto commit = commits_.find(revision);
    if (name == "main" || commit == commits_.end()) continue;
    if (name.starts_with("refs/")) {
      note(name + " is no branch and was not made one");
      continue;
    }
    auto made = co_await services_.files.create_branch(
        actor_, repo_, {.name = name, .starting_point = commit->second.hex()});
    if (made || made.error().word == "RefExists") continue;
    if (is_general(made.error())) co_return fail(made.error());
    note("no branch \"" + name + "\" was made: " + made.error().message);
  }
  co_return Result<>{};
}

}  // namespace cairn::api::admin
