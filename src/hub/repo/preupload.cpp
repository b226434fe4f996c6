#include <map>

#include "base/text.h"
#include "hub/repo/commits.h"
#include "hub/repo/commits_parts.h"
#include "hub/repo/files_parts.h"
#include "hub/repo/sniff.h"
#include "platform/git/attributes.h"
#include "platform/git/ignore.h"

namespace cairn::repo {
namespace {

/// Text files that rules are read from; git itself has no larger ones.
constexpr std::size_t rules_bytes_max = git::attributes_bytes_max;

struct Asked {
  git::RepoPath path;
  const PreuploadFile* file;
};

/// Reads files of one commit, on a Blocking thread.
class CommitReader {
 public:
  CommitReader(history::History& history, RepoId repo, CommitRef commit)
      : history_(history), repo_(repo), commit_(std::move(commit)) {}

  Result<std::optional<history::SheetEntry>> find(const git::RepoPath& path) {
    auto found = history_.entry(*commit_, path.text());
    if (found) return std::optional(std::move(*found));
    if (found.error().code == ErrorCode::not_found) return std::optional<history::SheetEntry>{};
    return fail(found.error());
  }
  /// Empty when it is missing, a folder, or too large to be rules.
  Result<std::string> rules_text(const git::RepoPath& path) {
    CAIRN_TRY(entry, find(path));
    if (!entry || entry->is_folder() || entry->lfs || entry->size_bytes > rules_bytes_max)
      return std::string();
    CAIRN_TRY(blob, history_.blob(repo_, entry->oid, rules_bytes_max));
    return *blob;
  }

 private:
  history::History& history_;
  RepoId repo_;
  CommitRef commit_;
};

/// The rules of every folder on the way to the asked paths, the root's first.
template <class Rules>
Result<Rules> collect(CommitReader& reader, std::string_view name, const std::vector<Asked>& asked,
                      const std::optional<std::string>& root_text) {
  std::map<git::RepoPath, bool> folders;  // Ordered: a folder comes before what lies in it.
  folders[git::RepoPath{}];
  for (const auto& a : asked)
    for (auto folder = a.path.parent(); !folder.is_root(); folder = folder.parent())
      folders[folder];
  Rules rules;
  for (const auto& [folder, unused] : folders) {
    if (folder.is_root() && root_text) {
      CAIRN_CHECK(rules.add(*root_text, folder));
      continue;
    }
    CAIRN_TRY(path, folder.child(name));
    CAIRN_TRY(text, reader.rules_text(path));
    if (!text.empty()) CAIRN_CHECK(rules.add(text, folder));
  }
  return rules;
}

UploadMode mode_of(const git::Attributes& attributes, const Asked& asked) {
  const auto& file = *asked.file;
  if (file.size_bytes == 0) return UploadMode::regular;  // Clients commit it as regular anyway.
  // What git or the hub itself reads is never a pointer.
  auto name = asked.path.name();
  if (name == ".gitattributes" || name == ".gitignore" || name == ".gitmodules" ||
      asked.path.text() == "README.md")
    return file.size_bytes > regular_bytes_max ? UploadMode::lfs : UploadMode::regular;
  if (attributes.is_lfs(asked.path)) return UploadMode::lfs;
  bool large = file.size_bytes > regular_bytes_max;
  return large || looks_binary(file.sample) ? UploadMode::lfs : UploadMode::regular;
}

Result<PreuploadAnswer> answer(history::History& history, RepoId repo, CommitRef commit,
                               const PreuploadQuery& query) {
  std::vector<Asked> asked;
  for (const auto& file : query.files) {
    CAIRN_TRY(path, git::parse_path(file.path));
    asked.push_back({std::move(path), &file});
  }
  CommitReader reader(history, repo, commit);
  CAIRN_TRY(attributes,
            collect<git::Attributes>(reader, ".gitattributes", asked, query.git_attributes));
  CAIRN_TRY(ignore, collect<git::Ignore>(reader, ".gitignore", asked, query.git_ignore));
  PreuploadAnswer out;
  out.commit = commit;
  for (const auto& a : asked) {
    PreuploadAnswer::File file;
    file.path = a.file->path;
    file.mode = mode_of(attributes, a);
    file.ignored = ignore.ignores(a.path);
    CAIRN_TRY(there, reader.find(a.path));
    if (there && !there->is_folder()) file.oid = there->lfs ? there->lfs->hex() : there->oid.hex();
    out.files.push_back(std::move(file));
  }
  return out;
}

}  // namespace

Task<Result<PreuploadAnswer>> Commits::preupload(Actor actor, RepoRef repo, std::string revision,
                                                 PreuploadQuery query, bool create_pr) {
  if (query.files.size() > preupload_files_max)
    co_return fail(ErrorCode::too_large, "TooManyFiles", "Ask about at most 1000 files at once.");
  auto bytes_max = parts_->repos.options().large_file_bytes_max;
  for (const auto& file : query.files) {
    if (file.sample.size() > sample_bytes_max)
      co_return fail(ErrorCode::too_large, "SampleTooLong",
                     "The sample of a file is its first 512 bytes, and at most 4096.");
    if (file.size_bytes > bytes_max)
      co_return fail(ErrorCode::too_large, "FileTooLarge",
                     "\"" + std::string(truncate_utf8(file.path, 200)) +
                         "\" is larger than this hub takes (" + human_bytes(bytes_max) +
                         "). Split it into smaller files, or leave it out.");
  }
  auto parts = parts_;
  auto check = [parts, actor, repo, revision, create_pr](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    return parts->check_change(tx, actor, *current, revision, create_pr);
  };
  CAIRN_CO_CHECK(co_await parts_->database.read(check));
  CAIRN_CO_TRY(commit, co_await parts_->files.resolve(repo, revision));
  auto* history = &parts_->history;
  auto read = [history, repo, commit, query = std::move(query)] {
    return answer(*history, repo->id, commit, query);
  };
  co_return co_await parts_->blocking.run(read);
}

}  // namespace cairn::repo
