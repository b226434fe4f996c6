#include "hub/push/move.h"

#include <numeric>
#include <unordered_map>

#include "hub/lfs/links.h"
#include "hub/repo/events.h"
#include "hub/repo/pushed.h"
#include "hub/work/work.h"

namespace cairn::push {
namespace {

/// Large files whose names are noted in the transaction; the names of more are a convenience that
/// is left out.
constexpr std::size_t note_max = 500;
/// New commits of one push that a pull request tells of; the newest.
constexpr std::size_t told_max = 250;
constexpr std::string_view stale = "the ref moved meanwhile (fetch first)";

std::optional<git::Oid> value_of(const std::optional<history::Ref>& ref) {
  if (!ref) return std::nullopt;
  return ref->tag_object.value_or(ref->commit);
}

class Mover {
 public:
  Mover(db::Tx& tx, history::History& history, repo::PullRequests* pull_requests,
        const Ready& ready, const repo::Repo& current)
      : tx_(tx),
        history_(history),
        pull_requests_(pull_requests),
        ready_(ready),
        current_(current) {}

  /// @return why not; empty when it is done.
  std::string move(std::size_t i) {
    const auto& command = ready_.request->commands[i];
    const auto& change = ready_.changes[i];
    if (!change.refusal.empty()) return change.refusal;
    if (auto why = refuse_for(tx_, pull_requests_, ready_.actor, current_, command.ref);
        !why.empty())
      return why;
    auto there = history_.find_ref(tx_, current_.id, command.ref);
    if (value_of(there) != command.from) return std::string(stale);
    bool is_default = command.ref == "refs/heads/" + current_.default_branch;
    // It may have become the default one since `refusals` looked.
    if (is_default && !command.to) return "the default branch cannot be deleted";
    // Another branch became the default one since the card was read.
    if (is_default && (!ready_.card || ready_.default_branch != current_.default_branch))
      return "the default branch was changed meanwhile; push again";
    std::optional<git::Oid> from, to, tag;
    if (there) from = there->commit;
    if (change.tip) {
      to = change.tip->commit.oid;
      tag = change.tip->tag_object;
    }
    auto moved = history_.move_ref(tx_, current_.id, command.ref, from, to,
                                   repo::ref_actor(ready_.actor), kind_of(command, change), tag);
    if (!moved) return moved.error().message;
    if (is_default)
      repo::default_branch_moved(tx_, current_, change.tip->commit, ready_.card->info);
    tell(command, change, from, to);
    if (repo::is_pull_request_ref(command.ref) && change.tip)
      tell_pull_request(command.ref, *change.tip, from);
    return "";
  }

 private:
  static std::string_view kind_of(const Command& command, const Ready::Change& change) {
    if (!command.to) return "delete";
    if (!command.from) return "push";
    return change.fast_forward ? "push" : "force-push";
  }

  void tell(const Command& command, const Ready::Change& change,
            const std::optional<git::Oid>& from, const std::optional<git::Oid>& to) {
    json::object data{{"ref", command.ref}};
    if (from) data["old"] = from->hex();
    if (to) data["new"] = to->hex();
    if (!ready_.request->options.empty()) {
      json::array options;
      for (const auto& option : ready_.request->options) options.emplace_back(option);
      data["push_options"] = std::move(options);
    }
    std::string_view type = "repo.ref.moved";
    if (!from) type = "repo.ref.created";
    if (!to) type = "repo.ref.deleted";
    if (from && to && change.fast_forward) {
      type = "repo.commit";
      data["title"] = change.tip->commit.title;
    }
    repo::append_event(tx_, ready_.actor, current_, type, std::move(data));
  }

  /// Its new commits, oldest first: those that were sent, along the line of first parents.
  void tell_pull_request(const std::string& ref, const history::Tip& tip,
                         const std::optional<git::Oid>& from) {
    std::vector<const history::CommitInfo*> line{&tip.commit};
    if (ready_.incoming) {
      std::unordered_map<std::string, const history::CommitInfo*> sent;
      for (const auto& commit : ready_.incoming->commits()) sent.emplace(commit.oid.hex(), &commit);
      while (line.size() < told_max && !line.back()->parents.empty()) {
        const auto& parent = line.back()->parents.front();
        auto found = sent.find(parent.hex());
        if (parent == from || found == sent.end()) break;
        line.push_back(found->second);
      }
    }
    for (auto it = line.rbegin(); it != line.rend(); ++it)
      pull_requests_->pushed(tx_, ready_.actor, current_, ref, **it);
  }

  db::Tx& tx_;
  history::History& history_;
  repo::PullRequests* pull_requests_;
  const Ready& ready_;
  const repo::Repo& current_;
};

Result<> bring_in(db::Tx& tx, const Ready& ready, const repo::Repo& current) {
  if (!ready.incoming) return {};
  if (current.gc_epoch != ready.checked_epoch)
    return fail(ErrorCode::unavailable, "RepoCleaned",
                "The repository was cleaned up while the push ran. Push again.");
  CAIRN_CHECK(ready.incoming->insert(tx));
  repo::add_pushed_bytes(tx, current.id, ready.incoming->blob_bytes(),
                         !ready.content.large.empty());
  for (const auto& kind : ready.incoming->follow_up()) {
    work::NewWork next;
    next.kind = kind;
    next.key = std::to_string(current.id.value);
    work::enqueue(tx, next);
  }
  return {};
}

void note_paths(db::Tx& tx, const Ready& ready, std::string_view ref) {
  const auto& large = ready.content.large;
  for (std::size_t i = 0; i < std::min(large.size(), note_max); ++i)
    lfs::note_path(tx, ready.repo->id, large[i].file.sha256, large[i].path, ref);
}

}  // namespace

std::string refuse_for(db::Tx& tx, repo::PullRequests* pull_requests, const Actor& actor,
                       const repo::Repo& repo, std::string_view ref) {
  if (repo::is_pull_request_ref(ref)) {
    if (!pull_requests) return "this hub has no pull requests";
    auto may = pull_requests->check_push(tx, actor, repo, ref);
    return may ? "" : may.error().message;
  }
  auto may = access::check(tx, actor, access::Action::write, repo);
  return may ? "" : may.error().message;
}

Result<std::vector<std::string>> move_refs(db::Tx& tx, history::History& history,
                                           repo::Repos& repos, repo::PullRequests* pull_requests,
                                           const Ready& ready, std::size_t from, std::size_t to,
                                           bool first, std::vector<std::string>& refused) {
  // What may be done to each ref is asked at each.
  CAIRN_TRY(current, repos.recheck(tx, ready.actor, ready.repo->id, repo::Action::see));
  if (first) CAIRN_CHECK(bring_in(tx, ready, current));
  Mover mover(tx, history, pull_requests, ready, current);
  std::vector<std::string> out(to - from);
  // Deletions first: what is deleted may stand in the way of what is made ("a" and "a/b").
  for (bool deletions : {true, false})
    for (std::size_t i = from; i < to; ++i)
      if (!ready.request->commands[i].to.has_value() == deletions) out[i - from] = mover.move(i);
  bool any_failed = std::ranges::any_of(out, [](const auto& why) { return !why.empty(); });
  if (ready.request->atomic && any_failed) {
    refused = out;
    return fail(ErrorCode::conflict, "AtomicPushFailed", "Another ref of the push was refused.");
  }
  for (std::size_t i = from; i < to; ++i)
    if (out[i - from].empty() && ready.changes[i].tip) {
      note_paths(tx, ready, ready.request->commands[i].ref);
      break;
    }
  repos.forget_after_commit(tx, current);
  return out;
}

}  // namespace cairn::push
