#include <map>

#include "platform/http/pattern.h"
#include "platform/http/router.h"

namespace cairn::http {
namespace {

/// OpenAPI has no `{x...}`: the same without dots, described as what it is.
std::string openapi_path(const Route& route) {
  std::string out;
  for (const auto& segment : parse_pattern(route.pattern)) {
    out += '/' + segment.before;
    if (segment.kind != PatternSegment::Kind::fixed) out += '{' + segment.name + '}';
    out += segment.after;
  }
  return out.empty() ? "/" : out;
}

std::string lower_method(Method method) {
  std::string out(to_string(method));
  for (char& c : out) c = static_cast<char>(c | 0x20);
  return out;
}

json::array parameters(const Route& route) {
  json::array out;
  for (const auto& segment : parse_pattern(route.pattern)) {
    if (segment.kind == PatternSegment::Kind::fixed) continue;
    json::object parameter{{"name", segment.name},
                           {"in", "path"},
                           {"required", true},
                           {"schema", json::object{{"type", "string"}}}};
    if (segment.kind == PatternSegment::Kind::rest)
      parameter["description"] = "The rest of the path; may hold slashes, and may be empty.";
    out.push_back(std::move(parameter));
  }
  for (const auto& query : route.query)
    out.push_back(json::object{{"name", query.name},
                               {"in", "query"},
                               {"description", query.description},
                               {"schema", query.schema}});
  return out;
}

json::object content(const json::value& schema) {
  return {{"application/json", json::object{{"schema", schema}}}};
}

json::object operation(const Route& route) {
  json::object out{{"operationId", route.operation}};
  if (!route.summary.empty()) out["summary"] = route.summary;
  // "repo.create" is listed under "repo".
  out["tags"] = json::array{json::string(route.operation.substr(0, route.operation.find('.')))};
  if (auto list = parameters(route); !list.empty()) out["parameters"] = std::move(list);
  if (route.request_schema)
    out["requestBody"] =
        json::object{{"required", true}, {"content", content(*route.request_schema)}};
  json::object success{{"description", "Done."}};
  if (route.response_schema) success["content"] = content(*route.response_schema);
  out["responses"] =
      json::object{{"200", std::move(success)},
                   {"default", json::object{{"$ref", "#/components/responses/Error"}}}};
  if (route.scope == "none")
    out["security"] = json::array{json::object{}, json::object{{"token", json::array{}}}};
  else
    out["security"] = json::array{json::object{{"token", json::array{json::string(route.scope)}}}};
  out["x-scope"] = route.scope;
  out["x-access"] = route.access;
  out["x-open-to-strangers"] = route.open_to_strangers;
  out["x-asks-password"] = route.asks_password || route.scope == "admin";
  return out;
}

/// For people, not for programs: described under "x-pages" instead of "paths".
bool is_page(const Route& route) {
  return route.operation.starts_with("page.") && !route.pattern.starts_with("/api/");
}

/// By path and method, in order, so that the document changes only where the routes do.
using Described = std::map<std::string, std::map<std::string, json::object>>;
json::object listed(Described&& paths) {
  json::object out;
  for (auto& [path, methods] : paths) {
    json::object item;
    for (auto& [method, described] : methods) item[method] = std::move(described);
    out[path] = std::move(item);
  }
  return out;
}

}  // namespace

json::value Router::openapi(std::string_view title, std::string_view version) const {
  Described paths, pages;
  for (const auto& route : routes_)
    (is_page(*route) ? pages : paths)[openapi_path(*route)][lower_method(route->method)] =
        operation(*route);
  json::object error_schema{
      {"type", "object"},
      {"properties", json::object{{"error", json::object{{"type", "string"}}}}},
      {"required", json::array{"error"}}};
  return json::object{
      {"openapi", "3.1.0"},
      {"info",
       json::object{{"title", json::string_view(title)}, {"version", json::string_view(version)}}},
      {"paths", listed(std::move(paths))},
      {"x-pages", listed(std::move(pages))},
      {"components",
       json::object{
           {"securitySchemes",
            json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
           {"responses",
            json::object{{"Error", json::object{{"description", "What went wrong, and what to do."},
                                                {"content", content(error_schema)}}}}}}}};
}

}  // namespace cairn::http
