#include "base/bytes.h"
#include "hub/repo/card_rows.h"
#include "hub/repo/events.h"
#include "hub/repo/files.h"
#include "hub/repo/files_parts.h"
#include "hub/repo/inspect.h"
#include "hub/repo/operations.h"
#include "hub/repo/store.h"
#include "platform/git/path.h"

namespace cairn::repo {
namespace {

constexpr std::size_t tag_message_bytes_max = 60'000;

json::object ref_data(const std::string& ref, const std::optional<git::Oid>& from,
                      const std::optional<git::Oid>& to) {
  json::object data{{"ref", ref}};
  if (from) data["old"] = from->hex();
  if (to) data["new"] = to->hex();
  return data;
}

/// "refs/heads/a/b" -> "a/b".
RefInfo ref_info(const history::Ref& ref, std::string_view prefix) {
  return {ref.name.substr(prefix.size()), ref.name, ref.commit};
}

bool stays(const Repo& repo, std::string_view branch) {
  return branch == repo.default_branch || branch == clients_branch;
}

}  // namespace

Result<std::string> full_ref(std::string_view kind, std::string_view name) {
  auto invalid = [&](std::string why) {
    return fail(ErrorCode::invalid_argument, "InvalidReference",
                std::string("Invalid reference for a ") + (kind == "tags" ? "tag" : "branch") +
                    ": " + std::move(why));
  };
  if (name.starts_with("refs/")) return invalid("its name must not begin with refs/.");
  // Both would be ambiguous wherever a revision is named.
  if (name == "HEAD" || name == "@") return invalid("HEAD and @ name the default branch.");
  if (name.size() == git::oid_hex && is_lower_hex(name))
    return invalid("40 hex digits name a commit.");
  auto full = git::check_ref_name("refs/" + std::string(kind) + "/" + std::string(name));
  if (!full) return invalid(full.error().message);
  return std::move(*full);
}

Task<Result<RefList>> Files::refs(RepoRef repo, bool pull_requests) {
  auto* history = &parts_->history;
  auto read = [history, repo, pull_requests](db::Tx& tx) -> Result<RefList> {
    RefList out;
    auto collect = [&](std::string_view prefix, std::vector<RefInfo>& into) {
      for (const auto& ref : history->refs(tx, repo->id, prefix))
        into.push_back(ref_info(ref, prefix));
    };
    collect("refs/heads/", out.branches);
    collect("refs/convert/", out.converts);
    collect("refs/tags/", out.tags);
    if (pull_requests) collect("refs/pr/", out.pull_requests);
    return out;
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<CommitRef>> Files::create_branch(Actor actor, RepoRef repo, NewBranch branch) {
  CAIRN_CO_TRY(ref, full_ref("heads", branch.name));
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;

  std::shared_ptr<const history::History::Prepared> first;
  if (branch.empty) {
    auto author = signature_of(actor, repos->options().host(), parts_->clock.now());
    auto build = [history, author] {
      auto nothing = [](history::Editor&) -> Result<> { return {}; };
      return history->prepare_first(author, {"initial commit", ""}, nothing);
    };
    CAIRN_CO_TRY(prepared, co_await parts_->blocking.run(build));
    first = prepared;
  }
  // Moving the default branch changes the card. Read before, since reading a file may block.
  bool is_default = branch.overwrite && branch.name == repo->default_branch;
  CommitRef target;
  CardInfo card;
  if (!branch.empty) {
    auto point = branch.starting_point.value_or(repo->default_branch);
    if (point.empty()) point = repo->default_branch;
    CAIRN_CO_TRY(commit, co_await resolve(repo, point));
    target = commit;
    if (is_default) {
      auto read = [history, repo, commit] {
        return card_at(*history, repo->kind, repo->id, *commit);
      };
      CAIRN_CO_TRY(at_target, co_await parts_->blocking.run(read));
      card = std::move(at_target);
    }
  } else if (is_default) {
    card = card_of(repo->kind, "");
  }

  auto write = [=](db::Tx& tx) -> Result<CommitRef> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
    auto there = history->find_ref(tx, repo->id, ref);
    if (there && !branch.overwrite)
      return fail(ErrorCode::conflict, "RefExists", "Reference " + ref + " already exists");
    std::optional<git::Oid> from;
    if (there) from = there->commit;
    CommitRef made = target;
    if (first) {
      if (there)
        CAIRN_CHECK(
            history->move_ref(tx, repo->id, ref, from, std::nullopt, ref_actor(actor), "branch"));
      CAIRN_TRY(commit, history->insert_first(tx, repo->id, ref, *first, ref_actor(actor)));
      made = std::make_shared<const history::CommitInfo>(std::move(commit));
    } else {
      // Found outside: it must still be reachable, or a commit that gc takes would get a branch.
      CAIRN_TRY(still, history->resolve(tx, repo->id, target->oid.hex(), current.default_branch));
      if (from != still.oid)
        CAIRN_CHECK(
            history->move_ref(tx, repo->id, ref, from, still.oid, ref_actor(actor), "branch"));
    }
    // Another branch became the default one since the card was read, or not.
    if (is_default != (branch.overwrite && branch.name == current.default_branch))
      return fail(ErrorCode::unavailable, "RefMoved",
                  "The default branch changed meanwhile. Try again.");
    if (is_default) {
      store::set_head(tx, repo->id, made->oid.hex());
      store::set_card(tx, repo->id, card);
      plan_inspection(tx, repo->id);
      repos->forget_after_commit(tx, current);
    }
    if (from) plan_collection(tx, repo->id, repos->options().kept_after_delete);
    append_event(tx, actor, current, from ? "repo.ref.moved" : "repo.ref.created",
                 ref_data(ref, from, made->oid));
    return made;
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<>> Files::delete_branch(Actor actor, RepoRef repo, std::string name) {
  std::string ref = "refs/heads/" + name;
  if (stays(*repo, name))
    co_return fail(ErrorCode::forbidden, "CannotDeleteBranch", "Cannot delete " + ref);
  CAIRN_CO_CHECK(full_ref("heads", name));
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
    if (stays(current, name))
      return fail(ErrorCode::forbidden, "CannotDeleteBranch", "Cannot delete " + ref);
    auto there = history->find_ref(tx, repo->id, ref);
    if (!there) return no_revision(name);
    CAIRN_CHECK(history->move_ref(tx, repo->id, ref, there->commit, std::nullopt, ref_actor(actor),
                                  "delete"));
    plan_collection(tx, repo->id, repos->options().kept_after_delete);
    append_event(tx, actor, current, "repo.ref.deleted", ref_data(ref, there->commit, {}));
    return {};
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<CommitRef>> Files::set_default_branch(Actor actor, RepoRef repo, std::string name) {
  auto ref = full_ref("heads", name);
  if (!ref) co_return no_revision(name);
  CAIRN_CO_TRY(head, co_await resolve(repo, *ref));
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  // Reading a file may block, so the card comes before the transaction.
  auto read = [history, repo, head] { return card_at(*history, repo->kind, repo->id, *head); };
  CAIRN_CO_TRY(card, co_await parts_->blocking.run(read));
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::administer));
    if (current.default_branch == name) return {};
    auto there = history->find_ref(tx, repo->id, *ref);
    if (!there) return no_revision(name);
    if (there->commit != head->oid)
      return fail(ErrorCode::unavailable, "RefMoved", "The branch moved meanwhile. Try again.");
    store::set_default_branch(tx, repo->id, name);
    store::set_head(tx, repo->id, head->oid.hex());
    store::set_card(tx, repo->id, card);
    plan_inspection(tx, repo->id);
    append_event(tx, actor, current, "repo.default_branch.changed",
                 {{"from", current.default_branch}, {"to", name}});
    repos->forget_after_commit(tx, current);
    return {};
  };
  CAIRN_CO_CHECK(co_await parts_->database.write(write));
  co_return head;
}

Task<Result<>> Files::create_tag(Actor actor, RepoRef repo, NewTag tag) {
  CAIRN_CO_TRY(ref, full_ref("tags", tag.name));
  if (tag.message.size() > tag_message_bytes_max)
    co_return fail(ErrorCode::too_large, "MessageTooLong",
                   "The message of a tag has at most 60 000 bytes.");
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  auto tagger = signature_of(actor, repos->options().host(), parts_->clock.now());
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
    CAIRN_TRY(commit, resolve_in(tx, *history, current, tag.revision));
    if (history->find_ref(tx, repo->id, ref))
      return fail(ErrorCode::conflict, "RefExists", "Reference " + ref + " already exists");
    std::optional<git::Oid> object;
    if (!tag.message.empty()) {
      CAIRN_TRY(made, history->insert_tag_object(tx, repo->id, commit.oid, tag.name, tagger,
                                                 tag.message));
      object = made;
    }
    CAIRN_CHECK(history->move_ref(tx, repo->id, ref, std::nullopt, commit.oid, ref_actor(actor),
                                  "tag", object));
    append_event(tx, actor, current, "repo.ref.created", ref_data(ref, {}, commit.oid));
    return {};
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<>> Files::delete_tag(Actor actor, RepoRef repo, std::string name) {
  auto ref = full_ref("tags", name);
  if (!ref) co_return no_revision(name);
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
    auto there = history->find_ref(tx, repo->id, *ref);
    if (!there) return no_revision(name);
    CAIRN_CHECK(history->move_ref(tx, repo->id, *ref, there->commit, std::nullopt, ref_actor(actor),
                                  "delete"));
    append_event(tx, actor, current, "repo.ref.deleted", ref_data(*ref, there->commit, {}));
    return {};
  };
  co_return co_await parts_->database.write(write);
}

}  // namespace cairn::repo
