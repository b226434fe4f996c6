#include "api/hub/encode.h"
#include "base/text.h"

// Gated repositories and requests for access to them (hub-api.md, section 11.3).
namespace cairn::api::hub {
namespace {

using access::GrantState;

struct DecisionIn {
  std::optional<std::string> user, userId, requestId, status, rejectionReason;
};
BOOST_DESCRIBE_STRUCT(DecisionIn, (), (user, userId, requestId, status, rejectionReason))
struct BatchIn {
  std::string status;
  std::optional<std::string> rejectionReason;
  std::vector<DecisionIn> requests;
};
BOOST_DESCRIBE_STRUCT(BatchIn, (), (status, rejectionReason, requests))

/// What one answer with all requests holds; more are read page by page.
constexpr std::size_t report_rows_max = 50'000;
constexpr int report_page = 1000;

Result<community::Requester> requester_of(const DecisionIn& in) {
  community::Requester who;
  if (in.userId) {
    CAIRN_TRY(id, parse_public_id(*in.userId));
    who.user = id;
  } else if (in.requestId) {
    CAIRN_TRY(id, parse_public_id(*in.requestId));
    who.request = id;
  } else {
    who.name = in.user;
  }
  return who;
}

Result<community::Decision> decision_of(const DecisionIn& in, const std::string& status,
                                        const std::optional<std::string>& reason) {
  auto state = access::parse_grant_state(status);
  if (!state)
    return fail(ErrorCode::invalid_argument, "InvalidRequest",
                "\"status\" must be accepted, rejected or pending.");
  CAIRN_TRY(who, requester_of(in));
  return community::Decision{std::move(who), *state, reason};
}

json::object request_json(const Services& services, const community::AccessRequest& in) {
  auto user = user_json(services, in.user);
  // Whoever asks tells the repository's owner how to be reached; others did not.
  if (in.row.asked && in.user.email) user["email"] = *in.user.email;
  json::object out{{"requestId", in.row.id.hex},
                   {"user", std::move(user)},
                   {"status", json::string_view(access::to_string(in.row.state))},
                   {"timestamp", to_rfc3339(in.row.requested_at)}};
  if (!in.row.fields.empty())
    if (auto fields = parse_json(in.row.fields)) out["fields"] = std::move(*fields);
  if (in.decided_by) out["grantedBy"] = user_json(services, *in.decided_by);
  if (in.row.rejection_reason) out["rejectionReason"] = *in.row.rejection_reason;
  if (in.repo)
    out["repo"] = json::object{{"name", in.repo->name},
                               {"type", json::string_view(to_string(in.repo->kind))}};
  return out;
}

std::optional<std::string> cursor_of(const http::Request& request) {
  for (const char* name : {"cursor", "after"})
    if (auto cursor = request.query(name)) return std::string(*cursor);
  return std::nullopt;
}

http::Response page_response(Services& services, const http::Request& request,
                             const community::RequestPage& page) {
  json::array out;
  for (const auto& item : page.requests) out.push_back(request_json(services, item));
  auto response = http::json(200, json::value(std::move(out)));
  if (page.next) add_next_link(response, request, services, *page.next);
  return response;
}

RepoHandler list_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto state = access::parse_grant_state(request.param("state"));
    if (!state)
      co_return fail(ErrorCode::not_found, "NotFound",
                     "Requests are listed under pending, accepted and rejected.");
    CAIRN_CO_TRY(limit, limit_of(request, 100, 1000));
    CAIRN_CO_TRY(page, co_await services.community.requests.list(actor, repo, state, limit,
                                                                 cursor_of(request)));
    co_return page_response(services, request, page);
  };
}

RepoHandler handle_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<DecisionIn>());
    CAIRN_CO_TRY(decision, decision_of(in, in.status.value_or(""), in.rejectionReason));
    CAIRN_CO_CHECK(co_await services.community.requests.decide(actor, repo, std::move(decision)));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

RepoHandler batch_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<BatchIn>());
    std::vector<community::Decision> decisions;
    for (const auto& one : in.requests) {
      CAIRN_CO_TRY(decision, decision_of(one, in.status, in.rejectionReason));
      decisions.push_back(std::move(decision));
    }
    CAIRN_CO_TRY(outcomes, co_await services.community.requests.decide_all(actor, repo,
                                                                           std::move(decisions)));
    json::array out;
    for (const auto& outcome : outcomes) {
      json::object item{{"success", outcome.has_value()}};
      if (!outcome) item["error"] = outcome.error().message;
      out.push_back(std::move(item));
    }
    co_return http::json(200, json::value(std::move(out)));
  };
}

RepoHandler grant_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<DecisionIn>());
    CAIRN_CO_TRY(who, requester_of(in));
    CAIRN_CO_CHECK(co_await services.community.requests.grant(actor, repo, std::move(who)));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

RepoHandler cancel_handler(Services& services) {
  return [&services](http::Request&, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(co_await services.community.requests.cancel(actor, repo));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

// ---- Asking ----

/// The form's answers, as JSON or as a browser sends them.
Result<json::object> answers_of(const http::Request& request, const std::string& body) {
  json::object out;
  if (trim(body).empty()) return out;
  if (request.header("Content-Type").starts_with("application/json")) {
    CAIRN_TRY(value, parse_json(body));
    if (auto* object = value.if_object()) return std::move(*object);
    return fail(ErrorCode::invalid_argument, "InvalidAccessRequest",
                "The answers are an object: {\"label of the field\": \"answer\"}.");
  }
  for (auto pair : split(body, '&')) {
    auto equals = pair.find('=');
    CAIRN_TRY(name, form_decode(pair.substr(0, equals)));
    CAIRN_TRY(value, form_decode(equals == pair.npos ? "" : pair.substr(equals + 1)));
    out[name] = value;
  }
  return out;
}

RepoHandler ask_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_all());
    CAIRN_CO_TRY(answers, answers_of(request, body));
    CAIRN_CO_CHECK(co_await services.community.requests.ask(actor, repo, std::move(answers)));
    co_return http::redirect(303, repo::repo_url(services.public_url, repo->kind, repo->name));
  };
}

json::object form_json(const community::GateForm& form) {
  json::array fields;
  for (const auto& field : form.fields) {
    json::object item{{"label", field.label},
                      {"type", json::string_view(community::to_string(field.type))}};
    if (!field.options.empty()) {
      json::array options;
      for (const auto& option : field.options) options.emplace_back(option);
      item["options"] = std::move(options);
    }
    fields.push_back(std::move(item));
  }
  return {{"heading", form.heading},
          {"prompt", form.prompt},
          {"description", form.description},
          {"button", form.button},
          {"fields", std::move(fields)}};
}

/// What a page needs to show the gate: the form, and how the visitor's own request stands.
http::Handler gate_handler(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) -> Task<Result<http::Response>> {
    auto actor = actor_of(request);
    auto name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
    CAIRN_CO_TRY(found, co_await services.repos.find(actor, kind, name, access::Action::see));
    CAIRN_CO_TRY(card, co_await services.repos.card(found.repo));
    CAIRN_CO_TRY(own, co_await services.community.requests.own(actor, found.repo));
    json::object out{{"gated", found.repo->gating != Gating::none},
                     {"form", form_json(community::gate_form(card->data))}};
    if (own) {
      json::object mine{{"status", json::string_view(access::to_string(own->state))},
                        {"timestamp", to_rfc3339(own->requested_at)}};
      if (own->rejection_reason) mine["rejectionReason"] = *own->rejection_reason;
      out["request"] = std::move(mine);
    }
    co_return http::json(200, json::value(std::move(out)));
  });
}

http::Handler open_requests_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(limit, limit_of(request, 100, 500));
    CAIRN_CO_TRY(page, co_await services.community.requests.to_decide(actor_of(request), limit,
                                                                      cursor_of(request)));
    co_return page_response(services, request, page);
  });
}

// ---- The report ----

/// RFC 4180. A field that a spreadsheet would take for a formula begins with an apostrophe.
std::string csv_field(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").contains(text[0])) text.insert(0, "'");
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_line(const community::AccessRequest& in) {
  std::string email = in.row.asked ? in.user.email.value_or("") : "";
  std::string decided = in.row.decided_at ? to_rfc3339(*in.row.decided_at) : "";
  std::string line;
  for (const auto& field :
       {in.user.name, in.user.full_name, email, std::string(access::to_string(in.row.state)),
        to_rfc3339(in.row.requested_at), decided, in.row.rejection_reason.value_or(""),
        in.row.fields})
    line += (line.empty() ? "" : ",") + csv_field(field);
  return line + "\r\n";
}

RepoHandler report_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto format = request.query("format").value_or("json");
    if (format != "json" && format != "csv")
      co_return fail(ErrorCode::invalid_argument, "InvalidQuery", "`format` is json or csv.");
    json::array rows;
    std::string lines = "user,fullname,email,status,timestamp,decided,rejectionReason,fields\r\n";
    std::optional<std::string> cursor;
    do {
      CAIRN_CO_TRY(page,
                   co_await services.community.requests.list(actor, repo, {}, report_page, cursor));
      for (const auto& item : page.requests) {
        if (format == "csv")
          lines += csv_line(item);
        else
          rows.push_back(request_json(services, item));
      }
      cursor = page.next;
    } while (cursor && rows.size() < report_rows_max && lines.size() < report_rows_max * 200);
    auto response = format == "csv" ? http::text(200, std::move(lines), "text/csv; charset=utf-8")
                                    : http::json(200, json::value(std::move(rows)));
    response.headers.set("Content-Disposition",
                         "attachment; filename=\"access-report." + std::string(format) + "\"");
    co_return response;
  };
}

}  // namespace

void add_request_routes(http::Router& router, Services& services) {
  using http::Method;
  for (RepoKind kind : all_kinds) {
    auto add = [&](Method method, std::string pattern, std::string operation, std::string summary,
                   std::string scope, std::string_view access, RepoHandler handler,
                   std::optional<json::value> schema = {}) {
      router.add({.method = method,
                  .pattern = std::move(pattern),
                  .operation = std::move(operation),
                  .summary = std::move(summary),
                  .scope = std::move(scope),
                  .access = "repo." + std::string(access),
                  .handler = on_repo(services, kind, access::Action::see, std::move(handler)),
                  .request_schema = std::move(schema)});
    };
    auto base = api_path(kind, "/user-access-request");
    add(Method::get, base + "/{state}", "access.list",
        "Requests for access that are pending, accepted or rejected.", "read", "write",
        list_handler(services));
    add(Method::post, base + "/handle", "access.decide", "Decides about a request for access.",
        "write", "write", handle_handler(services), json_schema<DecisionIn>());
    add(Method::post, base + "/batch", "access.decide_all", "Decides about up to 100 requests.",
        "write", "write", batch_handler(services), json_schema<BatchIn>());
    add(Method::post, base + "/grant", "access.grant", "Gives access without a request.", "write",
        "write", grant_handler(services), json_schema<DecisionIn>());
    add(Method::post, base + "/cancel", "access.cancel", "Takes one's own request back.", "write",
        "discuss", cancel_handler(services));
    add(Method::post, web_path(kind, "/ask-access"), "access.ask",
        "Asks for access to a gated repository.", "write", "discuss", ask_handler(services));
    add(Method::get, web_path(kind, "/user-access-report"), "access.report",
        "All requests for access, as JSON or CSV.", "read", "write", report_handler(services));
    router.add({.method = Method::get,
                .pattern = "/api/-/v1/gates/" + std::string(repo::plural(kind)) + "/{ns}/{name}",
                .operation = "access.gate",
                .summary = "The form of a gate, and one's own request.",
                .access = "repo.see",
                .handler = gate_handler(services, kind)});
  }
  router.add({.method = Method::get,
              .pattern = "/api/-/v1/access-requests",
              .operation = "access.open",
              .summary = "Undecided requests for all repositories that the caller manages.",
              .scope = "read",
              .access = "signed_in",
              .handler = open_requests_handler(services)});
}

}  // namespace cairn::api::hub
