#include "pages/visit.h"

#include "base/log.h"
#include "base/text.h"

namespace cairn::pages {
namespace {

// A page with everything in it stays below what one round trip after the first takes.
constexpr std::uint64_t answer_bytes_max = 512u << 10;

/// "/api/…" of `<https://hub.example/api/…>; rel="next"`.
std::string next_of(const Services& services, std::string_view link) {
  auto open = link.find('<'), close = link.find(">; rel=\"next\"");
  if (open == link.npos || close == link.npos) return {};
  link = link.substr(open + 1, close - open - 1);
  if (link.starts_with(services.public_url)) link.remove_prefix(services.public_url.size());
  return std::string(link);
}

}  // namespace

const account::Actor& Visit::actor() const {
  static const account::Actor nobody = account::Actor::anonymous();
  auto* known = request.context<account::Actor>();
  return known ? *known : nobody;
}

Task<const Answer*> Visit::ask(std::string target) {
  http::InnerQuestion question;
  question.target = target;
  co_return co_await keep(std::move(target), std::move(question));
}

Task<const Answer*> Visit::post(std::string target, std::string body) {
  std::string name = "POST " + target + " " + body;
  http::InnerQuestion question;
  question.method = http::Method::post;
  question.target = std::move(target);
  question.body = std::move(body);
  co_return co_await keep(std::move(name), std::move(question));
}

Task<const Answer*> Visit::keep(std::string name, http::InnerQuestion question) {
  static const Answer too_long;
  if (auto known = answers_.find(name); known != answers_.end()) co_return &known->second;
  question.answer_bytes_max = answer_bytes_max;
  auto got = co_await services.router->ask(request, std::move(question));
  if (!got) {
    if (got.error().code != ErrorCode::too_large) log::error("page.ask.failed", got.error());
    co_return &too_long;
  }
  Answer answer;
  answer.status = got->status;
  if (got->headers.get("Content-Type").starts_with("application/json"))
    answer.body = std::move(got->body);
  answer.next = next_of(services, got->headers.get("Link"));
  co_return &answers_.emplace(std::move(name), std::move(answer)).first->second;
}

void Visit::keep_text(std::string name, std::string_view text) {
  answers_.emplace(std::move(name),
                   Answer{200, json::serialize(json::string_view(text.data(), text.size())), {}});
}

void Visit::redirect(std::string address) {
  page = {};
  page.redirect = std::move(address);
}

void Visit::sign_in_first() {
  redirect(login_address(request.target()));
}

void Visit::missing() {
  answers_.clear();
  page = {};
  begin(*this, "missing", "Not found");
  page.status = 404;
  page.first =
      "<h1>Not found</h1><p>Nothing is at this address, or you may not see it. Check the "
      "spelling, or <a href=\"/login\">sign in</a>.</p>";
}

void Visit::forbidden(std::string_view reason) {
  auto known = page.page;
  page = {};
  begin(*this, "forbidden", "Not allowed");
  page.status = 403;
  page.page["reason"] = reason;
  for (const char* key : {"type", "id"})
    if (auto* value = known.if_contains(key)) page.page[key] = *value;
  page.first = "<h1>Not allowed</h1><p>You may not open this page.</p>";
}

void Visit::failed(const Error& error) {
  if (error.word == "GatedRepo") return forbidden("gated");
  if (error.word == "RepoDisabled") return forbidden("disabled");
  switch (error.code) {
    case ErrorCode::not_found:
    case ErrorCode::invalid_argument:
      return missing();
    case ErrorCode::unauthenticated:
      // Absent and invisible look the same, to strangers too.
      return error.word == "RepoNotFound" ? missing() : sign_in_first();
    case ErrorCode::forbidden:
      return forbidden("role");
    default:
      break;
  }
  answers_.clear();
  page = {};
  begin(*this, "unavailable", "Not available");
  page.status = http::http_status(error.code);
  page.first =
      "<h1>Not available</h1><p>The hub cannot show this page now. Try again in a "
      "minute.</p>";
  log::error("page.failed", error, {{"request", request.id()}});
}

void begin(Visit& visit, std::string_view kind, std::string title) {
  visit.page.page["kind"] = kind;
  visit.page.title = std::move(title);
}

Task<std::pair<json::object, json::value>> hub_and_viewer(Visit& visit) {
  auto& services = visit.services;
  auto rules = services.settings.current();
  constexpr std::string_view registration[] = {"open", "invite", "closed"};
  constexpr std::string_view levels[] = {"info", "warning", "critical"};
  json::object hub{{"name", rules->name},
                   {"url", services.public_url},
                   {"version", services.version},
                   {"registration", registration[static_cast<std::size_t>(rules->registration)]},
                   {"anonymousRead", rules->anonymous_read},
                   {"publicRepositories", rules->public_repositories},
                   {"features", json::object()}};
  for (const auto& [key, value] : {std::pair("logoUrl", &rules->logo_url),
                                   {"accentColor", &rules->accent_color},
                                   {"contact", &rules->contact},
                                   {"terms", &rules->terms_url},
                                   {"privacy", &rules->privacy_url},
                                   {"imprint", &rules->imprint_url},
                                   {"maintenance", &rules->maintenance}})
    if (!value->empty()) hub[key] = *value;
  if (rules->announces(services.clock.now())) {
    hub["announcement"] = rules->announcement;
    hub["announcementLevel"] = levels[static_cast<std::size_t>(rules->announcement_level)];
  }
  const auto& actor = visit.actor();
  if (!actor.has_user()) co_return std::pair(std::move(hub), json::value(nullptr));

  auto read = [actor](db::Tx& tx) { return account::whoami(tx, actor); };
  auto who = co_await services.database.read(read);
  if (!who) co_return std::pair(std::move(hub), json::value(nullptr));
  json::array organizations;
  for (const auto& member : who->organizations)
    organizations.push_back(json::object{{"name", member.organization.name},
                                         {"fullname", member.organization.full_name},
                                         {"role", account::to_string(member.role)}});
  const auto& user = who->user;
  std::string cookie;
  if (actor.session) cookie = visit.request.cookie(account::session_cookie).value_or("");
  json::object viewer{
      {"name", user.name},
      {"fullname", user.full_name},
      {"avatar", user.avatar.value_or("/api/-/v1/avatars/" + user.public_id.hex + ".svg")},
      {"admin", user.is_admin},
      {"csrf", cookie.empty() ? "" : services.accounts.csrf_token(cookie)},
      {"organizations", std::move(organizations)}};
  co_return std::pair(std::move(hub), json::value(std::move(viewer)));
}

}  // namespace cairn::pages
