#include "base/text.h"
#include "hub/community/discussions.h"
#include "hub/community/rules.h"
#include "hub/community/store.h"
#include "hub/repo/events.h"

namespace cairn::community {
namespace {

std::optional<std::int64_t> number_of(std::string_view ref) {
  auto number = parse_int(ref.substr(std::string_view("refs/pr/").size()));
  if (!number || *number < 1 || repo::pull_request_ref(*number) != ref) return std::nullopt;
  return number;
}

/// As long as a title may be, in whole characters.
std::string shortened(std::string_view title) {
  std::size_t chars = 0, end = 0;
  for (; end < title.size(); ++end) {
    bool begins = (static_cast<unsigned char>(title[end]) & 0xC0) != 0x80;
    if (begins && ++chars > title_chars_max) break;
  }
  return std::string(title.substr(0, end));
}

void add_commit(db::Tx& tx, const Actor& actor, std::int64_t discussion,
                const history::CommitInfo& commit) {
  json::object data{{"subject", commit.title}, {"oid", commit.oid.hex()}};
  (void)store::add_event(tx, discussion, EventKind::commit, repo::user_of(actor), "", data);
}

}  // namespace

Result<> PullRequestRows::check_open(db::Tx& tx, const Actor& actor, const repo::Repo& repo) {
  CAIRN_CHECK(access::check(tx, actor, Action::create_pr, repo));
  return check_new(tx, actor, repo);
}

Result<std::int64_t> PullRequestRows::open(db::Tx& tx, const Actor& actor, const repo::Repo& repo,
                                           New request, const history::CommitInfo& first) {
  CAIRN_CHECK(check_open(tx, actor, repo));
  tx.lock_row(db::Lockable::repo, repo.id.value);
  auto author = repo::user_of(actor);
  auto made = store::insert(
      tx, {repo.id, author, shortened(request.title), Status::open, std::move(request.target)});
  auto text = truncate_utf8(trim(request.description), comment_bytes_max);
  (void)store::add_event(tx, made.row, EventKind::comment, author, text, {});
  add_commit(tx, actor, made.row, first);
  tell(tx, actor, repo, "discussion.created", made);
  return made.number;
}

bool PullRequestRows::has_own(db::Tx& tx, const Actor& actor, const repo::Repo& repo) {
  return actor.has_user() && access::decide(tx, actor, Action::create_pr, repo).allowed() &&
         store::has_open_pull_request(tx, repo.id, actor.user);
}

Result<> PullRequestRows::check_push(db::Tx& tx, const Actor& actor, const repo::Repo& repo,
                                     std::string_view ref) {
  CAIRN_CHECK(access::check(tx, actor, Action::create_pr, repo));
  auto number = number_of(ref);
  auto found = number ? store::find(tx, repo.id, *number) : std::nullopt;
  if (!found || !found->is_pull_request)
    return fail(ErrorCode::not_found, "RevisionNotFound", "Invalid rev id: " + std::string(ref));
  if (!is_author(actor, *found)) CAIRN_CHECK(access::check(tx, actor, Action::write, repo));
  if (found->status == Status::closed || found->status == Status::merged)
    return fail(ErrorCode::forbidden, "PullRequestClosed",
                "Pull request " + std::to_string(*number) + " is " +
                    std::string(to_string(found->status)) +
                    " and takes no commits. Reopen it, or open another.");
  return {};
}

void PullRequestRows::pushed(db::Tx& tx, const Actor& actor, const repo::Repo& repo,
                             std::string_view ref, const history::CommitInfo& commit) {
  auto number = number_of(ref);
  auto found = number ? store::find(tx, repo.id, *number) : std::nullopt;
  if (found) add_commit(tx, actor, found->row, commit);
}

}  // namespace cairn::community
