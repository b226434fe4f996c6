#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"
#include "hub/history/refs.h"
#include "hub/history/sheets.h"
#include "platform/git/sent_pack.h"

namespace cairn::history {

/// The one Incoming there is.
class IncomingPack final : public Incoming {
 public:
  struct Parts {
    db::Database& database;
    Packs& packs;
    Pages& pages;
    RefCache& refs;
    const Options& options;
  };
  /// @return `storage_full` or `unavailable` from the disk.
  [[nodiscard]] static Result<std::unique_ptr<IncomingPack>> make(Parts parts, RepoId repo);
  ~IncomingPack() override;

  [[nodiscard]] const std::string& folder() const override { return bare_; }
  Result<> take(const git::PackFile& pack, std::uint64_t objects_sent) override;
  [[nodiscard]] const std::vector<CommitInfo>& commits() const override { return commits_; }
  Result<Tip> peel(const git::Oid& oid) override;
  Result<> walk(const std::function<Result<>(const NewFile&)>& visit) override;
  Result<SheetEntry> entry(const CommitInfo& commit, std::string_view path) override;
  Result<std::string> read(const git::Oid& blob, std::size_t bytes_max) override;
  Result<bool> descends(const CommitInfo& commit, const git::Oid& ancestor) override;
  Result<> store() override;
  Result<> insert(db::Tx& tx) override;
  [[nodiscard]] std::vector<std::string> follow_up() const override;
  [[nodiscard]] std::uint64_t blob_bytes() const override { return blob_bytes_; }

 private:
  IncomingPack(Parts parts, RepoId repo, std::string scratch);
  Result<> read_objects(const git::PackFile& pack, std::uint64_t objects_sent);
  Result<> read_commits(const std::vector<git::Oid>& found);
  Result<> find_boundary();
  /// Whoever names an object must have it, or may read it.
  [[nodiscard]] bool proved(const git::Oid& oid) const { return sent_ && sent_->proves(oid); }
  Result<> order_commits();
  Result<std::optional<Tip>> known_tip(const git::Oid& oid);
  Result<> walk_tree(const git::Oid& tree, const std::string& prefix,
                     const std::function<Result<>(const NewFile&)>& visit);
  Result<bool> store_inline();
  Result<> store_file();
  Result<> build_sheets();

  Parts parts_;
  RepoId repo_;
  std::string scratch_, bare_;

  std::shared_ptr<const git::ObjectSource> base_;
  git::ObjectSource source_;  ///< The repository and the new pack.
  std::optional<git::PackFile> pack_;
  std::string idx_;
  std::unordered_map<git::Oid, git::ObjectHeader> new_;  ///< Sent, and not in the repository.
  std::optional<git::SentPack> sent_;                    ///< Absent when it is empty.
  std::vector<CommitInfo> commits_;
  std::unordered_map<git::Oid, std::size_t> commit_at_;  ///< Into commits_.
  std::unordered_map<git::Oid, CommitInfo> boundary_;    ///< Parents that were there before.
  std::unordered_set<git::Oid> walked_;                  ///< Trees and blobs.
  std::uint64_t blob_bytes_ = 0;

  // What `store` made.
  std::optional<store::PackRow> row_;
  std::optional<std::int64_t> row_id_;  ///< The row is there, without a repository.
  std::vector<EncodedPage> pages_;      ///< For the transaction.
  bool rows_stored_ = false;
};

}  // namespace cairn::history
