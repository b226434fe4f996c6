#include <filesystem>
#include <unordered_map>

#include "base/random.h"
#include "hub/history/rework.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

// A commit that comes in between costs one more try.
constexpr int races_max = 5;
constexpr std::size_t pages_kept_bytes_max = 512u << 10;
constexpr std::size_t commits_step = 500;
constexpr std::size_t object_bytes_max = 64u << 20;

/// The tree of a folder without the files that go.
struct NewTree {
  git::Oid oid;
  std::uint64_t size_bytes = 0, files = 0;
};

/// Rewrites one repository once. Objects go to a pack file and pages to the database as they are
/// made, so that memory holds names only.
class Rewriter {
 public:
  Rewriter(const Rework& rework, const RemovalPlan& plan, const CommitGraph& graph,
           git::PackFileWriter pack)
      : rework_(rework), plan_(plan), graph_(graph), pack_(std::move(pack)) {
    load_ = [this](const SheetId& id) -> Result<std::shared_ptr<const Page>> {
      if (auto fresh = fresh_pages_.find(id); fresh != fresh_pages_.end()) return fresh->second;
      return rework_.pages.load(id);
    };
  }

  Result<> commits(const std::vector<git::Oid>& parents_first) {
    for (const auto& oid : parents_first) CAIRN_CHECK(commit(oid));
    return flush_pages();
  }
  /// The commit that takes this one's place; itself when nothing changes for it.
  [[nodiscard]] git::Oid now(const git::Oid& old) const {
    auto found = moved_.find(old);
    return found == moved_.end() ? old : found->second.oid;
  }
  Result<git::Oid> tag(const git::Oid& old, const git::Oid& commit) {
    CAIRN_TRY(object, rework_.packs.read(plan_.repo, old, object_bytes_max));
    CAIRN_TRY(data, git::parse_tag(object.content));
    data.object = commit;
    data.type = git::ObjectType::commit;
    CAIRN_TRY(content, git::encode_tag(data));
    return pack_.add(git::ObjectType::tag, content);
  }
  [[nodiscard]] const std::vector<CommitInfo>& made() const { return made_; }
  [[nodiscard]] git::PackFileWriter& pack() { return pack_; }

 private:
  Result<bool> affected(const SheetId& folder);
  Result<NewTree> tree(const SheetId& folder, const git::Oid& old);
  Result<SheetId> sheet(const SheetId& old, const std::vector<SheetId>& parents,
                        const git::Oid& commit);
  Result<> commit(const git::Oid& oid);
  Result<> flush_pages();
  [[nodiscard]] bool goes(const SheetEntry& e) const {
    return e.lfs && plan_.files.contains(*e.lfs);
  }

  const Rework& rework_;
  const RemovalPlan& plan_;
  const CommitGraph& graph_;
  git::PackFileWriter pack_;
  PageLoader load_;
  std::unordered_map<SheetId, bool> affected_;
  std::unordered_map<git::Oid, NewTree> trees_;  ///< By the old tree.
  std::unordered_map<git::Oid, CommitInfo> moved_;
  std::vector<CommitInfo> made_;
  std::unordered_map<SheetId, std::shared_ptr<const Page>> fresh_pages_;
  std::vector<EncodedPage> unsaved_;
  std::size_t unsaved_bytes_ = 0;
};

Result<bool> Rewriter::affected(const SheetId& folder) {
  if (auto known = affected_.find(folder); known != affected_.end()) return known->second;
  CAIRN_TRY(entries, read_folder(load_, folder));
  bool found = false;
  for (const auto& e : entries) {
    if (goes(e)) found = true;
    if (found) break;
    if (!e.sheet) continue;
    CAIRN_TRY(below, affected(*e.sheet));
    found = below;
  }
  affected_[folder] = found;
  return found;
}

Result<NewTree> Rewriter::tree(const SheetId& folder, const git::Oid& old) {
  if (auto known = trees_.find(old); known != trees_.end()) return known->second;
  CAIRN_TRY(entries, read_folder(load_, folder));
  NewTree out;
  std::vector<git::TreeEntry> kept;
  for (const auto& e : entries) {
    if (goes(e)) continue;
    git::TreeEntry entry{e.mode, e.path, e.oid};
    std::uint64_t size = e.size_bytes, files = e.is_folder() ? e.files : 1;
    if (e.sheet) {
      CAIRN_TRY(is_affected, affected(*e.sheet));
      if (is_affected) {
        CAIRN_TRY(inner, tree(*e.sheet, e.oid));
        if (inner.files == 0) continue;  // Git has no empty folders.
        entry.oid = inner.oid;
        size = inner.size_bytes;
        files = inner.files;
      }
    }
    out.size_bytes += size;
    out.files += files;
    kept.push_back(std::move(entry));
  }
  CAIRN_TRY(content, git::encode_tree(std::move(kept)));
  CAIRN_TRY(oid, pack_.add(git::ObjectType::tree, content));
  out.oid = oid;
  trees_[old] = out;
  return out;
}

Result<SheetId> Rewriter::sheet(const SheetId& old, const std::vector<SheetId>& parents,
                                const git::Oid& commit) {
  CAIRN_TRY(entries, read_folder(load_, old));
  using ByName = std::unordered_map<std::string, SheetEntry>;
  std::vector<ByName> before(parents.size());
  for (std::size_t i = 0; i < parents.size(); ++i) {
    CAIRN_TRY(there, read_folder(load_, parents[i]));
    for (auto& e : there) {
      auto name = e.path;
      before[i].emplace(std::move(name), std::move(e));
    }
  }
  std::vector<SheetEntry> out;
  for (auto& e : entries) {
    if (goes(e)) continue;
    if (e.sheet) {
      CAIRN_TRY(is_affected, affected(*e.sheet));
      if (is_affected) {
        CAIRN_TRY(inner, tree(*e.sheet, e.oid));
        if (inner.files == 0) continue;
        e.oid = inner.oid;
        e.size_bytes = inner.size_bytes;
        e.files = inner.files;
      }
    }
    // TREESAME: who has the same object under the same name tells which commit changed it last.
    const SheetEntry* same = nullptr;
    std::vector<SheetId> below;
    for (const auto& names : before) {
      auto found = names.find(e.path);
      if (found == names.end()) continue;
      if (!same && found->second.oid == e.oid && found->second.mode == e.mode)
        same = &found->second;
      if (found->second.sheet) below.push_back(*found->second.sheet);
    }
    if (same) {
      out.push_back(*same);
      continue;
    }
    e.last_commit = commit;
    if (e.sheet) {
      CAIRN_TRY(inner, sheet(*e.sheet, below, commit));
      e.sheet = inner;
    }
    out.push_back(std::move(e));
  }
  auto pages = paginate(out);
  SheetId id = pages.back().id;
  for (auto& page : pages) {
    if (fresh_pages_.contains(page.id)) continue;
    CAIRN_TRY(decoded, decode_page(page.bytes));
    fresh_pages_[page.id] = std::make_shared<const Page>(std::move(decoded));
    unsaved_bytes_ += page.bytes.size();
    unsaved_.push_back(std::move(page));
  }
  return id;
}

Result<> Rewriter::commit(const git::Oid& oid) {
  const auto& node = graph_.at(oid);
  if (!node.sheet)
    return fail(ErrorCode::unavailable, "SheetPending",
                "A commit of the repository is still being indexed. Try again in a moment.");
  CAIRN_TRY(is_affected, affected(*node.sheet));
  bool parent_moved = false;
  for (const auto& parent : node.parents) parent_moved = parent_moved || moved_.contains(parent);
  if (!is_affected && !parent_moved) return {};

  auto find = [&](db::Tx& tx) -> Result<std::optional<CommitInfo>> {
    return store::find_commit(tx, plan_.repo, oid);
  };
  CAIRN_TRY(row, rework_.database.read_now(find));
  if (!row) return fail(ErrorCode::unavailable, "RefMoved", "The history changed meanwhile.");
  CommitInfo info = std::move(*row);
  CAIRN_TRY(object, rework_.packs.read(plan_.repo, oid, object_bytes_max));
  CAIRN_TRY(data, git::parse_commit(object.content));
  if (is_affected) {
    CAIRN_TRY(changed, tree(*node.sheet, node.tree));
    data.tree = changed.oid;
  }
  std::vector<SheetId> parents;
  for (auto& parent : data.parents) {
    auto moved = moved_.find(parent);
    if (moved != moved_.end()) {
      parents.push_back(*moved->second.sheet);
      parent = moved->second.oid;
    } else if (auto there = graph_.find(parent); there != graph_.end() && there->second.sheet) {
      parents.push_back(*there->second.sheet);
    }
  }
  data.extra_headers.clear();  // A signature was over the commit as it was.
  CAIRN_TRY(content, git::encode_commit(data));
  CAIRN_TRY(made, pack_.add(git::ObjectType::commit, content));
  info.oid = made;
  info.tree = data.tree;
  info.parents = data.parents;
  CAIRN_TRY(root, sheet(*node.sheet, parents, made));
  info.sheet = root;
  moved_[oid] = info;
  made_.push_back(std::move(info));
  if (unsaved_bytes_ > pages_kept_bytes_max) return flush_pages();
  return {};
}

Result<> Rewriter::flush_pages() {
  CAIRN_CHECK(store_pages(rework_.database, unsaved_));
  unsaved_.clear();
  unsaved_bytes_ = 0;
  fresh_pages_.clear();
  return {};
}

Result<store::PackRow> store_pack(const Rework& rework, git::PackFileWriter& pack,
                                  const std::string& path) {
  CAIRN_TRY(finished, pack.finish());
  store::PackRow row;
  row.checksum = finished.checksum.hex();
  row.idx = git::write_idx_v2(finished.index, finished.checksum);
  row.size_bytes = static_cast<std::int64_t>(finished.size_bytes);
  row.object_count = static_cast<std::int64_t>(finished.index.size());
  return rework.packs.adopt_file(path, std::move(row));
}

struct TemporaryFile {
  std::string path;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

/// One try. `raced` tells that a ref moved meanwhile.
Result<std::vector<MovedRef>> remove_once(const Rework& rework, const RemovalPlan& plan,
                                          bool& raced) {
  std::vector<Ref> refs;
  auto read = [&](db::Tx& tx) -> Result<> {
    refs = store::refs(tx, plan.repo, "");
    return {};
  };
  CAIRN_CHECK(rework.database.read_now(read));
  CAIRN_TRY(graph, read_graph(rework.database, plan.repo));
  std::vector<git::Oid> roots;
  for (const auto& ref : refs) roots.push_back(ref.commit);

  std::filesystem::create_directories(rework.temporary_folder);
  TemporaryFile file{rework.temporary_folder + "/" + hex_encode(random_bytes(12)) + ".pack"};
  CAIRN_TRY(writer, git::PackFileWriter::create(file.path));
  Rewriter rewriter(rework, plan, graph, std::move(writer));
  CAIRN_CHECK(rewriter.commits(reachable_from(graph, roots)));

  struct Move {
    Ref from, to;
  };
  std::vector<Move> moves;
  std::vector<MovedRef> moved;
  for (const auto& ref : refs) {
    auto now = rewriter.now(ref.commit);
    if (now == ref.commit) continue;
    Ref to{ref.name, now, {}};
    if (ref.tag_object) {
      CAIRN_TRY(tag, rewriter.tag(*ref.tag_object, now));
      to.tag_object = tag;
    }
    moves.push_back({ref, std::move(to)});
    moved.push_back({ref.name, ref.commit, now});
  }
  if (moves.empty()) {
    auto nothing = [&](db::Tx& tx) -> Result<> {
      return plan.within ? plan.within(tx, moved) : Result<>{};
    };
    CAIRN_CHECK(rework.database.write_now(nothing));
    return moved;
  }
  CAIRN_TRY(pack, store_pack(rework, rewriter.pack(), file.path));
  // Rows ahead of the refs that lead to them, in steps.
  const auto& made = rewriter.made();
  std::vector<git::Oid> names;
  for (const auto& info : made) names.push_back(info.oid);
  for (std::size_t at = 0; at < made.size(); at += commits_step) {
    auto step = [&](db::Tx& tx) -> Result<> {
      for (std::size_t i = at; i < std::min(at + commits_step, made.size()); ++i)
        store::insert_commit(tx, plan.repo, made[i]);
      return {};
    };
    CAIRN_CHECK(rework.database.write_now(step));
  }
  auto write = [&](db::Tx& tx) -> Result<> {
    raced = false;
    tx.lock_row(db::Lockable::repo, plan.repo.value);
    // Unreachable rows may be collected at any time; then all is made again.
    raced = !store::has_commits(tx, plan.repo, names);
    if (raced) return fail(ErrorCode::unavailable, "RefMoved", "The history changed meanwhile.");
    if (plan.within) CAIRN_CHECK(plan.within(tx, moved));
    for (const auto& move : moves) {
      raced = !store::move_ref(tx, plan.repo, move.from.name, move.from.commit, move.to);
      if (raced) return fail(ErrorCode::unavailable, "RefMoved", "A ref moved meanwhile.");
      store::append_log(tx, plan.repo, move.from.name, move.from.commit, move.to.commit, plan.actor,
                        "rewrite");
    }
    // What was not there when this began may lead to what goes.
    auto all = store::refs(tx, plan.repo, "");
    raced = all.size() != refs.size();
    if (raced) return fail(ErrorCode::unavailable, "RefMoved", "A ref was made meanwhile.");
    store::insert_pack(tx, plan.repo, pack);
    auto forget = [&rework, repo = plan.repo] { rework.refs.changed(repo, true); };
    tx.after_commit(forget);
    return {};
  };
  CAIRN_CHECK(rework.database.write_now(write));
  return moved;
}

}  // namespace

Result<std::vector<MovedRef>> remove_large_files(const Rework& rework, const RemovalPlan& plan) {
  for (int race = 0; race < races_max; ++race) {
    bool raced = false;
    auto moved = remove_once(rework, plan, raced);
    if (moved || !raced) return moved;
  }
  return fail(ErrorCode::unavailable, "RefMoved",
              "Commits to the repository kept coming. Nothing was changed; try again.");
}

}  // namespace cairn::history
