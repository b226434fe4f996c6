#include "hub/history/check.h"

#include <filesystem>
#include <unordered_set>

#include "base/random.h"
#include "hub/history/store.h"
#include "platform/git/git_program.h"

namespace cairn::history {
namespace {

// A single blob or tree larger than this was never accepted.
constexpr std::size_t object_bytes_max = 1u << 30;

struct Checker {
  const git::ObjectSource& source;
  const PageLoader& load;
  std::vector<History::Finding> findings;
  std::unordered_set<git::Oid> blobs;
  std::unordered_set<git::Oid> trees;        ///< Tree and sheet compared already.
  std::unordered_set<git::Oid> trees_alone;  ///< Read without a sheet.

  void wrong(std::string what) { findings.push_back({true, {}, std::move(what)}); }

  void object(git::ObjectType type, const git::Oid& oid) {
    auto read = source.read(oid, object_bytes_max, git::VerifyHash::yes);
    if (!read)
      wrong(std::string(git::to_string(type)) + " " + oid.hex() + ": " + read.error().message);
    else if (read->type != type)
      wrong(oid.hex() + " is a " + std::string(git::to_string(read->type)) + ", not a " +
            std::string(git::to_string(type)));
  }

  /// Objects alone: a commit whose sheet is still to be built.
  void from_git(const std::vector<git::TreeEntry>& entries, const std::string& path) {
    for (const auto& e : entries) {
      std::string name = path.empty() ? e.name : path + "/" + e.name;
      if (e.mode == git::FileMode::directory)
        folder(e.oid, {}, name);
      else if (e.mode != git::FileMode::submodule && blobs.insert(e.oid).second)
        object(git::ObjectType::blob, e.oid);
    }
  }

  void folder(const git::Oid& tree, const std::optional<SheetId>& sheet, const std::string& path) {
    auto& seen = sheet ? trees : trees_alone;
    if (!seen.insert(tree).second) return;
    object(git::ObjectType::tree, tree);
    auto entries = source.read_tree(tree);
    if (!entries) return;
    if (!sheet) return from_git(*entries, path);
    auto listed = read_folder(load, *sheet);
    if (!listed) return wrong("\"" + path + "\": " + listed.error().message);
    if (listed->size() != entries->size())
      return wrong("\"" + path + "\": sheet and tree differ in length");
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const auto& in_tree = (*entries)[i];
      const auto& in_sheet = (*listed)[i];
      std::string name = path.empty() ? in_tree.name : path + "/" + in_tree.name;
      if (in_tree.name != in_sheet.path || in_tree.oid != in_sheet.oid ||
          in_tree.mode != in_sheet.mode) {
        wrong("\"" + name + "\": sheet and tree differ");
      } else if (in_sheet.is_folder()) {
        if (!in_sheet.sheet) wrong("\"" + name + "\": the folder has no sheet");
        folder(in_tree.oid, in_sheet.sheet, name);
      } else if (in_sheet.mode != git::FileMode::submodule && blobs.insert(in_tree.oid).second) {
        object(git::ObjectType::blob, in_tree.oid);
      }
    }
  }
};

struct Snapshot {
  std::vector<Ref> refs;
  std::vector<CommitInfo> commits;
};

Result<Snapshot> read_snapshot(db::Database& database, RepoId repo) {
  auto read = [&](db::Tx& tx) -> Result<Snapshot> {
    return Snapshot{store::refs(tx, repo, ""), store::reachable_commits(tx, repo)};
  };
  return database.read_now(read);
}

}  // namespace

Result<std::vector<History::Finding>> check_repo(db::Database& database, Packs& packs,
                                                 const PageLoader& load, RepoId repo) {
  CAIRN_TRY(snapshot, read_snapshot(database, repo));
  auto source = packs.source(repo, true);
  if (!source) {
    std::vector<History::Finding> broken{{true, {}, "packs: " + source.error().message}};
    return broken;
  }
  Checker checker{**source, load, {}, {}, {}, {}};
  std::unordered_set<git::Oid> known;
  for (const auto& commit : snapshot.commits) known.insert(commit.oid);
  for (const auto& ref : snapshot.refs) {
    if (!known.contains(ref.commit))
      checker.wrong(ref.name + " leads to " + ref.commit.hex() + ", which has no commit row");
    if (ref.tag_object) checker.object(git::ObjectType::tag, *ref.tag_object);
  }
  for (const auto& commit : snapshot.commits) {
    checker.object(git::ObjectType::commit, commit.oid);
    auto data = checker.source.read_commit(commit.oid);
    if (data && (data->tree != commit.tree || data->parents != commit.parents))
      checker.wrong("commit " + commit.oid.hex() + ": row and object differ");
    for (const auto& parent : commit.parents)
      if (!known.contains(parent))
        checker.wrong("commit " + commit.oid.hex() + ": parent " + parent.hex() + " is missing");
    checker.folder(commit.tree, commit.sheet, "");
  }
  return std::move(checker.findings);
}

Result<std::vector<LargeFile>> large_files_of(db::Database& database, const PageLoader& load,
                                              RepoId repo) {
  CAIRN_TRY(snapshot, read_snapshot(database, repo));
  std::unordered_set<SheetId> seen;
  std::map<Sha256Digest, std::uint64_t> found;
  auto first_time = [&](const SheetId& id) { return seen.insert(id).second; };
  auto visit = [&](const SheetEntry& e) -> Result<> {
    if (e.lfs) found[*e.lfs] = e.size_bytes;
    return {};
  };
  for (const auto& commit : snapshot.commits)
    if (commit.sheet) CAIRN_CHECK(walk_pages(load, *commit.sheet, first_time, visit));
  std::vector<LargeFile> out;
  for (const auto& [sha, size] : found) out.push_back({sha, size});
  return out;
}

Result<History::Sweep> sweep_unreachable(db::Database& database, storage::ObjectStore& objects,
                                         const PageLoader& load, const Clock& clock, Duration grace,
                                         bool dry_run) {
  History::Sweep sweep;
  Time before = clock.now() - grace;

  // 1. Packs that no repository has any more: row first, so that nothing refers to the object.
  auto unlinked = [&](db::Tx& tx) -> Result<std::vector<store::Unlinked>> {
    return store::unlinked_packs(tx, before);
  };
  CAIRN_TRY(packs, database.read_now(unlinked));
  for (const auto& pack : packs) {
    ++sweep.objects;
    sweep.bytes += static_cast<std::uint64_t>(pack.size_bytes);
    if (dry_run) continue;
    auto remove = [&](db::Tx& tx) -> Result<> {
      store::delete_pack(tx, pack.id);
      return {};
    };
    CAIRN_CHECK(database.write_now(remove));
  }

  // 2. Pack objects without a row: uploads whose transaction never came, and those of step 1.
  auto keys = [](db::Tx& tx) -> Result<std::vector<std::string>> {
    return store::pack_object_keys(tx);
  };
  std::optional<storage::Key> after;
  for (;;) {
    CAIRN_TRY(listed, objects.list("pack/", after, 1000));
    if (listed.empty()) break;
    CAIRN_TRY(rows, database.read_now(keys));  // After the list: a row written since is seen.
    std::unordered_set<std::string> live(rows.begin(), rows.end());
    for (const auto& object : listed) {
      after = object.key;
      if (live.contains(object.key.text) || object.modified >= before) continue;
      ++sweep.objects;
      sweep.bytes += object.size_bytes;
      if (!dry_run) CAIRN_CHECK(objects.remove(object.key));
    }
  }

  // 3. Sheet pages that no commit leads to. A page written again meanwhile has a new touched_at.
  std::unordered_set<SheetId> live;
  auto first_time = [&](const SheetId& id) { return live.insert(id).second; };
  auto ignore = [](const SheetEntry&) -> Result<> { return {}; };
  std::int64_t repo = 0;
  std::string oid;
  for (;;) {
    std::int64_t last = repo;
    auto roots = [&](db::Tx& tx) -> Result<std::vector<std::pair<std::string, SheetId>>> {
      return store::root_sheets(tx, repo, oid, 1000, last);
    };
    CAIRN_TRY(page, database.read_now(roots));
    if (page.empty()) break;
    for (const auto& [commit, root] : page) CAIRN_CHECK(walk_pages(load, root, first_time, ignore));
    repo = last;
    oid = page.back().first;
  }
  std::optional<SheetId> last_page;
  for (;;) {
    auto old = [&](db::Tx& tx) -> Result<std::vector<std::pair<SheetId, std::int64_t>>> {
      return store::pages_touched_before(tx, before, last_page, 1000);
    };
    CAIRN_TRY(pages, database.read_now(old));
    if (pages.empty()) break;
    last_page = pages.back().first;
    std::erase_if(pages, [&](const auto& p) { return live.contains(p.first); });
    for (const auto& [id, size] : pages) {
      ++sweep.objects;
      sweep.bytes += static_cast<std::uint64_t>(size);
    }
    if (dry_run || pages.empty()) continue;
    auto remove = [&](db::Tx& tx) -> Result<> {
      for (const auto& [id, size] : pages) store::delete_page(tx, id, before);
      return {};
    };
    CAIRN_CHECK(database.write_now(remove));
  }
  return sweep;
}

Result<> export_repo(Packs& packs, RepoId repo, const std::vector<Ref>& refs,
                     const std::string& folder) {
  std::string scratch = folder + ".packs-" + hex_encode(random_bytes(6));
  struct Cleanup {
    std::string folder;
    ~Cleanup() {
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
    }
  } cleanup{scratch};
  CAIRN_TRY(files, packs.files(repo, scratch));
  git::BareFolder bare;
  for (const auto& path : files) {
    auto name = std::filesystem::path(path).stem().string();  // "pack-<checksum>"
    CAIRN_TRY(checksum, Sha1Digest::parse(std::string_view(name).substr(5)));
    bare.packs.push_back(git::PackFile{path, checksum});
  }
  for (const auto& ref : refs) bare.refs.push_back({ref.name, ref.tag_object.value_or(ref.commit)});
  return git::make_bare_folder(folder, bare);
}

}  // namespace cairn::history
