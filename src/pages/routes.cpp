#include <algorithm>
#include <array>
#include <functional>

#include "pages/assets.h"
#include "pages/document.h"

namespace cairn::pages {
namespace {

/// Makes a page in a visit.
using Make = std::function<Task<>(Visit&)>;

/// Who may open a page at all.
enum class For {
  everyone,  ///< Also on a hub that shows strangers nothing: the ways in.
  readers,   ///< Strangers only where the hub lets them read.
  members,   ///< People who are signed in.
  administrators,
};

/// The rule of docs/access.md that this is. A reader's page shows what the API gives its visitor.
constexpr std::string_view rule_of(For whom) {
  switch (whom) {
    case For::everyone:
      return "everyone";
    case For::readers:
      return "page";
    case For::members:
      return "signed_in";
    case For::administrators:
      return "administrator";
  }
  return "";
}

/// What a page of a repository asks for beyond seeing that there is one.
struct RepositoryPage {
  std::string_view verb;
  access::Action action;
};
constexpr RepositoryPage repository_pages[] = {{"tree", access::Action::list_files},
                                               {"blob", access::Action::read_content},
                                               {"blame", access::Action::read_content},
                                               {"edit", access::Action::write},
                                               {"commits", access::Action::list_files},
                                               {"commit", access::Action::read_content},
                                               {"compare", access::Action::read_content},
                                               {"upload", access::Action::write},
                                               {"new", access::Action::write},
                                               {"settings", access::Action::write}};
std::string rule_of(access::Action action) {
  return "repo." + std::string(access::to_string(action));
}

/// A section of the account's pages, and what it is drawn from.
struct AccountSection {
  std::string_view name;
  std::string_view answers[2];
};
constexpr AccountSection account_sections[] = {
    {"profile", {"/api/-/v1/me"}},
    {"password", {"/api/-/v1/me"}},
    {"tokens", {"/api/-/v1/tokens"}},
    {"keys", {"/api/-/v1/ssh/keys", "/api/-/v1/gpg/keys"}},
    {"sessions", {"/api/-/v1/sessions"}},
    {"organizations", {"/api/-/v1/organizations", "/api/-/v1/me/invites"}},
    {"applications", {"/api/-/v1/oauth/grants"}},
    {"storage", {"/api/settings/repositories"}},
    {"deleted", {"/api/-/v1/deleted-repositories"}}};
/// What the public hub calls some of them.
constexpr std::pair<std::string_view, std::string_view> account_aliases[] = {
    {"account", "password"},
    {"authentication", "password"},
    {"connected-applications", "applications"}};
constexpr std::string_view admin_sections[] = {
    "overview", "people", "organizations", "repositories",  "invites",      "policies",
    "storage",  "work",   "health",        "configuration", "announcement", "record"};
constexpr std::string_view organization_sections[] = {
    "profile", "members", "invites", "storage", "deleted", "danger", "repositories"};

template <std::size_t count>
bool in(const std::string_view (&list)[count], std::string_view word) {
  return std::ranges::find(list, word) != std::end(list);
}

/// Whether the viewer may go on; else the visit has another page.
bool admit(Visit& visit, For whom) {
  bool closed = !visit.services.settings.current()->anonymous_read;
  if (whom == For::everyone || visit.signed_in()) {
    if (whom != For::administrators || visit.actor().is_admin) return true;
    visit.forbidden("role");
    return false;
  }
  if (whom == For::readers && !closed) return true;
  visit.sign_in_first();
  return false;
}

/// What programs get where no route fits: 405 where another method would, else 404.
Result<http::Response> nothing_for_programs(const Services& services,
                                            const http::Request& request) {
  std::string allowed;
  for (auto method : services.router->methods(request))
    allowed += (allowed.empty() ? "" : ", ") + std::string(http::to_string(method));
  if (allowed.empty())
    return fail(ErrorCode::not_found, "NotFound",
                "Nothing is at this address. Check the spelling of the path.");
  auto out = services.router->error(
      Error{ErrorCode::method_not_allowed, "MethodNotAllowed",
            std::string(request.method_name()) + " is not possible here. Use " + allowed + "."},
      request);
  out.headers.set("Allow", allowed);
  return out;
}

bool is_browser(const http::Request& request) {
  return wants_document(request) || wants_data(request);
}

/// Programs that meet a page get what they get everywhere: an error that is JSON.
std::optional<Error> error_of(const Page& page, bool signed_in) {
  bool sign_in = page.redirect && page.redirect->starts_with("/login");
  if (sign_in || (page.status == 403 && !signed_in))
    return Error{ErrorCode::unauthenticated, "Unauthenticated",
                 "Nobody is signed in. Sign in, or send an access token."};
  if (page.redirect || page.status < 400) return std::nullopt;
  if (page.status == 404)
    return Error{ErrorCode::not_found, "NotFound",
                 "Nothing is at this address. Check the spelling of the path."};
  if (page.status == 403)
    return Error{ErrorCode::forbidden, "Forbidden", "You may not open this page."};
  return Error{ErrorCode::unavailable, "Unavailable", "The hub cannot show this page now."};
}

class Routes {
 public:
  Routes(http::Router& router, Services& services)
      : router_(router),
        services_(services),
        shell_(std::make_shared<const std::optional<Shell>>(load_shell())) {}

  /// A page that loses against every other route.
  /// @param rule  What it asks for where that is more than `whom` says.
  void add(std::string pattern, std::string name, For whom, Make make, std::string rule = {}) {
    router_.add({.method = http::Method::get,
                 .pattern = std::move(pattern),
                 .operation = "page." + name,
                 .summary = "A page.",
                 .access = rule.empty() ? std::string(rule_of(whom)) : std::move(rule),
                 .handler = handler(whom, std::move(make)),
                 .last_resort = true,
                 .open_to_strangers = true});
  }

  [[nodiscard]] http::Handler handler(For whom, Make make) const {
    return http::Handler([&services = services_, shell = shell_, whom, make = std::move(make)](
                             http::Request& request) -> Task<Result<http::Response>> {
      if (is_of_programs(services, request)) co_return nothing_for_programs(services, request);
      Visit visit(services, request);
      if (admit(visit, whom)) co_await make(visit);
      if (!is_browser(request))
        if (auto error = error_of(visit.page, visit.signed_in())) co_return fail(std::move(*error));
      co_return co_await respond(visit, *shell);
    });
  }

  /// A page that its kind says all about.
  static Make plain(std::string kind, std::string title) {
    return [kind = std::move(kind), title = std::move(title)](Visit& visit) -> Task<> {
      begin(visit, kind, title);
      visit.page.first = "<h1>" + title + "</h1>";
      co_return;
    };
  }

 private:
  /// A name in the pattern fits every word: "/api/nothing", and "/oauth/token", which takes a POST.
  static bool is_of_programs(const Services& services, const http::Request& request) {
    if (!request.route() || !request.route()->pattern.starts_with("/{")) return false;
    return request.path().starts_with("/api/") || !services.router->methods(request).empty();
  }

  http::Router& router_;
  Services& services_;
  std::shared_ptr<const std::optional<Shell>> shell_;
};

void add_repository_pages(Routes& routes) {
  for (RepoKind kind : page_kinds) {
    std::string prefix(repo::url_prefix(kind));
    std::string base = "/" + prefix + "{ns}/{name}";
    routes.add(
        base, "repository", For::readers, [kind](Visit& visit) { return repository(visit, kind); },
        rule_of(access::Action::see));
    if (!prefix.empty())
      routes.add(
          "/" + prefix + "{name}", "repository", For::readers,
          [kind](Visit& visit) { return old_name(visit, kind); }, rule_of(access::Action::see));
    for (auto [verb, action] : repository_pages)
      routes.add(
          base + "/" + std::string(verb) + "/{rest...}",
          verb == "new" ? "new_file" : std::string(verb), For::readers,
          [kind, verb](Visit& visit) { return in_repository(visit, kind, std::string(verb)); },
          rule_of(action));
    routes.add("/" + std::string(repo::plural(kind)), "list", For::readers,
               [kind](Visit& visit) { return list(visit, kind); });
  }
  routes.add("/models/{ns}/{name}/{rest...}", "models", For::everyone, [](Visit& visit) -> Task<> {
    // What people write who think of the list's address.
    if (!is_browser(visit.request)) co_return visit.missing();
    visit.redirect(visit.request.target().substr(std::string_view("/models").size()));
    co_return;
  });
}

Task<> new_repository(Visit& visit, RepoKind kind) {
  begin(visit, "new", "New " + std::string(to_string(kind)));
  visit.page.page["type"] = to_string(kind);
  visit.page.first = "<h1>" + visit.page.title + "</h1>";
  co_return;
}

Task<> account(Visit& visit) {
  std::string section(visit.request.param("section"));
  if (section.empty()) section = "profile";
  for (auto [old_name, name] : account_aliases)
    if (section == old_name) co_return visit.redirect("/settings/" + std::string(name));
  auto found = std::ranges::find(account_sections, section, &AccountSection::name);
  if (found == std::end(account_sections)) co_return visit.missing();
  begin(visit, "account", "Settings");
  visit.page.page["section"] = section;
  visit.page.first = "<h1>Settings</h1>";
  for (auto answer : found->answers)
    if (!answer.empty()) co_await visit.ask(std::string(answer));
}

Task<> admin(Visit& visit) {
  std::string section(visit.request.param("section"));
  if (section.empty()) section = "overview";
  if (!in(admin_sections, section)) co_return visit.missing();
  begin(visit, "admin", "Administration");
  visit.page.page["section"] = section;
  visit.page.first = "<h1>Administration</h1>";
}

Task<> organization_settings(Visit& visit) {
  std::string name(visit.request.param("org"));
  std::string section(visit.request.param("section"));
  if (section.empty()) section = "profile";
  if (!in(organization_sections, section)) co_return visit.missing();
  auto* found = co_await visit.ask("/api/organizations/" + segment(name) + "/overview");
  if (found->status != 200) co_return visit.missing();
  auto read = parse_json(found->body);
  auto* role = read && read->is_object() ? read->get_object().if_contains("roleInOrg") : nullptr;
  if (!role || *role != "admin") co_return visit.forbidden("role");
  std::string written(read->get_object().at("name").as_string());
  begin(visit, "organization_settings", written + " · Settings");
  visit.page.page["name"] = written;
  visit.page.page["section"] = section;
  visit.page.first = "<h1>" + render::escape_html(written) + "</h1>";
  std::string base = "/api/-/v1/organizations/" + segment(written);
  co_await visit.ask(base);
  co_await visit.ask("/api/organizations/" + segment(written) + "/members");
  co_await visit.ask(base + "/invites");
  co_await visit.ask("/api/-/v1/deleted-repositories?owner=" + segment(written));
}

Task<> login(Visit& visit) {
  auto next = visit.request.query("next").value_or("");
  if (visit.signed_in()) co_return visit.redirect(is_local(next) ? std::string(next) : "/");
  begin(visit, "login", "Sign in");
  if (is_local(next)) visit.page.page["next"] = next;
  visit.page.first = "<h1>Sign in</h1><p>Signing in needs JavaScript.</p>";
}

Task<> join(Visit& visit) {
  begin(visit, "join", "Create an account");
  auto next = visit.request.query("next").value_or("");
  if (is_local(next)) visit.page.page["next"] = next;
  visit.page.first = "<h1>Create an account</h1><p>This needs JavaScript.</p>";
  co_return;
}

void add_site_pages(Routes& routes) {
  routes.add("/", "home", For::readers, home);
  routes.add("/{owner}", "owner", For::readers, owner);
  for (auto [pattern, kind] : {std::pair("/new", RepoKind::model),
                               {"/new-dataset", RepoKind::dataset},
                               {"/new-space", RepoKind::space}})
    routes.add(pattern, "new", For::members,
               [kind](Visit& visit) { return new_repository(visit, kind); });
  routes.add("/login", "login", For::everyone, login);
  routes.add("/login/reset", "reset", For::everyone, Routes::plain("reset", "New password"));
  routes.add("/join", "join", For::everyone, join);
  routes.add("/setup", "setup", For::everyone, Routes::plain("setup", "Set up"));
  routes.add("/settings", "account", For::members, account);
  // The code stands in the fragment; whoever has the mail need not be signed in here.
  routes.add("/settings/verify", "verify", For::everyone,
             Routes::plain("verify", "Confirm your email address"));
  routes.add("/settings/{section}", "account", For::members, account);
  routes.add("/organizations/new", "organization_new", For::members,
             Routes::plain("organization_new", "New organization"));
  routes.add("/organizations/{org}/settings", "organization_settings", For::members,
             organization_settings, "owner.settings");
  routes.add("/organizations/{org}/settings/{section}", "organization_settings", For::members,
             organization_settings, "owner.settings");
  routes.add("/oauth/device", "device", For::members, Routes::plain("device", "Connect a device"));
  routes.add("/admin", "admin", For::administrators, admin);
  routes.add("/admin/{section}", "admin", For::administrators, admin);
  routes.add("/docs/{slug...}", "docs", For::everyone, docs);
  routes.add("/-/components", "components", For::everyone,
             Routes::plain("components", "Components"));
}

Task<> missing(Visit& visit) {
  visit.missing();
  co_return;
}

/// Consent: the address is the protocol's; browsers get the page, programs what they always got.
Task<> consent(Visit& visit) {
  std::string target = visit.request.target();
  auto got = co_await visit.services.router->ask(visit.request, {.target = target});
  if (!got) co_return visit.failed(got.error());
  if (auto location = got->headers.get("Location"); !location.empty())
    co_return visit.redirect(std::string(location));
  if (!visit.signed_in()) co_return visit.sign_in_first();
  begin(visit, "oauth_authorize", "Allow access");
  visit.page.status = got->status;
  visit.page.first = "<h1>Allow access</h1><p>This needs JavaScript.</p>";
  co_await visit.ask(std::move(target));
}

/// robots.txt of a hub that strangers may read; of another, nobody looks.
void add_robots(http::Router& router, Services& services) {
  auto handler = [&services](http::Request&) -> Task<http::Response> {
    bool open = services.settings.current()->anonymous_read;
    co_return http::text(200, open ? "User-agent: *\nDisallow: /api/\nDisallow: /*/resolve/\n"
                                     "Disallow: /*/raw/\nDisallow: /settings\nDisallow: /admin\n"
                                   : "User-agent: *\nDisallow: /\n");
  };
  router.add({.method = http::Method::get,
              .pattern = "/robots.txt",
              .operation = "page.robots",
              .summary = "What search engines may read.",
              .access = "everyone",
              .handler = handler,
              .open_to_strangers = true});
}

}  // namespace

void add_routes(http::Router& router, Services& services) {
  Routes routes(router, services);
  add_repository_pages(routes);
  add_site_pages(routes);
  add_asset_route(router);
  add_robots(router, services);
  routes.add("/-/missing", "missing", For::everyone, missing);

  // At an address that no route has, the hooks that know who asks did not run: asking within does.
  auto nothing = [&services](http::Request& request) -> Task<Result<http::Response>> {
    bool page = !request.path().starts_with("/api/") && request.method() == http::Method::get &&
                is_browser(request);
    if (!page) co_return nothing_for_programs(services, request);
    std::string accept = request.headers().joined("Accept");
    CAIRN_CO_TRY(answer, co_await services.router->ask(
                             request, {.target = "/-/missing", .accept = std::move(accept)}));
    co_return http::Response{.status = answer.status,
                             .headers = std::move(answer.headers),
                             .body = std::move(answer.body)};
  };
  router.not_found(nothing);

  auto consent_page = routes.handler(For::everyone, consent);
  auto browsers =
      [consent_page](http::Request& request) -> Task<Result<std::optional<http::Response>>> {
    bool asks = request.route() && request.route()->operation == "oauth.authorize" &&
                !request.is_inner() && is_browser(request);
    if (!asks) co_return std::optional<http::Response>{};
    CAIRN_CO_TRY(response, co_await consent_page(request));
    co_return std::optional<http::Response>(std::move(response));
  };
  router.before(browsers);
}

}  // namespace cairn::pages
