#include "base/names.h"
#include "hub/lfs/links.h"
#include "hub/repo/events.h"
#include "hub/repo/parts.h"
#include "hub/repo/repos.h"
#include "hub/repo/rules.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

constexpr int deleted_list_max = 1000;

Failure no_deleted_repo(const Actor& actor) {
  return fail(access::hidden(actor));
}

/// A name that two people see differently is no name: the living repository of exactly this name.
Result<Repo> find_for(db::Tx& tx, const Actor& actor, RepoKind kind, const std::string& text,
                      Action action) {
  auto name = parse_repo_name(text);
  auto found = name ? store::find(tx, kind, name->key()) : std::nullopt;
  if (!found) return fail(access::hidden(actor));
  tx.lock_row(db::Lockable::repo, found->id.value);
  auto locked = store::find(tx, found->id);
  if (!locked) return fail(access::hidden(actor));
  CAIRN_CHECK(access::check(tx, actor, action, *locked));
  return std::move(*locked);
}

std::string exists_text(RepoKind kind, const std::string& name) {
  return "A " + std::string(to_string(kind)) + " repository called " + name + " already exists";
}

}  // namespace

Task<Result<Repo>> Repos::remove(Actor actor, RepoKind kind, std::string name) {
  auto write = [this, actor, kind, name](db::Tx& tx) -> Result<Repo> {
    CAIRN_TRY(repo, find_for(tx, actor, kind, name, Action::administer));
    Time purge_at = tx.now() + parts_->options.kept_after_delete;
    store::mark_deleted(tx, repo.id, user_of(actor), purge_at);
    repo.deleted_at = tx.now();
    repo.purge_at = purge_at;
    append_event(tx, actor, repo, "repo.deleted", {{"purge_at", to_rfc3339(purge_at)}});
    forget_after_commit(tx, repo);
    return std::move(repo);
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<RepoRef>> Repos::restore(Actor actor, PublicId id,
                                     std::optional<std::string> new_name) {
  if (new_name) CAIRN_CO_CHECK(check_repo_name(*new_name));
  auto write = [this, actor, id, new_name](db::Tx& tx) -> Result<RepoRef> {
    auto gone = store::find_deleted(tx, id);
    // Without a head it is a copy that was never finished.
    if (!gone || gone->sha.empty()) return no_deleted_repo(actor);
    tx.lock_row(db::Lockable::repo, gone->id.value);
    // To all but those who may bring it back it is gone, however public it was.
    if (!access::check(tx, actor, Action::administer, *gone)) return no_deleted_repo(actor);
    CAIRN_TRY(owner, account::find_owner(tx, gone->owner));
    RepoName name{owner.name, new_name.value_or(gone->short_name)};
    CAIRN_CHECK(check_free(tx, parts_->options, gone->kind, name,
                           exists_text(gone->kind, name.text()) + ". Restore under another name."));
    store::mark_restored(tx, gone->id, name);
    store::drop_redirect(tx, gone->kind, name_key(name.owner), name_key(name.name));
    auto repo = store::find(tx, gone->id);
    if (!repo) return no_deleted_repo(actor);
    append_event(tx, actor, *repo, "repo.restored");
    forget_after_commit(tx, *repo);
    return std::make_shared<const Repo>(std::move(*repo));
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<std::vector<Repo>>> Repos::deleted(Actor actor, std::optional<std::string> owner) {
  auto read = [actor, owner](db::Tx& tx) -> Result<std::vector<Repo>> {
    if (!owner) {
      if (!actor.is_system()) CAIRN_CHECK(access::check_admin(actor));
      return store::deleted(tx, {}, deleted_list_max);
    }
    CAIRN_TRY(row, account::find_owner(tx, *owner));
    CAIRN_CHECK(access::check_manage(tx, actor, row));
    return store::deleted(tx, row.id, deleted_list_max);
  };
  co_return co_await parts_->database.read(read);
}

namespace {

/// Large files let go of per transaction.
constexpr int unlink_step = 500;

}  // namespace

Task<Result<>> Repos::purge_deleted(Actor actor, Repo repo, lfs::Parting parting) {
  // Large files first, in steps: nobody sees a deleted repository, so no order shows, and a stop
  // in between goes on the next time.
  for (int unlinked = unlink_step; unlinked == unlink_step;) {
    auto step = [repo, parting](db::Tx& tx) -> Result<int> {
      tx.lock_row(db::Lockable::repo, repo.id.value);
      if (!store::find_deleted(tx, repo.public_id)) return 0;  // Restored meanwhile.
      return lfs::unlink_all(tx, repo.id, unlink_step, parting);
    };
    CAIRN_CO_TRY(done, co_await parts_->database.write(step));
    unlinked = done;
  }
  for (const auto& forget : parts_->when_purged)
    for (int deleted = unlink_step; deleted == unlink_step;) {
      auto step = [repo, &forget](db::Tx& tx) -> Result<int> {
        tx.lock_row(db::Lockable::repo, repo.id.value);
        if (!store::find_deleted(tx, repo.public_id)) return 0;  // Restored meanwhile.
        return forget(tx, repo.id, unlink_step);
      };
      CAIRN_CO_TRY(done, co_await parts_->database.write(step));
      deleted = done;
    }
  auto* history = &parts_->history;
  auto finish = [actor, repo, history](db::Tx& tx) -> Result<> {
    tx.lock_row(db::Lockable::repo, repo.id.value);
    auto gone = store::find_deleted(tx, repo.public_id);
    if (!gone) return {};
    if (!gone->sha.empty()) append_event(tx, actor, *gone, "repo.purged");
    access::forget_repo(tx, gone->id);
    count::forget_repo(tx, gone->id);
    CAIRN_CHECK(history->purge(tx, gone->id));
    store::purge(tx, *gone, user_of(actor));
    return {};
  };
  co_return co_await parts_->database.write(finish);
}

Task<Result<>> Repos::purge(Actor actor, PublicId id) {
  if (!actor.is_system()) CAIRN_CO_CHECK(access::check_admin(actor));
  auto find = [id](db::Tx& tx) -> Result<Repo> {
    auto gone = store::find_deleted(tx, id);
    if (gone) return std::move(*gone);
    return fail(ErrorCode::not_found, "RepoNotFound",
                "No deleted repository has this id. Delete the repository first.");
  };
  CAIRN_CO_TRY(repo, co_await parts_->database.read(find));
  co_return co_await purge_deleted(actor, std::move(repo), lfs::Parting::at_once);
}

Task<Result<int>> Repos::purge_due(int limit) {
  auto find = [limit](db::Tx& tx) -> Result<std::vector<Repo>> {
    return store::due(tx, tx.now(), limit);
  };
  CAIRN_CO_TRY(due, co_await parts_->database.read(find));
  for (const auto& repo : due)
    CAIRN_CO_CHECK(co_await purge_deleted(Actor::system(), repo, lfs::Parting::after_grace));
  co_return static_cast<int>(due.size());
}

Task<Result<RepoRef>> Repos::move(Actor actor, RepoKind kind, std::string from, std::string to) {
  CAIRN_CO_TRY(target, parse_repo_name(to));
  auto write = [this, actor, kind, from, target](db::Tx& tx) -> Result<RepoRef> {
    CAIRN_TRY(repo, find_for(tx, actor, kind, from, Action::administer));
    auto owner = account::find_owner(tx, target.owner);
    if (!owner)
      return fail(ErrorCode::invalid_argument, "OwnerNotFound",
                  "There is no user or organization called \"" + target.owner + "\".");
    tx.lock_row(db::Lockable::owner, owner->id.value);
    CAIRN_CHECK(access::check_create(tx, actor, *owner));
    CAIRN_CHECK(check_hub_lets_create(tx, actor, *owner));
    RepoName name{owner->name, target.name};
    RepoName old{repo.owner_name, repo.short_name};
    if (name.key() != old.key()) {
      CAIRN_CHECK(check_free(tx, parts_->options, kind, name, exists_text(kind, name.text())));
      // Back to a name of its own is no taking over.
      if (store::redirected(tx, kind, name_key(name.owner), name_key(name.name)) != repo.id)
        CAIRN_CHECK(check_unreserved(tx, actor, parts_->options, kind, *owner, name.name));
      store::insert_redirect(tx, kind, name_key(old.owner), name_key(old.name), repo.id);
    }
    // Moving back: the name is no old one any more.
    store::drop_redirect(tx, kind, name_key(name.owner), name_key(name.name));
    store::set_name(tx, repo.id, owner->id, name);
    auto moved = store::find(tx, repo.id);
    append_event(tx, actor, *moved, "repo.moved", {{"from", old.text()}});
    forget_after_commit(tx, repo);
    forget_after_commit(tx, *moved);
    return std::make_shared<const Repo>(std::move(*moved));
  };
  co_return co_await parts_->database.write(write);
}

// ---- Settings ----------------------------------------------------------------------------------

namespace {

Failure invalid_settings(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidSettings", std::move(message));
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

Result<> apply(const SettingsChange& change, Repo& repo) {
  if (change.visibility == Visibility::protected_ && repo.kind != RepoKind::space)
    return invalid_settings("Only spaces can be protected. Choose public or private.");
  if (change.gating.value_or(Gating::none) != Gating::none && repo.kind == RepoKind::space)
    return invalid_settings("Spaces cannot be gated. Make the space private instead.");
  auto& settings = repo.settings;
  if (change.discussions_sorting) {
    if (!is_one_of(*change.discussions_sorting, {"recently-created", "trending", "reactions"}))
      return invalid_settings("discussionsSorting is recently-created, trending or reactions.");
    settings.discussionsSorting = *change.discussions_sorting;
  }
  if (change.gated_notifications_mode) {
    if (!is_one_of(*change.gated_notifications_mode, {"bulk", "real-time"}))
      return invalid_settings("gatedNotificationsMode is bulk or real-time.");
    settings.gatedNotificationsMode = *change.gated_notifications_mode;
  }
  if (const auto& email = change.gated_notifications_email) {
    bool sound = email->empty() || (email->size() <= account::email_bytes_max &&
                                    email->contains('@') && !email->contains(' '));
    if (!sound) return invalid_settings("gatedNotificationsEmail must be an email address.");
    settings.gatedNotificationsEmail = *email;
  }
  if (change.visibility) repo.visibility = *change.visibility;
  if (change.gating) repo.gating = *change.gating;
  if (change.discussions_disabled) settings.discussionsDisabled = *change.discussions_disabled;
  if (change.org_members_gated) settings.orgMembersGated = *change.org_members_gated;
  repo.members_gated = settings.orgMembersGated;
  return {};
}

}  // namespace

Task<Result<RepoRef>> Repos::change_settings(Actor actor, RepoKind kind, std::string name,
                                             SettingsChange change) {
  auto write = [this, actor, kind, name, change](db::Tx& tx) -> Result<RepoRef> {
    CAIRN_TRY(repo, find_for(tx, actor, kind, name, Action::administer));
    if (change.visibility && *change.visibility != repo.visibility)
      CAIRN_CHECK(check_hub_allows(tx, *change.visibility));
    CAIRN_CHECK(apply(change, repo));
    store::set_settings(tx, repo.id, repo.visibility, repo.gating, repo.settings);
    auto changed = store::find(tx, repo.id);
    json::object data{{"visibility", json::string_view(to_string(changed->visibility))},
                      {"gating", static_cast<int>(changed->gating)}};
    append_event(tx, actor, *changed, "repo.updated", std::move(data));
    forget_after_commit(tx, *changed);
    return std::make_shared<const Repo>(std::move(*changed));
  };
  co_return co_await parts_->database.write(write);
}

}  // namespace cairn::repo
