#include "hub/repo/cursor.h"
#include "hub/repo/events.h"
#include "hub/repo/inspect.h"
#include "hub/repo/operations_parts.h"
#include "hub/repo/operations_store.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

constexpr std::string_view files_route = "lfs-files";
constexpr std::size_t purge_step = 200;

}  // namespace

Task<Result<LargeFilePage>> Operations::large_files(Actor actor, RepoRef repo, int limit,
                                                    std::optional<std::string> cursor) {
  if (limit < 1)
    co_return fail(ErrorCode::invalid_argument, "InvalidQuery", "`limit` is a number from 1 on.");
  limit = std::min(limit, large_file_limit_max);
  auto filters = std::to_string(repo->id.value);
  std::optional<lfs::FilePosition> after;
  if (cursor) {
    CAIRN_CO_TRY(place, open_cursor(parts_->keyring, files_route, filters, *cursor, 2));
    auto sha = Sha256Digest::parse(place[1].is_string() ? std::string(place[1].get_string()) : "");
    if (!place[0].is_int64() || !sha) co_return invalid_cursor();
    after = {Time{place[0].get_int64()}, *sha};
  }
  auto read = [actor, repo, limit, after](db::Tx& tx) -> Result<LargeFilePage> {
    auto current = find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    CAIRN_CHECK(access::check(tx, actor, Action::write, *current));
    LargeFilePage page;
    for (auto& file : lfs::list_files(tx, repo->id, after, limit + 1)) {
      LargeFileLine line{std::move(file), {}, {}};
      if (line.file.pusher)
        if (auto user = account::find_user(tx, *line.file.pusher)) {
          line.pusher = user->name;
          line.pusher_id = user->public_id.hex;
        }
      page.files.push_back(std::move(line));
    }
    return page;
  };
  CAIRN_CO_TRY(page, co_await parts_->database.read(read));
  if (page.files.size() > static_cast<std::size_t>(limit)) {
    page.files.pop_back();
    const auto& last = page.files.back().file;
    page.next = seal_cursor(parts_->keyring, files_route, filters,
                            json::array{last.pushed_at.us, json::value(last.sha256.hex())});
  }
  co_return std::move(page);
}

Task<Result<>> Operations::delete_large_files(Actor actor, RepoRef repo,
                                              std::vector<Sha256Digest> files, bool rewrite) {
  if (files.size() > large_file_deletions_max)
    co_return fail(ErrorCode::too_large, "TooManyFiles",
                   "At most 1000 large files are deleted at once. Send them in several requests.");
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  auto check = [actor, repo](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    return access::check(tx, actor, Action::write, *current);
  };
  CAIRN_CO_CHECK(co_await parts_->database.read(check));

  // The commits first: none that can be read names what is no longer there.
  if (rewrite) {
    history::RemovalPlan plan{repo->id, {files.begin(), files.end()}, ref_actor(actor), {}};
    plan.within = [=](db::Tx& tx, const std::vector<history::MovedRef>& moved) -> Result<> {
      CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
      raise_gc_epoch(tx, repo->id);
      for (const auto& ref : moved) {
        if (ref.name == "refs/heads/" + current.default_branch)
          store::set_head(tx, repo->id, ref.to.hex());
        append_event(tx, actor, current, "repo.ref.moved",
                     {{"ref", ref.name},
                      {"old", ref.from.hex()},
                      {"new", ref.to.hex()},
                      {"kind", "rewrite"}});
      }
      if (!moved.empty()) {
        plan_collection(tx, repo->id, repos->options().kept_after_delete);
        plan_inspection(tx, repo->id);
      }
      repos->forget_after_commit(tx, current);
      return {};
    };
    auto remove = [history, plan] { return history->remove_large_files(plan); };
    CAIRN_CO_CHECK(co_await parts_->blocking.run(remove));
  }
  for (std::size_t at = 0; at < files.size(); at += purge_step) {
    auto end = std::min(at + purge_step, files.size());
    auto write = [=](db::Tx& tx) -> Result<> {
      CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
      // Whoever found one of them here, and commits it now, looks again.
      raise_gc_epoch(tx, repo->id);
      json::array gone;
      for (std::size_t i = at; i < end; ++i) {
        if (!lfs::unlink(tx, repo->id, files[i], lfs::Parting::at_once)) continue;
        store::remember_file_purge(tx, repo->id, files[i], user_of(actor));
        gone.emplace_back(files[i].hex());
      }
      if (gone.empty()) return {};
      store::add_storage(tx, repo->id, 0,
                         static_cast<std::int64_t>(lfs::stored_bytes(tx, repo->id)));
      append_event(tx, actor, current, "repo.files.purged",
                   {{"files", std::move(gone)}, {"rewritten", rewrite}});
      repos->forget_after_commit(tx, current);
      return {};
    };
    CAIRN_CO_CHECK(co_await parts_->database.write(write));
  }
  CAIRN_CO_CHECK(co_await parts_->large_files.delete_purged());
  co_return Result<>{};
}

Task<Result<std::vector<FileCopy>>> Operations::copy_large_files(Actor actor, RepoRef from,
                                                                 RepoRef to,
                                                                 std::vector<Sha256Digest> files) {
  if (files.size() > large_file_copies_max)
    co_return fail(ErrorCode::too_large, "TooManyFiles",
                   "At most 500 large files are copied at once. Send them in several requests.");
  auto* repos = &parts_->repos;
  auto* large_files = &parts_->large_files;
  auto write = [=](db::Tx& tx) -> Result<std::vector<FileCopy>> {
    // Repositories are locked in the order of their numbers.
    bool ordered = from->id < to->id;
    auto source = Result<Repo>(std::unexpected(access::hidden(actor)));
    if (ordered) source = repos->recheck(tx, actor, from->id, Action::read_content);
    CAIRN_TRY(target, repos->recheck(tx, actor, to->id, Action::write));
    if (!ordered) source = repos->recheck(tx, actor, from->id, Action::read_content);
    if (!source) return fail(source.error());
    std::vector<FileCopy> out;
    std::uint64_t bytes = 0;
    for (const auto& sha : files) {
      FileCopy line{sha, {}};
      auto there = lfs::linked(tx, source->id, sha);
      if (!there) {
        line.error = fail(ErrorCode::not_found, "LfsObjectNotFound",
                          "\"" + source->name + "\" has no large file " + sha.hex() + ".")
                         .error();
      } else if (!lfs::linked(tx, target.id, sha)) {
        bytes += there->size_bytes;
        (void)lfs::link_from(tx, source->id, target.id, sha, user_of(actor));
      }
      out.push_back(std::move(line));
    }
    if (const auto& admit = large_files->options().admit; admit && bytes > 0)
      CAIRN_CHECK(admit(tx, {.user = user_of(actor).value_or(UserId{}),
                             .owner = target.owner,
                             .repo = target.id,
                             .meter = "storage_bytes",
                             .amount = bytes}));
    store::add_storage(tx, target.id, 0,
                       static_cast<std::int64_t>(lfs::stored_bytes(tx, target.id)));
    repos->forget_after_commit(tx, target);
    return out;
  };
  co_return co_await parts_->database.write(write);
}

}  // namespace cairn::repo
