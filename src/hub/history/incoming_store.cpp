#include <chrono>
#include <filesystem>

#include "hub/history/incoming.h"
#include "hub/history/sheet_builder.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

using Monotonic = std::chrono::steady_clock;

// Small pushes become whole objects in a row, as API commits are: no object, no sync of its own.
constexpr std::size_t inline_raw_bytes_max = 4u << 20;
constexpr std::size_t inline_objects_max = 2000;
constexpr std::size_t inline_commits_max = 16;
// Rows that fit into the transaction of the refs; more go ahead of it, in steps.
constexpr std::size_t rows_in_transaction_max = 200;
constexpr std::size_t rows_step = 500;
constexpr std::size_t idx_in_transaction_max = 256u << 10;
// Sheets that are built before the push is answered: what people push by hand.
constexpr std::size_t sheets_at_once_max = 64;
constexpr auto sheets_at_once_time = std::chrono::milliseconds(300);

}  // namespace

Result<> IncomingPack::store() {
  if (!new_.empty()) {
    CAIRN_TRY(in_row, store_inline());
    if (!in_row) CAIRN_CHECK(store_file());
  }
  CAIRN_CHECK(build_sheets());
  if (commits_.size() > rows_in_transaction_max) {
    for (std::size_t at = 0; at < commits_.size(); at += rows_step) {
      auto insert = [&](db::Tx& tx) -> Result<> {
        for (std::size_t i = at; i < std::min(commits_.size(), at + rows_step); ++i)
          store::insert_commit(tx, repo_, commits_[i]);
        return {};
      };
      CAIRN_CHECK(parts_.database.write_now(insert));
    }
    rows_stored_ = true;
  }
  std::size_t page_bytes = 0;
  for (const auto& page : pages_) page_bytes += page.bytes.size();
  if (page_bytes > pages_step_bytes) {
    CAIRN_CHECK(store_pages(parts_.database, pages_));
    for (const auto& page : pages_) parts_.pages.remember(page);
    pages_.clear();
  }
  return {};
}

Result<bool> IncomingPack::store_inline() {
  std::error_code failed;
  auto file_bytes = std::filesystem::file_size(pack_->pack_path, failed);
  std::size_t commits = std::clamp<std::size_t>(commits_.size(), 1, inline_commits_max);
  if (failed || file_bytes > parts_.options.inline_pack_bytes_max * commits ||
      new_.size() > inline_objects_max)
    return false;
  std::uint64_t raw_bytes = 0;
  for (const auto& [oid, header] : new_) raw_bytes += header.size_bytes;
  if (raw_bytes > inline_raw_bytes_max) return false;
  std::vector<NewObject> objects;
  for (const auto& [oid, header] : new_) {
    CAIRN_TRY(object, source_.read(oid, inline_raw_bytes_max));
    objects.push_back({object.type, oid, std::move(object.content)});
  }
  // Blobs first and commits last, as a lane writes them: the same push gives the same pack.
  std::ranges::sort(objects, [](const NewObject& a, const NewObject& b) {
    return std::pair(a.type, a.oid) > std::pair(b.type, b.oid);
  });
  CAIRN_TRY(row, parts_.packs.store_objects(objects, commits));
  row_ = std::move(row);
  return true;
}

Result<> IncomingPack::store_file() {
  store::PackRow row;
  row.checksum = pack_->checksum.hex();
  row.idx = std::move(idx_);
  row.size_bytes = static_cast<std::int64_t>(std::filesystem::file_size(pack_->pack_path));
  row.object_count = static_cast<std::int64_t>(source_.disk_packs().front()->count());
  CAIRN_TRY(stored, parts_.packs.adopt_file(pack_->pack_path, std::move(row)));
  row_ = std::move(stored);
  if (row_->idx.size() <= idx_in_transaction_max) return {};
  auto insert = [&](db::Tx& tx) -> Result<std::int64_t> {
    return store::insert_unlinked_pack(tx, *row_);
  };
  CAIRN_TRY(id, parts_.database.write_now(insert));
  row_id_ = id;
  row_->idx.clear();
  return {};
}

Result<> IncomingPack::build_sheets() {
  if (commits_.size() > sheets_at_once_max) return {};
  for (const auto& [oid, parent] : boundary_)
    if (!parent.sheet) return {};  // Background work has not come so far yet.
  auto end = Monotonic::now() + sheets_at_once_time;
  SheetBuilder builder(source_, [this](const SheetId& id) { return parts_.pages.load(id); });
  for (auto& commit : commits_) {
    if (Monotonic::now() >= end) break;
    std::vector<BuiltParent> parents;
    for (const auto& oid : commit.parents) {
      auto found = commit_at_.find(oid);
      const auto& parent = found != commit_at_.end() ? commits_[found->second] : boundary_.at(oid);
      parents.push_back({parent.tree, *parent.sheet});
    }
    CAIRN_TRY(sheet, builder.build(commit.oid, commit.tree, parents));
    commit.sheet = sheet;
  }
  pages_ = builder.take_pages();
  return {};
}

Result<> IncomingPack::insert(db::Tx& tx) {
  if (row_id_) {
    if (!store::link_pack(tx, repo_, *row_id_, row_->level))
      return fail(ErrorCode::unavailable, "PushExpired",
                  "The push waited too long and was swept. Push again.");
  } else if (row_) {
    store::insert_pack(tx, repo_, *row_);
  }
  for (const auto& page : pages_) store::insert_page(tx, page);
  if (!rows_stored_)
    for (const auto& commit : commits_) store::insert_commit(tx, repo_, commit);
  int level = row_ ? row_->level : -1;
  auto inserted = [&packs = parts_.packs, repo = repo_, level] {
    if (level >= 0) packs.added(repo, level);
  };
  tx.after_commit(inserted);
  return {};
}

std::vector<std::string> IncomingPack::follow_up() const {
  std::vector<std::string> out;
  if (std::ranges::any_of(commits_, [](const auto& commit) { return !commit.sheet; }))
    out.emplace_back("history.sheets");
  // A large pack wants its index for clones, which comes after merging.
  bool large =
      row_ && row_->level >= 2 && row_->object_count >= parts_.options.clone_index_objects_min;
  if (large || parts_.packs.merge_due(repo_)) out.emplace_back("history.merge");
  return out;
}

}  // namespace cairn::history
