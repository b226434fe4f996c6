#include "api/hub/encode.h"
#include "base/text.h"

// Discussions and pull requests (hub-api.md, section 11.1).
namespace cairn::api::hub {
namespace {

using community::Discussion;
using community::EventKind;

struct CreateIn {
  std::string title;
  std::optional<std::string> description;
  std::optional<bool> pullRequest;
};
BOOST_DESCRIBE_STRUCT(CreateIn, (), (title, description, pullRequest))
struct CommentIn {
  std::string comment;
};
BOOST_DESCRIBE_STRUCT(CommentIn, (), (comment))
struct TitleIn {
  std::string title;
};
BOOST_DESCRIBE_STRUCT(TitleIn, (), (title))
struct StatusIn {
  std::string status;
  std::optional<std::string> comment;
};
BOOST_DESCRIBE_STRUCT(StatusIn, (), (status, comment))
struct MergeIn {
  std::optional<std::string> comment;
};
BOOST_DESCRIBE_STRUCT(MergeIn, (), (comment))
struct EditIn {
  std::string content;
};
BOOST_DESCRIBE_STRUCT(EditIn, (), (content))
struct PinIn {
  bool pinned = false;
};
BOOST_DESCRIBE_STRUCT(PinIn, (), (pinned))

/// Readers look into `author` without a check, so a deleted one is left out, never null.
void add_author(json::object& out, const Services& services, std::string_view key,
                const community::Author& author) {
  if (author) out[key] = user_json(services, *author);
}

json::object repo_json(const repo::Repo& repo) {
  return {{"name", repo.name}, {"type", json::string_view(to_string(repo.kind))}};
}

json::object discussion_json(const Services& services, const repo::Repo& repo,
                             const Discussion& in) {
  json::object out{
      {"_id", in.id.hex},
      {"num", in.number},
      {"title", in.title},
      {"status", json::string_view(community::to_string(in.status))},
      {"isPullRequest", in.is_pull_request},
      {"createdAt", to_rfc3339(in.created_at)},
      {"updatedAt", to_rfc3339(in.updated_at)},
      {"repo", repo_json(repo)},
      {"repoOwner", json::object{{"name", repo.owner_name},
                                 {"type", json::string_view(to_string(repo.owner_kind))}}},
      {"pinned", in.is_pinned},
      {"locked", false},
      {"numComments", in.comments},
      {"numReactionUsers", 0},
      {"topReactions", json::array()}};
  add_author(out, services, "author", in.author);
  return out;
}

std::string_view type_of(EventKind kind) {
  switch (kind) {
    case EventKind::comment:
      return "comment";
    case EventKind::status_change:
      return "status-change";
    case EventKind::commit:
      return "commit";
    case EventKind::title_change:
      return "title-change";
    case EventKind::pinning_change:
      return "pinning-change";
  }
  return "comment";
}

/// One version of a comment. `html` is made where it is shown; clients that ask for it get the
/// text.
json::object version_json(const Services& services, const std::string& body,
                          const community::Author& author, Time at) {
  json::object out{{"raw", body}, {"html", ""}, {"updatedAt", to_rfc3339(at)}};
  add_author(out, services, "author", author);
  return out;
}

json::object comment_data(const Services& services, const community::Event& in) {
  auto at = in.edited_at.value_or(in.created_at);
  json::object out{{"edited", in.edits > 0},
                   {"hidden", in.hidden_at.has_value()},
                   {"latest", version_json(services, in.body, in.author, at)},
                   {"numEdits", in.edits},
                   {"reactions", json::array()}};
  json::array editors;
  if (in.edits > 0 && in.author) editors.emplace_back(in.author->name);
  out["editors"] = std::move(editors);
  if (in.hidden_by) out["hiddenBy"] = in.hidden_by->name;
  if (!in.history.empty()) {
    json::array history;
    for (const auto& edit : in.history)
      history.push_back(version_json(services, edit.body, edit.author, edit.created_at));
    out["history"] = std::move(history);
  }
  return out;
}

json::object event_json(const Services& services, const community::Event& in) {
  json::object out{{"id", in.id.hex},
                   {"type", json::string_view(type_of(in.kind))},
                   {"createdAt", to_rfc3339(in.created_at)},
                   {"data", in.kind == EventKind::comment ? comment_data(services, in) : in.data}};
  add_author(out, services, "author", in.author);
  return out;
}

json::value conflicts_json(const community::Conflicts& conflicts) {
  if (const auto* known = std::get_if<bool>(&conflicts)) return *known;
  json::array out;
  for (const auto& path : std::get<std::vector<std::string>>(conflicts)) out.emplace_back(path);
  return out;
}

Result<std::int64_t> number_of(const http::Request& request) {
  auto number = parse_int(request.param("num"));
  if (number && *number > 0) return *number;
  return fail(ErrorCode::not_found, "DiscussionNotFound", "Discussions have numbers, from 1 on.");
}

Result<community::DiscussionQuery> list_query(const http::Request& request) {
  community::DiscussionQuery query;
  auto invalid = [](std::string message) {
    return fail(ErrorCode::invalid_argument, "InvalidQuery", std::move(message));
  };
  if (auto page = request.query("p"); page && !page->empty()) {
    auto number = parse_int(*page);
    if (!number) return invalid("`p` is a page number from 0 on.");
    query.page = *number;
  }
  auto type = request.query("type").value_or("all");
  if (type == "pull_request") query.pull_requests = true;
  if (type == "discussion") query.pull_requests = false;
  if (!query.pull_requests && type != "all")
    return invalid("`type` is all, discussion or pull_request.");
  auto status = request.query("status").value_or("all");
  if (status == "open") query.closed = false;
  if (status == "closed") query.closed = true;
  if (!query.closed && status != "all") return invalid("`status` is all, open or closed.");
  if (auto author = request.query("author"); author && !author->empty())
    query.author = std::string(*author);
  if (auto search = request.query("search"); search && !search->empty())
    query.search = std::string(*search);
  return query;
}

RepoHandler list_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(query, list_query(request));
    CAIRN_CO_TRY(page, co_await services.community.discussions.list(repo, std::move(query)));
    json::array list;
    for (const auto& discussion : page.discussions)
      list.push_back(discussion_json(services, *repo, discussion));
    co_return http::json(200, json::value(json::object{{"discussions", std::move(list)},
                                                       {"count", page.count},
                                                       {"start", page.start},
                                                       {"numClosedDiscussions", page.closed}}));
  };
}

RepoHandler details_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(number, number_of(request));
    CAIRN_CO_TRY(found, co_await services.community.discussions.details(actor, repo, number));
    const auto& discussion = found.discussion;
    auto out = discussion_json(services, *repo, discussion);
    json::array events;
    for (const auto& event : found.events) events.push_back(event_json(services, event));
    out["events"] = std::move(events);
    out["isReport"] = false;
    if (discussion.is_pull_request) {
      json::object changes{{"base", discussion.target}};
      if (discussion.merge_commit) changes["mergeCommitId"] = *discussion.merge_commit;
      out["changes"] = std::move(changes);
      out["filesWithConflicts"] = conflicts_json(found.conflicts);
    }
    co_return http::json(200, json::value(std::move(out)));
  };
}

RepoHandler create_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CreateIn>());
    community::NewDiscussion wanted{in.title, in.description.value_or(""),
                                    in.pullRequest.value_or(false)};
    CAIRN_CO_TRY(number, co_await services.community.discussions.create(actor, repo, wanted));
    co_return http::json(201,
                         json::value(json::object{{"num", number},
                                                  {"url", discussion_url(services, *repo, number)},
                                                  {"pullRequest", wanted.pull_request}}));
  };
}

/// A change that answers with the event it made.
template <class In, class Change>
RepoHandler change_handler(Services& services, std::string_view key, Change change) {
  return [&services, key, change](http::Request& request, account::Actor actor,
                                  repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(number, number_of(request));
    CAIRN_CO_TRY(in, co_await request.read_json<In>());
    CAIRN_CO_TRY(event, co_await change(request, actor, repo, number, std::move(in)));
    co_return http::json(200, json::value(json::object{{key, event_json(services, event)}}));
  };
}

RepoHandler status_handler(Services& services) {
  auto change = [&services](http::Request&, account::Actor actor, repo::RepoRef repo,
                            std::int64_t number, StatusIn in) -> Task<Result<community::Event>> {
    if (in.status != "open" && in.status != "closed")
      co_return fail(ErrorCode::invalid_argument, "InvalidDiscussion",
                     "\"status\" must be open or closed.");
    co_return co_await services.community.discussions.set_open(
        actor, repo, number, in.status == "open", in.comment.value_or(""));
  };
  return change_handler<StatusIn>(services, "newStatus", change);
}

/// The body may be `null`, or absent.
RepoHandler merge_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(number, number_of(request));
    CAIRN_CO_TRY(text, co_await request.read_all());
    std::optional<MergeIn> in;
    if (!trim(text).empty()) {
      CAIRN_CO_TRY(read, parse_json_as<std::optional<MergeIn>>(text));
      in = read;
    }
    std::string comment = in ? in->comment.value_or("") : "";
    CAIRN_CO_CHECK(
        co_await services.community.discussions.merge(actor, repo, number, std::move(comment)));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

RepoHandler hide_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(number, number_of(request));
    CAIRN_CO_TRY(id, parse_public_id(to_lower_ascii(request.param("comment"))));
    CAIRN_CO_TRY(event,
                 co_await services.community.discussions.hide_comment(actor, repo, number, id));
    co_return http::json(
        200, json::value(json::object{{"updatedComment", event_json(services, event)}}));
  };
}

/// A change without an answer of its own.
template <class Change>
RepoHandler plain_handler(Change change) {
  return [change](http::Request& request, account::Actor actor,
                  repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(number, number_of(request));
    CAIRN_CO_CHECK(co_await change(request, actor, repo, number));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

void add_changes(http::Router& router, Services& services, RepoKind kind) {
  using http::Method;
  auto& discussions = services.community.discussions;
  auto add = [&](Method method, std::string_view suffix, std::string_view operation,
                 std::string_view access, std::string summary, RepoHandler handler,
                 std::optional<json::value> schema = {}) {
    router.add({.method = method,
                .pattern = api_path(kind, "/discussions/{num}" + std::string(suffix)),
                .operation = "discussion." + std::string(operation),
                .summary = std::move(summary),
                .scope = "write",
                .access = "repo." + std::string(access),
                .handler = on_repo(services, kind, access::Action::see, std::move(handler)),
                .request_schema = std::move(schema)});
  };
  auto comment = [&discussions](http::Request&, account::Actor actor, repo::RepoRef repo,
                                std::int64_t number, CommentIn in) {
    return discussions.comment(actor, repo, number, std::move(in.comment));
  };
  auto rename = [&discussions](http::Request&, account::Actor actor, repo::RepoRef repo,
                               std::int64_t number, TitleIn in) {
    return discussions.rename(actor, repo, number, std::move(in.title));
  };
  auto edit = [&discussions](http::Request& request, account::Actor actor, repo::RepoRef repo,
                             std::int64_t number, EditIn in) -> Task<Result<community::Event>> {
    CAIRN_CO_TRY(id, parse_public_id(to_lower_ascii(request.param("comment"))));
    co_return co_await discussions.edit_comment(actor, repo, number, id, std::move(in.content));
  };
  auto pin = [&discussions](http::Request& request, account::Actor actor, repo::RepoRef repo,
                            std::int64_t number) -> Task<Result<>> {
    CAIRN_CO_TRY(in, co_await request.read_json<PinIn>());
    co_return co_await discussions.pin(actor, repo, number, in.pinned);
  };
  auto remove = [&discussions](http::Request&, account::Actor actor, repo::RepoRef repo,
                               std::int64_t number) {
    return discussions.remove(actor, repo, number);
  };
  auto remove_ref = [&discussions](http::Request&, account::Actor actor, repo::RepoRef repo,
                                   std::int64_t number) {
    return discussions.remove_ref(actor, repo, number);
  };
  add(Method::post, "/comment", "comment", "discuss", "Adds a comment.",
      change_handler<CommentIn>(services, "newMessage", comment), json_schema<CommentIn>());
  add(Method::post, "/title", "rename", "author_or_write", "Changes the title.",
      change_handler<TitleIn>(services, "newTitle", rename), json_schema<TitleIn>());
  add(Method::post, "/status", "status", "author_or_write", "Opens or closes it.",
      status_handler(services), json_schema<StatusIn>());
  add(Method::post, "/merge", "merge", "write", "Merges a pull request into its branch.",
      merge_handler(services), json_schema<MergeIn>());
  add(Method::post, "/comment/{comment}/edit", "edit_comment", "author", "Changes a comment.",
      change_handler<EditIn>(services, "updatedComment", edit), json_schema<EditIn>());
  add(Method::post, "/comment/{comment}/hide", "hide_comment", "author_or_write",
      "Takes a comment's text away, for good.", hide_handler(services));
  add(Method::post, "/pin", "pin", "write", "Pins it, or takes the pin away.", plain_handler(pin),
      json_schema<PinIn>());
  add(Method::delete_, "", "delete", "administer", "Deletes it with all comments.",
      plain_handler(remove));
  add(Method::delete_, "/ref", "delete_ref", "write", "Drops the ref of a closed pull request.",
      plain_handler(remove_ref));
}

}  // namespace

std::string discussion_url(const Services& services, const repo::Repo& repo, std::int64_t number) {
  return repo::repo_url(services.public_url, repo.kind, repo.name) + "/discussions/" +
         std::to_string(number);
}

void add_discussion_routes(http::Router& router, Services& services) {
  for (RepoKind kind : all_kinds) {
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/discussions"),
                .operation = "discussion.list",
                .summary = "Discussions and pull requests, newest first.",
                .handler = on_repo(services, kind, access::Action::see, list_handler(services))});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/discussions"),
                .operation = "discussion.create",
                .summary = "Opens a discussion, or a pull request as a draft.",
                .scope = "write",
                .access = "repo.discuss",
                .handler = on_repo(services, kind, access::Action::see, create_handler(services)),
                .request_schema = json_schema<CreateIn>()});
    router.add(
        {.method = http::Method::get,
         .pattern = api_path(kind, "/discussions/{num}"),
         .operation = "discussion.details",
         .summary = "A discussion or pull request with all that happened.",
         .handler = on_repo(services, kind, access::Action::see, details_handler(services))});
    add_changes(router, services, kind);
  }
}

}  // namespace cairn::api::hub
