#include "pages/first.h"
#include "pages/needs.h"

// Pages that are not one repository's.
namespace cairn::pages {
namespace {

std::string_view plural_title(RepoKind kind) {
  switch (kind) {
    case RepoKind::model:
      return "Models";
    case RepoKind::dataset:
      return "Datasets";
    case RepoKind::space:
      return "Spaces";
    case RepoKind::kernel:
      break;
  }
  return "Kernels";
}

/// The address of the list after this page, from the API's next one: only its cursor counts.
std::string next_address(const http::Request& request, const Answer& list) {
  constexpr std::string_view key = "cursor=";
  auto at = list.next.find(key);
  if (at == list.next.npos) return {};
  std::string out = std::string(request.path()) + "?";
  for (const auto& [name, value] : request.query_pairs())
    if (name != "cursor") out += segment(name) + "=" + segment(value) + "&";
  auto cursor = std::string_view(list.next).substr(at);
  return out + std::string(cursor.substr(0, cursor.find('&')));
}

std::string three_lists() {
  std::string out = "<nav>";
  for (RepoKind kind : page_kinds)
    out += (kind == RepoKind::model ? "" : " · ") +
           first::link("/" + std::string(repo::plural(kind)), plural_title(kind));
  return out + "</nav>";
}

std::string text_member(const Answer& answer, std::string_view key) {
  auto read = parse_json(answer.body);
  auto* value = read && read->is_object() ? read->get_object().if_contains(key) : nullptr;
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

Task<> home(Visit& visit) {
  begin(visit, "home", "");
  visit.page.canonical = "/";
  visit.page.listed = true;
  auto name = visit.services.settings.current()->name;
  visit.page.description = "Models, datasets and applications on " + name + ".";
  for (RepoKind kind : page_kinds) co_await visit.ask(needs::trending(kind));
  visit.page.first = "<h1>" + render::escape_html(name) + "</h1>" + three_lists();
  if (!visit.signed_in()) co_return;
  co_await visit.ask(std::string(needs::activity));
  co_await visit.ask(std::string(needs::requests));
  for (RepoKind kind : page_kinds) {
    auto* mine = co_await visit.ask(needs::owned(kind, visit.actor().user_name));
    visit.page.first +=
        "<h2>" + std::string(plural_title(kind)) + "</h2>" + first::rows(kind, *mine, "");
  }
}

Task<> list(Visit& visit, RepoKind kind) {
  begin(visit, "list", std::string(plural_title(kind)));
  visit.page.page["type"] = to_string(kind);
  visit.page.canonical = "/" + std::string(repo::plural(kind));
  visit.page.listed = visit.request.query_pairs().empty();
  visit.page.description =
      std::string(plural_title(kind)) + " on " + visit.services.settings.current()->name + ".";
  auto* rows = co_await visit.ask(needs::list(kind, visit.request));
  co_await visit.ask(needs::facets(kind, visit.request));
  visit.page.first = "<h1>" + std::string(plural_title(kind)) + "</h1>" + three_lists() +
                     first::rows(kind, *rows, next_address(visit.request, *rows));
}

Task<> owner(Visit& visit) {
  std::string name(visit.request.param("owner"));
  auto* user = co_await visit.ask(needs::user(name));
  const Answer* found = user;
  if (user->status != 200) found = co_await visit.ask(needs::organization(name));
  if (found->status == 401) co_return visit.sign_in_first();
  if (found->status != 200) {
    // An old name of a single segment, of any kind.
    auto moved = co_await visit.services.repos.find(visit.actor(), RepoKind::model, name,
                                                    access::Action::see);
    if (moved) co_return visit.redirect(repo_address(RepoKind::model, moved->repo->name));
    co_return visit.missing();
  }
  bool person = found == user;
  if (person) co_await visit.ask(needs::organization(name));  // The app looks at both.
  std::string written = text_member(*found, person ? "user" : "name");
  if (written.empty()) written = name;
  std::string full_name = text_member(*found, "fullname");
  begin(visit, "owner", full_name.empty() ? written : full_name + " (" + written + ")");
  visit.page.page["name"] = written;
  visit.page.page["type"] = person ? "user" : "org";
  visit.page.canonical = "/" + written;
  visit.page.listed = true;
  visit.page.description = "Models, datasets and spaces of " + written + ".";
  visit.page.first = "<h1 dir=\"auto\">" + render::escape_html(visit.page.title) + "</h1>";
  for (RepoKind kind : page_kinds) {
    auto* list = co_await visit.ask(needs::owned(kind, written));
    visit.page.first +=
        "<h2>" + std::string(plural_title(kind)) + "</h2>" + first::rows(kind, *list, "");
  }
}

}  // namespace cairn::pages
