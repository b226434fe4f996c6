#include "hub/history/collect.h"

#include <filesystem>
#include <unordered_set>

#include "base/random.h"
#include "base/text.h"
#include "hub/history/store.h"
#include "platform/git/git_program.h"

namespace cairn::history {
namespace {

// Another ref moved while the packs were written anew: rare, and then tried again at once.
constexpr int attempts_max = 3;
// Rows that fit into the transaction; those of a larger rewrite go with the next runs.
constexpr std::size_t rows_max = 20'000;

/// A repository at the moment the collection looked.
struct Seen {
  std::vector<Ref> refs;
  std::vector<store::PackRow> packs;
  std::vector<git::Oid> kept;    ///< Values that refs held within the grace.
  std::vector<git::Oid> doomed;  ///< Commits with rows that none of these reach.
};

bool same(const std::vector<Ref>& a, const std::vector<Ref>& b) {
  return std::ranges::equal(a, b, [](const Ref& x, const Ref& y) {
    return x.name == y.name && x.commit == y.commit && x.tag_object == y.tag_object;
  });
}

Result<Seen> look(db::Database& database, RepoId repo, Duration grace) {
  auto read = [&](db::Tx& tx) -> Result<Seen> {
    Seen out{store::refs(tx, repo, ""), store::repo_packs(tx, repo), {}, {}};
    auto kept = store::recent_values(tx, repo, tx.now() - grace);
    std::unordered_set<git::Oid> once(kept.begin(), kept.end());
    out.kept.assign(once.begin(), once.end());
    out.doomed = store::unreached_commits(tx, repo, out.kept, rows_max);
    return out;
  };
  return database.read_now(read);
}

/// One pack of everything that the refs and kept values reach.
Result<git::PackFile> pack_reachable(Packs& packs, const Seen& seen, const std::string& scratch) {
  CAIRN_TRY(folder_packs, packs.folder_packs(seen.packs));
  git::BareFolder bare;
  bare.packs = std::move(folder_packs);
  for (const auto& ref : seen.refs)
    bare.refs.push_back({ref.name, ref.tag_object.value_or(ref.commit)});
  for (std::size_t i = 0; i < seen.kept.size(); ++i)
    bare.refs.push_back({"refs/cairn/kept-" + std::to_string(i), seen.kept[i]});
  std::filesystem::create_directories(scratch + "/out");
  CAIRN_CHECK(git::make_bare_folder(scratch + "/bare", bare));
  return git::pack_reachable_objects(scratch + "/bare", scratch + "/out");
}

}  // namespace

Result<History::Dropped> drop_unreachable(db::Database& database, Packs& packs,
                                          const Options& options, RepoId repo, Duration grace,
                                          const std::function<Result<>(db::Tx&)>& within) {
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    CAIRN_TRY(seen, look(database, repo, grace));
    if (seen.doomed.empty()) return History::Dropped{};
    std::string scratch = options.cache_folder + "/tmp/" + hex_encode(random_bytes(12));
    struct Cleanup {
      std::string folder;
      ~Cleanup() {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
      }
    } cleanup{scratch};
    std::optional<store::PackRow> row;
    if (!seen.refs.empty() || !seen.kept.empty()) {
      CAIRN_TRY(file, pack_reachable(packs, seen, scratch));
      CAIRN_TRY(stored, packs.adopt_packed(file));
      row = std::move(stored);
    }
    History::Dropped out;
    auto replace = [&](db::Tx& tx) -> Result<bool> {
      tx.lock_row(db::Lockable::repo, repo.value);
      if (!same(store::refs(tx, repo, ""), seen.refs)) return false;
      for (const auto& pack : seen.packs)
        if (!store::has_pack_link(tx, repo, pack.id)) return false;
      CAIRN_CHECK(within(tx));
      if (row) store::insert_pack(tx, repo, *row);
      for (const auto& pack : seen.packs) store::unlink_pack(tx, repo, pack.id);
      // Here and not later: a commit that is pushed again from now on gets a row of its own.
      store::delete_commits(tx, repo, seen.doomed);
      return true;
    };
    CAIRN_TRY(done, database.write_now(replace));
    if (!done) continue;
    packs.forget(repo);
    for (const auto& pack : seen.packs) out.bytes += static_cast<std::uint64_t>(pack.size_bytes);
    if (row) out.bytes -= std::min(out.bytes, static_cast<std::uint64_t>(row->size_bytes));
    out.commits = seen.doomed.size();
    return out;
  }
  Error busy{ErrorCode::unavailable, "RepoBusy",
             "Refs of the repository moved while it was cleaned up. It is tried again later."};
  return fail(std::move(busy));
}

}  // namespace cairn::history
