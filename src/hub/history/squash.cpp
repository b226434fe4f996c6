#include "hub/history/rework.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

// A commit that comes in between costs one more try.
constexpr int races_max = 5;

/// The same folder, everything in it last changed by `commit`. @return its new sheet.
Result<SheetId> restamp(const PageLoader& load, const SheetId& folder, const git::Oid& commit,
                        std::vector<EncodedPage>& out) {
  CAIRN_TRY(entries, read_folder(load, folder));
  for (auto& e : entries) {
    e.last_commit = commit;
    if (!e.sheet) continue;
    CAIRN_TRY(sheet, restamp(load, *e.sheet, commit, out));
    e.sheet = sheet;
  }
  auto pages = paginate(entries);
  SheetId id = pages.back().id;
  std::ranges::move(pages, std::back_inserter(out));
  return id;
}

struct Made {
  CommitInfo info;
  store::PackRow pack;
};

Result<Made> build(const Rework& rework, const SquashPlan& plan, const CommitInfo& head) {
  git::CommitData commit;
  commit.tree = head.tree;
  commit.author = plan.author;
  commit.committer = plan.author;
  commit.message = plan.message.title + "\n";
  if (!plan.message.body.empty()) commit.message += "\n" + plan.message.body + "\n";
  CAIRN_TRY(content, git::encode_commit(commit));

  Made made;
  made.info.oid = git::object_id(git::ObjectType::commit, content);
  made.info.tree = head.tree;
  made.info.time = rework.clock.now();
  made.info.author_name = plan.author.name;
  made.info.author_email = plan.author.email;
  made.info.title = plan.message.title;
  made.info.message = plan.message.body;
  std::vector<EncodedPage> pages;
  CAIRN_TRY(sheet, restamp(rework.loader(), *head.sheet, made.info.oid, pages));
  made.info.sheet = sheet;
  CAIRN_CHECK(store_pages(rework.database, pages));
  CAIRN_TRY(pack, rework.packs.store_objects(
                      {{git::ObjectType::commit, made.info.oid, std::move(content)}}));
  made.pack = std::move(pack);
  return made;
}

Result<CommitInfo> find_head(db::Tx& tx, const SquashPlan& plan) {
  auto ref = store::find_ref(tx, plan.repo, plan.ref);
  if (!ref) return fail(ErrorCode::not_found, "RevisionNotFound", "Invalid rev id: " + plan.ref);
  auto commit = store::find_commit(tx, plan.repo, ref->commit);
  if (!commit)
    return fail(ErrorCode::corrupt, "CommitMissing", "The head of the branch has no commit row.")
        .with("commit", ref->commit.hex());
  if (!commit->sheet)
    return fail(ErrorCode::unavailable, "SheetPending",
                "The files of this branch are still being indexed. Try again in a moment.");
  return std::move(*commit);
}

}  // namespace

Result<CommitInfo> squash(const Rework& rework, const SquashPlan& plan) {
  for (int race = 0; race < races_max; ++race) {
    auto find = [&](db::Tx& tx) { return find_head(tx, plan); };
    CAIRN_TRY(head, rework.database.read_now(find));
    CAIRN_TRY(made, build(rework, plan, head));
    bool moved = false;
    auto write = [&](db::Tx& tx) -> Result<> {
      moved = false;
      tx.lock_row(db::Lockable::repo, plan.repo.value);
      if (plan.within) CAIRN_CHECK(plan.within(tx, made.info));
      if (!store::move_ref(tx, plan.repo, plan.ref, head.oid, Ref{plan.ref, made.info.oid, {}})) {
        moved = true;
        return fail(ErrorCode::unavailable, "RefMoved", "The branch moved. Try again.");
      }
      store::insert_pack(tx, plan.repo, made.pack);
      store::insert_commit(tx, plan.repo, made.info);
      store::append_log(tx, plan.repo, plan.ref, head.oid, made.info.oid, plan.actor, "squash");
      auto forget = [&rework, repo = plan.repo] { rework.refs.changed(repo, true); };
      tx.after_commit(forget);
      return {};
    };
    auto written = rework.database.write_now(write);
    if (written) return std::move(made.info);
    if (!moved) return fail(written.error());
  }
  return fail(ErrorCode::unavailable, "RefMoved",
              "Commits to the branch kept coming. Nothing was changed; try again.");
}

}  // namespace cairn::history
