#include "hub/community/rules.h"

#include "base/text.h"
#include "hub/community/store.h"
#include "hub/repo/events.h"

namespace cairn::community {
namespace {

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidDiscussion", std::move(message));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_text(std::string_view text) {
  return is_valid_utf8(text) && !text.contains('\0');
}

bool may_write(db::Tx& tx, const Actor& actor, const repo::Repo& repo) {
  return access::decide(tx, actor, Action::write, repo).allowed();
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::open:
      return "open";
    case Status::closed:
      return "closed";
    case Status::merged:
      return "merged";
    case Status::draft:
      return "draft";
  }
  return "open";
}

bool is_author(const Actor& actor, const Discussion& discussion) {
  return actor.has_user() && discussion.author_id == actor.user;
}

Result<> check_talk(db::Tx& tx, const Actor& actor, const repo::Repo& repo) {
  if (!repo.settings.discussionsDisabled || may_write(tx, actor, repo)) return {};
  return fail(ErrorCode::forbidden, "DiscussionsDisabled",
              "Discussions are disabled for this repository. Write to its owner instead.");
}

Result<> check_new(db::Tx& tx, const Actor& actor, const repo::Repo& repo) {
  CAIRN_CHECK(check_talk(tx, actor, repo));
  if (!actor.has_user()) return {};
  bool many = store::count_open(tx, repo.id, actor.user) >= open_per_author_max;
  if (!many || may_write(tx, actor, repo)) return {};
  return fail(ErrorCode::rate_limited, "TooManyDiscussions",
              "You have " + std::to_string(open_per_author_max) +
                  " open discussions and pull requests here. Close some first.");
}

void tell(db::Tx& tx, const Actor& actor, const repo::Repo& repo, std::string_view type,
          const Discussion& discussion, json::object more) {
  more["number"] = discussion.number;
  more["title"] = discussion.title;
  more["isPullRequest"] = discussion.is_pull_request;
  repo::append_event(tx, actor, repo, type, std::move(more));
}

Result<std::string> check_title(std::string_view title) {
  title = trim(title);
  if (!is_text(title) || title.contains('\n'))
    return invalid("The title is one line of UTF-8 text.");
  auto chars = characters(title);
  if (chars < title_chars_min || chars > title_chars_max)
    return invalid("The title has 3 to 200 characters.");
  return std::string(title);
}

Result<std::string> check_comment(std::string_view text) {
  text = trim(text);
  if (!is_text(text)) return invalid("A comment is UTF-8 text.");
  if (text.empty() || text.size() > comment_bytes_max)
    return invalid("A comment has 1 to 65536 bytes.");
  return std::string(text);
}

}  // namespace cairn::community
