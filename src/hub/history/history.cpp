#include "hub/history/history.h"

#include <filesystem>
#include <unordered_set>

#include "base/log.h"
#include "base/text.h"
#include "hub/history/check.h"
#include "hub/history/clone_index.h"
#include "hub/history/compare.h"
#include "hub/history/git_tree.h"
#include "hub/history/incoming.h"
#include "hub/history/lanes.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"
#include "hub/history/refs.h"
#include "hub/history/rework.h"
#include "hub/history/sheets.h"
#include "hub/history/store.h"
#include "hub/history/working_tree.h"
#include "platform/git/git_program.h"

namespace cairn::history {

struct History::Prepared {
  BuiltCommit built;
  store::PackRow pack;
};

namespace {

Failure no_revision(std::string_view revision) {
  return fail(ErrorCode::not_found, "RevisionNotFound",
              "Invalid rev id: " + std::string(truncate_utf8(revision, 200)));
}

struct BlobKey {
  std::int64_t repo;
  git::Oid oid;
  bool operator==(const BlobKey&) const = default;
};
struct BlobKeyHash {
  std::size_t operator()(const BlobKey& k) const noexcept {
    return std::hash<git::Oid>{}(k.oid) ^ static_cast<std::size_t>(k.repo * 0x9e3779b97f4a7c15);
  }
};

class HistoryOverRows final : public History {
 public:
  HistoryOverRows(db::Database& database, storage::ObjectStore& objects, Blocking& blocking,
                  const Clock& clock, Options options)
      : database_(database),
        objects_(objects),
        blocking_(blocking),
        clock_(clock),
        options_(std::move(options)),
        packs_(database, objects, options_),
        pages_(database, options_.page_cache_bytes),
        blobs_(options_.blob_cache_bytes),
        clones_(packs_, options_),
        sheets_(database, packs_, pages_),
        rework_{database, packs_, pages_, refs_, clock, options_.cache_folder + "/tmp"},
        lanes_(database, blocking, clock, packs_, pages_, sheets_, refs_) {
    load_ = [this](const SheetId& id) { return pages_.load(id); };
    // Pushes that were under way when the hub ended: nobody was told of them.
    std::error_code ignored;
    std::filesystem::remove_all(options_.cache_folder + "/incoming", ignored);
  }

  std::optional<Ref> find_ref(db::Tx& tx, RepoId repo, std::string_view name) override {
    return store::find_ref(tx, repo, name);
  }
  std::vector<Ref> refs(db::Tx& tx, RepoId repo, std::string_view prefix) override {
    return store::refs(tx, repo, prefix);
  }

  Result<> move_ref(db::Tx& tx, RepoId repo, std::string_view name, std::optional<git::Oid> from,
                    std::optional<git::Oid> to, const RefActor& actor, std::string_view kind,
                    std::optional<git::Oid> tag_object) override;

  Result<CommitInfo> resolve(db::Tx& tx, RepoId repo, std::string_view revision,
                             std::string_view default_branch) override;
  std::optional<CommitInfo> cached_resolve(RepoId repo, std::string_view revision,
                                           std::string_view default_branch) override;
  Result<std::vector<CommitInfo>> log(db::Tx& tx, RepoId repo, const CommitInfo& from,
                                      std::int64_t skip, int limit) override {
    return store::log(tx, repo, from, skip, limit);
  }
  Result<std::int64_t> count(db::Tx& tx, RepoId repo, const CommitInfo& from) override {
    return store::count(tx, repo, from);
  }
  std::optional<CommitInfo> find_commit(db::Tx& tx, RepoId repo, const git::Oid& oid) override {
    if (auto known = refs_.commit(repo, oid)) return known;
    auto commit = store::find_commit(tx, repo, oid);
    if (commit) refs_.keep_commit(repo, *commit);
    return commit;
  }

  std::shared_ptr<Staging> stage() override {
    return std::make_shared<StagedBlobs>(options_.cache_folder + "/tmp",
                                         options_.inline_pack_bytes_max * 3 / 4);
  }
  Task<Result<CommitInfo>> commit(CommitPlan plan) override {
    co_return co_await lanes_.commit(std::move(plan));
  }
  Result<std::shared_ptr<const Prepared>> prepare_first(
      git::Signature author, Message message, std::function<Result<>(Editor&)> edit) override;
  Result<CommitInfo> insert_first(db::Tx& tx, RepoId repo, std::string_view ref,
                                  const Prepared& prepared, const RefActor& actor) override;
  Result<git::Oid> insert_tag_object(db::Tx& tx, RepoId repo, const git::Oid& commit,
                                     std::string_view name, git::Signature tagger,
                                     std::string_view message) override;

  Result<SheetEntry> entry(const CommitInfo& commit, std::string_view path) override {
    if (commit.sheet) return find_path(load_, commit, path);
    CAIRN_TRY(source, source_with(commit));
    return find_path_in_trees(*source, commit, path);
  }
  std::optional<SheetEntry> cached_entry(const CommitInfo& commit, std::string_view path) override {
    PageLoader only_cached = [this](const SheetId& id) -> Result<std::shared_ptr<const Page>> {
      if (auto page = pages_.cached(id)) return page;
      return fail(ErrorCode::unavailable, "NotCached", "");
    };
    auto found = find_path(only_cached, commit, path);
    if (!found) return std::nullopt;
    return std::move(*found);
  }
  Result<TreePage> tree(const CommitInfo& commit, const TreeQuery& query) override {
    if (commit.sheet) return list_tree(load_, commit, query);
    CAIRN_TRY(source, source_with(commit));
    return list_trees(*source, commit, query);
  }
  Result<Changes> compare(const CommitInfo& before, const CommitInfo& after,
                          std::size_t files_max) override {
    return compare_sheets(load_, before, after, files_max);
  }
  std::optional<CommitInfo> merge_base(db::Tx& tx, RepoId repo, const CommitInfo& a,
                                       const CommitInfo& b) override {
    auto oid = find_merge_base(tx, repo, a, b);
    return oid ? find_commit(tx, repo, *oid) : std::nullopt;
  }
  Result<std::shared_ptr<const std::string>> blob(RepoId repo, const git::Oid& oid,
                                                  std::size_t bytes_max) override;
  std::shared_ptr<const std::string> cached_blob(RepoId repo, const git::Oid& oid) override {
    return blobs_.get({repo.value, oid}).value_or(nullptr);
  }
  Result<std::string> commit_text(RepoId repo, const git::Oid& oid) override {
    constexpr std::size_t commit_bytes_max = 1u << 20;
    CAIRN_TRY(object, packs_.read(repo, oid, commit_bytes_max));
    return std::move(object.content);
  }

  RefListRef ref_list(db::Tx& tx, RepoId repo) override;
  RefListRef cached_ref_list(RepoId repo) override { return refs_.list(repo); }
  std::unordered_set<git::Oid> reached(db::Tx& tx, RepoId repo,
                                       const std::vector<git::Oid>& among) override {
    return store::reached(tx, repo, among);
  }
  std::vector<git::Oid> recent_values(db::Tx& tx, RepoId repo, Time since) override {
    return store::recent_values(tx, repo, since);
  }
  std::string pack_set(db::Tx& tx, RepoId repo) override {
    return pack_set_of(store::repo_packs(tx, repo));
  }
  Result<Snapshot> snapshot(RepoId repo) override { return snapshot_of(repo, nullptr); }
  Result<std::unique_ptr<Incoming>> receive(RepoId repo) override {
    return IncomingPack::make({database_, packs_, pages_, refs_, options_}, repo);
  }
  Result<bool> build_sheets(RepoId repo, const std::function<bool()>& stop) override {
    return sheets_.build_all(repo, stop);
  }
  std::vector<RepoId> without_sheets(db::Tx& tx, RepoId after, int limit) override {
    return store::without_sheets(tx, after, limit);
  }

  Result<CommitInfo> squash(const SquashPlan& plan) override {
    return history::squash(rework_, plan);
  }
  Result<std::vector<MovedRef>> remove_large_files(const RemovalPlan& plan) override {
    return history::remove_large_files(rework_, plan);
  }
  Result<std::shared_ptr<const Copy>> prepare_copy(RepoId from, std::vector<Ref> refs) override {
    return history::prepare_copy(rework_, from, std::move(refs));
  }
  void copy_commits(db::Tx& tx, RepoId to, const Copy& copy, std::size_t first,
                    std::size_t count) override {
    std::size_t end = std::min(first + count, copy.commits.size());
    std::vector step(copy.commits.begin() + static_cast<std::ptrdiff_t>(first),
                     copy.commits.begin() + static_cast<std::ptrdiff_t>(end));
    store::copy_commits(tx, copy.from, to, step);
  }
  Result<> finish_copy(db::Tx& tx, RepoId to, const Copy& copy, const RefActor& actor) override {
    tx.after_commit([this, to] { refs_.changed(to, true); });
    return history::finish_copy(tx, to, copy, actor);
  }
  Result<Collected> collect(const CollectPlan& plan) override {
    CAIRN_TRY(done, history::collect(rework_, plan));
    if (done.packs > 0) clones_.drop(plan.repo);
    return done;
  }
  Result<> purge(db::Tx& tx, RepoId repo) override {
    store::purge(tx, repo);
    tx.after_commit([this, repo] {
      refs_.changed(repo, true);
      packs_.forget(repo);
      clones_.drop(repo);
    });
    return {};
  }
  std::uint64_t trim_cache() override { return packs_.trim_files(); }
  Result<> export_bare(RepoId repo, std::string folder) override;
  Task<Result<int>> merge_packs(RepoId repo) override {
    auto merge = [this, repo]() -> Result<int> {
      CAIRN_TRY(merged, packs_.merge(repo));
      // Clones are slower without it, and the next merge tries again.
      if (auto indexed = index_for_clones(repo); !indexed)
        log::warning("history.clone_index.failed", {{"word", indexed.error().word}});
      return merged;
    };
    co_return co_await blocking_.run(merge);
  }
  Result<std::vector<Finding>> check(RepoId repo) override {
    return check_repo(database_, packs_, load_, repo);
  }
  Result<std::vector<LargeFile>> large_files(RepoId repo) override {
    // Sheets name them; those of a push that just came may be missing.
    CAIRN_CHECK(sheets_.build_all(repo, [] { return false; }));
    return large_files_of(database_, load_, repo);
  }
  Result<Sweep> sweep(Duration grace, bool dry_run) override {
    return sweep_unreachable(database_, objects_, load_, clock_, grace, dry_run);
  }

  Metrics metrics() const override { return {lanes_.commits(), lanes_.batches(), packs_.merged()}; }

 private:
  Result<CommitInfo> by_id(db::Tx& tx, RepoId repo, const git::Oid& oid, std::string_view revision);
  /// @param rows_out  gets the packs that it is of; may be null.
  Result<Snapshot> snapshot_of(RepoId repo, std::vector<store::PackRow>* rows_out);
  Result<> index_for_clones(RepoId repo);
  /// The repository's objects, read late enough to hold this commit's.
  Result<std::shared_ptr<const git::ObjectSource>> source_with(const CommitInfo& commit);

  db::Database& database_;
  storage::ObjectStore& objects_;
  Blocking& blocking_;
  const Clock& clock_;
  Options options_;
  Packs packs_;
  Pages pages_;
  RefCache refs_;
  Lru<BlobKey, std::shared_ptr<const std::string>, BlobKeyHash> blobs_;
  PageLoader load_;
  CloneIndexes clones_;
  Sheets sheets_;
  Rework rework_;
  Lanes lanes_;
};

Result<> HistoryOverRows::move_ref(db::Tx& tx, RepoId repo, std::string_view name,
                                   std::optional<git::Oid> from, std::optional<git::Oid> to,
                                   const RefActor& actor, std::string_view kind,
                                   std::optional<git::Oid> tag_object) {
  std::string full(name);
  auto conflict = [&](std::string_view why) {
    return fail(ErrorCode::conflict, "RefConflict", std::string(why));
  };
  if (!from && to) {
    if (store::find_ref(tx, repo, full))
      return fail(ErrorCode::conflict, "RefExists", "Reference " + full + " already exists");
    // Git keeps loose refs as files: "a" and "a/b" cannot both be.
    for (auto slash = full.find('/', 11); slash != full.npos; slash = full.find('/', slash + 1))
      if (store::find_ref(tx, repo, full.substr(0, slash)))
        return conflict("Reference " + full.substr(0, slash) +
                        " exists, so nothing can be named below it. Choose another name.");
    if (!store::refs(tx, repo, full + "/").empty())
      return conflict("References below " + full + "/ exist. Choose another name.");
    store::insert_ref(tx, repo, Ref{full, *to, tag_object});
  } else if (from && to) {
    if (!store::move_ref(tx, repo, full, *from, Ref{full, *to, tag_object}))
      return conflict("Reference " + full + " moved meanwhile. Read it again and retry.");
  } else if (from) {
    if (!store::delete_ref(tx, repo, full, *from))
      return conflict("Reference " + full + " moved meanwhile. Read it again and retry.");
  }
  store::append_log(tx, repo, full, from, to, actor, kind);
  if (from && kind != "commit" && kind != "push" && options_.rewound) options_.rewound(tx, repo);
  tx.after_commit([this, repo] { refs_.changed(repo, true); });
  return {};
}

Result<CommitInfo> HistoryOverRows::by_id(db::Tx& tx, RepoId repo, const git::Oid& oid,
                                          std::string_view revision) {
  auto commit = find_commit(tx, repo, oid);
  if (!commit) return no_revision(revision);
  if (refs_.reachable(repo, oid)) return std::move(*commit);
  auto epoch = refs_.epoch(repo);
  if (!store::reachable(tx, repo, oid)) return no_revision(revision);
  refs_.keep_reachable(repo, oid, epoch);
  return std::move(*commit);
}

Result<std::shared_ptr<const git::ObjectSource>> HistoryOverRows::source_with(
    const CommitInfo& commit) {
  CAIRN_TRY(known, packs_.source(commit.repo, false));
  if (known->contains(commit.oid)) return known;
  return packs_.source(commit.repo, true);
}

Result<CommitInfo> HistoryOverRows::resolve(db::Tx& tx, RepoId repo, std::string_view revision,
                                            std::string_view default_branch) {
  if (revision.empty() || revision.size() > 512) return no_revision(revision);
  std::string text(revision == "HEAD" ? default_branch : revision);
  std::vector<std::string> names;
  if (text.starts_with("refs/")) {
    names = {text};
  } else {
    names = {"refs/heads/" + text, "refs/tags/" + text};
  }
  auto epoch = refs_.epoch(repo);
  for (const auto& name : names) {
    auto ref = store::find_ref(tx, repo, name);
    if (!ref) continue;
    auto commit = find_commit(tx, repo, ref->commit);
    if (!commit)
      return fail(ErrorCode::corrupt, "CommitMissing", "The revision has no commit row.")
          .with("ref", name);
    refs_.keep_ref(repo, text, ref->commit, epoch);
    return std::move(*commit);
  }
  if (text.size() >= 5 && text.size() <= 40 && is_lower_hex(text)) {
    if (text.size() == 40) return by_id(tx, repo, *git::Oid::parse(text), revision);
    auto found = store::find_abbreviated(tx, repo, text);
    std::vector<CommitInfo> readable;
    for (auto& commit : found)
      if (auto checked = by_id(tx, repo, commit.oid, revision)) readable.push_back(*checked);
    if (readable.size() == 1 && found.size() == 1) return std::move(readable.front());
  }
  return no_revision(revision);
}

std::optional<CommitInfo> HistoryOverRows::cached_resolve(RepoId repo, std::string_view revision,
                                                          std::string_view default_branch) {
  std::string text(revision == "HEAD" ? default_branch : revision);
  if (auto oid = refs_.ref(repo, text)) return refs_.commit(repo, *oid);
  if (text.size() == 40 && is_lower_hex(text)) {
    auto oid = git::Oid::parse(text);
    if (oid && refs_.reachable(repo, *oid)) return refs_.commit(repo, *oid);
  }
  return std::nullopt;
}

Result<std::shared_ptr<const History::Prepared>> HistoryOverRows::prepare_first(
    git::Signature author, Message message, std::function<Result<>(Editor&)> edit) {
  BlobReader none = [](const git::Oid&, std::size_t) -> Result<std::string> {
    return fail(ErrorCode::not_found, "EntryNotFound", "Entry not found");
  };
  WorkingTree tree(std::nullopt, load_, none);
  CAIRN_CHECK(edit(tree));
  CAIRN_TRY(built, tree.finish(author, message, clock_.now()));
  auto prepared = std::make_shared<Prepared>();
  CAIRN_TRY(pack, packs_.store_objects(built.objects));
  prepared->pack = std::move(pack);
  prepared->built = std::move(built);
  return std::shared_ptr<const Prepared>(std::move(prepared));
}

Result<CommitInfo> HistoryOverRows::insert_first(db::Tx& tx, RepoId repo, std::string_view ref,
                                                 const Prepared& prepared, const RefActor& actor) {
  const auto& info = prepared.built.info;
  CAIRN_CHECK(move_ref(tx, repo, ref, {}, info.oid, actor, "create", {}));
  store::insert_pack(tx, repo, prepared.pack);
  for (const auto& page : prepared.built.pages) store::insert_page(tx, page);
  store::insert_commit(tx, repo, info);
  CommitInfo made = info;
  made.repo = repo;
  return made;
}

Result<git::Oid> HistoryOverRows::insert_tag_object(db::Tx& tx, RepoId repo, const git::Oid& commit,
                                                    std::string_view name, git::Signature tagger,
                                                    std::string_view message) {
  git::TagData tag;
  tag.object = commit;
  tag.type = git::ObjectType::commit;
  tag.name = name;
  tag.tagger = std::move(tagger);
  tag.message = message;
  if (!tag.message.ends_with('\n')) tag.message += '\n';
  CAIRN_TRY(content, git::encode_tag(tag));
  git::Oid oid = git::object_id(git::ObjectType::tag, content);
  CAIRN_TRY(pack, packs_.store_objects({{git::ObjectType::tag, oid, std::move(content)}}));
  store::insert_pack(tx, repo, pack);
  return oid;
}

Result<std::shared_ptr<const std::string>> HistoryOverRows::blob(RepoId repo, const git::Oid& oid,
                                                                 std::size_t bytes_max) {
  if (auto known = cached_blob(repo, oid)) return known;
  CAIRN_TRY(object, packs_.read(repo, oid, bytes_max));
  auto shared = std::make_shared<const std::string>(std::move(object.content));
  blobs_.put({repo.value, oid}, shared, shared->size() + 128);
  return shared;
}

RefListRef HistoryOverRows::ref_list(db::Tx& tx, RepoId repo) {
  if (auto known = refs_.list(repo)) return known;
  auto epoch = refs_.epoch(repo);
  auto list = std::make_shared<RefList>();
  Sha1 id;
  for (auto& ref : store::refs(tx, repo, "")) {
    if (!is_readable_ref(ref.name)) continue;
    git::AdvertisedRef out{std::move(ref.name), ref.tag_object.value_or(ref.commit), {}};
    if (ref.tag_object) out.peeled = ref.commit;
    id.update(out.name + ' ' + out.oid.hex() + '\n');
    list->refs.push_back(std::move(out));
  }
  list->id = id.finish().hex();
  refs_.keep_list(repo, list, epoch);
  return list;
}

Result<> HistoryOverRows::index_for_clones(RepoId repo) {
  std::vector<store::PackRow> rows;
  CAIRN_TRY(now, snapshot_of(repo, &rows));
  return clones_.refresh(repo, now, rows);
}

Result<Snapshot> HistoryOverRows::snapshot_of(RepoId repo, std::vector<store::PackRow>* rows_out) {
  // A pack can be merged away between the list and its reading; then the list is read again.
  for (int attempt = 0;; ++attempt) {
    Snapshot out;
    std::vector<store::PackRow> rows;
    auto read = [&](db::Tx& tx) -> Result<> {
      out.refs = ref_list(tx, repo);
      rows = store::repo_packs(tx, repo);
      return {};
    };
    CAIRN_CHECK(database_.read_now(read));
    out.pack_set = pack_set_of(rows);
    auto packs = packs_.folder_packs(rows);
    if (!packs && packs.error().code == ErrorCode::not_found && attempt < 5) continue;
    if (!packs) return fail(packs.error());
    out.packs = std::move(*packs);
    out.extra = clones_.files(repo, rows);
    if (rows_out) *rows_out = std::move(rows);
    return out;
  }
}

Result<> HistoryOverRows::export_bare(RepoId repo, std::string folder) {
  auto read = [&](db::Tx& tx) -> Result<std::vector<Ref>> { return store::refs(tx, repo, ""); };
  CAIRN_TRY(all, database_.read_now(read));
  return export_repo(packs_, repo, all, folder);
}

}  // namespace

bool is_readable_ref(std::string_view name) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/"})
    if (name.starts_with(prefix)) return true;
  return false;
}

std::unique_ptr<History> make_history(db::Database& database, storage::ObjectStore& objects,
                                      Blocking& blocking, const Clock& clock, Options options) {
  return std::make_unique<HistoryOverRows>(database, objects, blocking, clock, std::move(options));
}

}  // namespace cairn::history
