#include "base/log.h"
#include "base/names.h"
#include "hub/repo/events.h"
#include "hub/repo/operations_parts.h"
#include "hub/repo/operations_store.h"
#include "hub/repo/parts.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

constexpr std::size_t commits_step = 2000;
constexpr std::size_t links_step = 2000;
/// A copy that takes longer is one that nobody makes any more.
constexpr Duration copying_max = hours(24);
/// Merges of the source's packs in between cost one more try.
constexpr int tries_max = 3;

std::string exists_text(RepoKind kind) {
  return "You already created this " + std::string(to_string(kind)) + " repo";
}

/// What of a repository its duplicate has: not `refs/pr/…`, whose pull requests stay behind.
std::vector<history::Ref> wanted_refs(db::Tx& tx, history::History& history, RepoId repo) {
  std::vector<history::Ref> out;
  for (std::string_view prefix : {"refs/convert/", "refs/heads/", "refs/tags/"})
    std::ranges::copy(history.refs(tx, repo, prefix), std::back_inserter(out));
  return out;
}

struct Target {
  account::Owner owner;
  RepoName name;
};

/// Asked first and at the end: may it be there, and is the name free?
Result<Target> check_target(db::Tx& tx, const Actor& actor, const Options& options, RepoKind kind,
                            const RepoName& to) {
  auto owner = account::find_owner(tx, to.owner);
  if (!owner)
    return fail(ErrorCode::invalid_argument, "OwnerNotFound",
                "There is no user or organization called \"" + to.owner + "\".");
  tx.lock_row(db::Lockable::owner, owner->id.value);
  CAIRN_CHECK(access::check_create(tx, actor, *owner));
  RepoName name{owner->name, to.name};
  CAIRN_CHECK(check_free(tx, options, kind, name, exists_text(kind)));
  CAIRN_CHECK(check_unreserved(tx, actor, options, kind, *owner, to.name));
  return Target{*owner, name};
}

}  // namespace

Task<Result<RepoRef>> Operations::duplicate(Actor actor, RepoRef from, DuplicateRequest request) {
  CAIRN_CO_CHECK(check_repo_name(request.to.name));
  auto visibility = request.visibility.value_or(from->visibility);
  if (visibility == Visibility::protected_ && from->kind != RepoKind::space)
    co_return fail(ErrorCode::invalid_argument, "InvalidVisibility",
                   "Only spaces can be protected. Choose public or private.");
  if ((!request.secrets.empty() || !request.variables.empty()) && from->kind != RepoKind::space)
    co_return fail(ErrorCode::invalid_argument, "InvalidSpaceValue",
                   "Only spaces have secrets and variables.");
  for (const auto* values : {&request.secrets, &request.variables})
    for (const auto& value : *values) CAIRN_CO_CHECK(check_space_value(value));

  // The copy is made as a deleted repository: nobody sees it, and what a crash leaves of it goes
  // with the deleted ones.
  auto* repos = &parts_->repos;
  auto* history = &parts_->history;
  struct Begun {
    RepoId id;
    std::vector<history::Ref> refs;
  };
  auto public_id = make_public_id();
  auto begin = [=](db::Tx& tx) -> Result<Begun> {
    CAIRN_TRY(source, repos->recheck(tx, actor, from->id, Action::read_content));
    CAIRN_TRY(target, check_target(tx, actor, repos->options(), source.kind, request.to));
    auto id = store::insert_copy(tx, public_id, source, target.owner.id, user_of(actor),
                                 target.name, visibility, tx.now() + copying_max);
    return Begun{id, wanted_refs(tx, *history, source.id)};
  };
  CAIRN_CO_TRY(begun, co_await parts_->database.write(begin));
  for (int attempt = 1;; ++attempt) {
    auto prepare = [history, from, refs = begun.refs] {
      return history->prepare_copy(from->id, refs);
    };
    auto copy = co_await parts_->blocking.run(prepare);
    Result<RepoRef> made =
        copy ? co_await finish_duplicate(actor, from, request, begun.id, std::move(*copy))
             : Result<RepoRef>(std::unexpected(copy.error()));
    if (made) co_return made;
    if (made.error().word == "PackGone" && attempt < tries_max) continue;
    auto give_up = [id = begun.id](db::Tx& tx) -> Result<> {
      store::abandon_copy(tx, id);
      return {};
    };
    if (auto gone = co_await parts_->database.write(give_up); !gone)
      log::error("repo.duplicate.leftover", gone.error(), {{"repo", begun.id.value}});
    co_return made;
  }
}

Task<Result<RepoRef>> Operations::finish_duplicate(Actor actor, RepoRef from,
                                                   DuplicateRequest request, RepoId id,
                                                   std::shared_ptr<const history::Copy> copy) {
  auto* repos = &parts_->repos;
  auto* history = &parts_->history;
  auto* large_files = &parts_->large_files;
  auto* keyring = &parts_->keyring;
  for (std::size_t at = 0; at < copy->commits.size(); at += commits_step) {
    auto step = [history, id, copy, at](db::Tx& tx) -> Result<> {
      history->copy_commits(tx, id, *copy, at, commits_step);
      return {};
    };
    CAIRN_CO_CHECK(co_await parts_->database.write(step));
  }
  std::vector<Sha256Digest> large;
  std::uint64_t large_bytes = 0;
  for (const auto& [sha, size] : copy->large_files) {
    large.push_back(sha);
    large_bytes += size;
  }
  for (std::size_t at = 0; at < large.size(); at += links_step) {
    std::vector part(
        large.begin() + static_cast<std::ptrdiff_t>(at),
        large.begin() + static_cast<std::ptrdiff_t>(std::min(at + links_step, large.size())));
    auto step = [id, from, part](db::Tx& tx) -> Result<> {
      lfs::link_these(tx, from->id, id, part);
      return {};
    };
    CAIRN_CO_CHECK(co_await parts_->database.write(step));
  }
  auto finish = [=](db::Tx& tx) -> Result<RepoRef> {
    CAIRN_TRY(source, repos->recheck(tx, actor, from->id, Action::read_content));
    CAIRN_TRY(target, check_target(tx, actor, repos->options(), source.kind, request.to));
    if (const auto& admit = large_files->options().admit)
      CAIRN_CHECK(admit(tx, {.user = user_of(actor).value_or(UserId{}),
                             .owner = target.owner.id,
                             .repo = id,
                             .meter = "storage_bytes",
                             .amount = large_bytes}));
    store::drop_redirect(tx, source.kind, name_key(target.name.owner), name_key(target.name.name));
    CAIRN_CHECK(history->finish_copy(tx, id, *copy, ref_actor(actor)));
    std::string sha;
    for (const auto& ref : copy->refs)
      if (ref.name == "refs/heads/" + source.default_branch) sha = ref.commit.hex();
    store::finish_copy(tx, id, source, sha);
    auto card = store::card(tx, source.id, source.kind);
    store::set_card(tx, id, card);
    copy_space_variables(tx, source.id, id);
    auto made = store::find(tx, id);
    if (!made) return fail(access::hidden(actor));
    for (const auto& value : request.variables)
      CAIRN_CHECK(put_space_value(tx, *keyring, *made, ValueKind::variable, value));
    for (const auto& value : request.secrets)
      CAIRN_CHECK(put_space_value(tx, *keyring, *made, ValueKind::secret, value));
    json::object data;
    // Who sees the copy may not know of a private source.
    if (source.visibility == Visibility::public_) data["duplicate_of"] = source.public_id.hex;
    append_event(tx, actor, *made, "repo.created", std::move(data));
    repos->forget_after_commit(tx, *made);
    return std::make_shared<const Repo>(std::move(*made));
  };
  co_return co_await parts_->database.write(finish);
}

}  // namespace cairn::repo
