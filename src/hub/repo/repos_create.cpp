#include "base/names.h"
#include "hub/repo/card_rows.h"
#include "hub/repo/events.h"
#include "hub/repo/initial_files.h"
#include "hub/repo/operations_store.h"
#include "hub/repo/parts.h"
#include "hub/repo/repos.h"
#include "hub/repo/rules.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

using Prepared = std::shared_ptr<const history::History::Prepared>;

Result<account::Owner> find_target(db::Tx& tx, const Actor& actor,
                                   const std::optional<std::string>& name) {
  if (!name && !actor.has_user())
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "Sign in, or send an access token, to create a repository.");
  auto owner = account::find_owner(tx, name.value_or(actor.user_name));
  if (owner || owner.error().code != ErrorCode::not_found) return owner;
  return fail(ErrorCode::invalid_argument, "OwnerNotFound",
              "There is no user or organization called \"" + name.value_or(actor.user_name) +
                  "\". Leave `organization` out to create the repository under your own name.");
}

}  // namespace

Result<> check_free(db::Tx& tx, const Options& options, RepoKind kind, const RepoName& name,
                    std::string message) {
  auto there = store::find(tx, kind, name.key());
  if (!there) return {};
  return fail(ErrorCode::conflict, "RepoExists", std::move(message))
      .with("url", repo_url(options.public_url, kind, there->name));
}

Result<> check_unreserved(db::Tx& tx, const Actor& actor, const Options& options, RepoKind kind,
                          const account::Owner& owner, std::string_view name) {
  auto key = name_key(name);
  auto moved = store::redirected_since(tx, kind, name_key(owner.name), key);
  bool moved_lately = moved && *moved + options.names_kept_after_move > tx.now();
  bool deleted_lately = store::find_deleted_named(tx, kind, owner.id, key).has_value();
  if (!moved_lately && !deleted_lately) return {};
  if (access::check_manage(tx, actor, owner)) return {};
  // Whose own account it is holds the name in either case; a token may just not manage it.
  if (owner.kind == OwnerKind::user) return {};
  return fail(ErrorCode::forbidden, "NameReserved",
              "The name \"" + owner.name + "/" + std::string(name) +
                  "\" belonged to a repository until lately, and clients may still ask for it. "
                  "Ask an admin of \"" +
                  owner.name + "\" to create it, or choose another name.");
}

Task<Result<Created>> Repos::create(Actor actor, NewRepo request) {
  CAIRN_CO_TRY(short_name, check_repo_name(request.name));
  if (request.visibility == Visibility::protected_ && request.kind != RepoKind::space)
    co_return fail(ErrorCode::invalid_argument, "InvalidVisibility",
                   "Only spaces can be protected. Choose public or private.");
  if ((!request.secrets.empty() || !request.variables.empty()) && request.kind != RepoKind::space)
    co_return fail(ErrorCode::invalid_argument, "InvalidSpaceValue",
                   "Only spaces have secrets and variables.");
  CAIRN_CO_TRY(files, first_files(request));

  CardInfo card = card_of(request.kind, "");
  std::int64_t bytes = 0;
  for (const auto& file : files) {
    bytes += static_cast<std::int64_t>(file.content.size());
    if (file.path.text() == "README.md") {
      CAIRN_CO_TRY(checked, checked_card_of(request.kind, file.content));
      card = std::move(checked);
    }
  }

  auto* history = &parts_->history;
  auto author = signature_of(actor, parts_->options.host(), parts_->clock.now());
  auto build = [history, author, files] {
    auto edit = [&](history::Editor& editor) -> Result<> {
      for (const auto& file : files) CAIRN_CHECK(editor.put(file.path, file.content));
      return {};
    };
    return history->prepare_first(author, {"initial commit", ""}, edit);
  };
  CAIRN_CO_TRY(first, co_await parts_->blocking.run(build));

  // Row, pack, ref, card and event in one transaction: a crash leaves all of them or none.
  auto public_id = request.public_id.value_or(make_public_id());
  auto write = [this, actor, request, short_name, card, bytes, first,
                public_id](db::Tx& tx) -> Result<Created> {
    CAIRN_TRY(owner, find_target(tx, actor, request.owner));
    tx.lock_row(db::Lockable::owner, owner.id.value);
    CAIRN_CHECK(access::check_create(tx, actor, owner));
    CAIRN_TRY(visibility, visibility_of_new(tx, actor, owner, request));
    RepoName name{owner.name, short_name};
    CAIRN_CHECK(
        check_free(tx, parts_->options, request.kind, name,
                   "You already created this " + std::string(to_string(request.kind)) + " repo"));
    CAIRN_CHECK(check_unreserved(tx, actor, parts_->options, request.kind, owner, short_name));

    store::Insert row{.public_id = public_id,
                      .kind = request.kind,
                      .owner = owner.id,
                      .creator = user_of(actor),
                      .name = name,
                      .visibility = visibility,
                      .default_branch = "main"};
    RepoId id = store::insert(tx, row);
    store::drop_redirect(tx, request.kind, name_key(owner.name), name_key(short_name));
    CAIRN_TRY(commit,
              parts_->history.insert_first(tx, id, "refs/heads/main", *first, ref_actor(actor)));
    store::set_head(tx, id, commit.oid.hex());
    store::add_storage(tx, id, bytes, {});
    store::set_card(tx, id, card);
    auto repo = store::find(tx, id);
    for (const auto& value : request.variables)
      CAIRN_CHECK(put_space_value(tx, parts_->keyring, *repo, ValueKind::variable, value));
    for (const auto& value : request.secrets)
      CAIRN_CHECK(put_space_value(tx, parts_->keyring, *repo, ValueKind::secret, value));
    append_event(tx, actor, *repo, "repo.created");
    forget_after_commit(tx, *repo);
    Created made{std::make_shared<const Repo>(std::move(*repo)),
                 std::make_shared<const history::CommitInfo>(std::move(commit))};
    if (request.also) CAIRN_CHECK(request.also(tx, made));
    return made;
  };
  co_return co_await parts_->database.write(write);
}

}  // namespace cairn::repo
