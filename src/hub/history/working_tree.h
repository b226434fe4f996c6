#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/pages.h"
#include "platform/git/pack.h"

namespace cairn::history {

/// A git object that a commit adds.
struct NewObject {
  git::ObjectType type;
  git::Oid oid;
  std::string content;
  /// A large tree by its last version; `content` is there all the same.
  std::optional<git::TreeDelta> delta = {};
};

/// What building a commit gives: rows and objects, nothing stored yet.
struct BuiltCommit {
  CommitInfo info;
  std::vector<NewObject> objects;  ///< Trees, small blobs, the commit itself last.
  std::vector<EncodedPage> pages;  ///< That the base did not have.
};

/// Reads a blob of the repository by id, for Editor::read.
using BlobReader = std::function<Result<std::string>(const git::Oid&, std::size_t bytes_max)>;

/// The tree of one commit, edited in memory; folders are read when an edit touches them.
class WorkingTree final : public Editor {
 public:
  WorkingTree(std::optional<CommitInfo> base, PageLoader load, BlobReader read_blob);
  ~WorkingTree() override;

  [[nodiscard]] const std::optional<CommitInfo>& base() const override { return base_; }
  [[nodiscard]] Result<std::optional<SheetEntry>> find(const git::RepoPath& path) override;
  [[nodiscard]] Result<std::string> read(const git::RepoPath& path, std::size_t max) override;
  Result<> put(const git::RepoPath& path, std::string_view content, std::optional<LargeFile> large,
               git::FileMode mode) override;
  Result<> put_staged(const git::RepoPath& path, const git::Oid& blob, std::uint64_t size_bytes,
                      git::FileMode mode) override;
  Result<> copy(const git::RepoPath& from, const git::RepoPath& to) override;
  Result<> remove(const git::RepoPath& path) override;

  /// Writes trees, commit and sheets. Once, at the end.
  [[nodiscard]] Result<BuiltCommit> finish(const git::Signature& author, const Message& message,
                                           Time now);

 private:
  struct Item;
  struct Folder;

  Result<> open(Folder& folder);
  /// The folder that holds `path`'s last name. Makes missing ones when asked.
  Result<Folder*> parent_of(std::string_view path, bool make);
  Result<Folder*> child_folder(Item& item);
  Result<> put_entry(const git::RepoPath& path, SheetEntry entry);
  Result<> write_trees(Folder& folder, const std::optional<git::Oid>& before,
                       std::vector<NewObject>& out);
  Result<> write_sheets(Folder& folder, const git::Oid& commit, std::vector<EncodedPage>& out);

  std::optional<CommitInfo> base_;
  PageLoader load_;
  BlobReader read_blob_;
  std::unique_ptr<Folder> root_;
  std::map<git::Oid, std::string> added_;  ///< Contents of blobs put by this edit.
  std::vector<git::Oid> added_order_;
};

}  // namespace cairn::history
