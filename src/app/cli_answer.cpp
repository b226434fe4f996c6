#include "app/cli_answer.h"

#include <iostream>

#include "base/text.h"

namespace cairn::app::cli {

void print_json(const json::value& value) {
  std::cout << json::serialize(value) << "\n";
}

std::string text_of(const json::value& object, std::string_view member) {
  auto* members = object.if_object();
  auto* value = members ? members->if_contains(member) : nullptr;
  if (!value || value->is_null()) return {};
  if (auto* text = value->if_string()) return std::string(*text);
  if (auto* truth = value->if_bool()) return *truth ? "yes" : "no";
  return json::serialize(*value);
}

std::int64_t number_of(const json::value& object, std::string_view member) {
  return parse_int(text_of(object, member)).value_or(0);
}

std::string counted(std::int64_t n, std::string_view one, std::string_view many) {
  return std::to_string(n) + " " + std::string(n == 1 ? one : many);
}

void print_list(const Invocation& given, const json::value& list,
                const std::vector<Column>& columns, std::string_view when_empty) {
  if (given.has("--json")) return print_json(list);
  std::vector<std::string> header;
  for (const auto& column : columns) header.emplace_back(column.title);
  Table table(std::move(header));
  for (const auto& item : list.as_array()) {
    std::vector<std::string> cells;
    for (const auto& column : columns) cells.push_back(text_of(item, column.member));
    table.add(std::move(cells));
  }
  if (table.empty())
    say_note(when_empty);
  else
    table.print();
}

void print_done(const Invocation& given, const json::value& answer, std::string_view sentence) {
  if (given.has("--json"))
    print_json(answer);
  else
    std::cout << sentence << "\n";
}

Result<json::value> get_all(Client& client, const std::string& path) {
  json::array all;
  std::string separator = path.find('?') == path.npos ? "?" : "&";
  for (std::string after;;) {
    CAIRN_TRY(
        page,
        client.get(after.empty() ? path : path + separator + "after=" + percent_encode(after)));
    auto* members = page.if_object();
    auto* items = members ? members->if_contains("items") : nullptr;
    if (!items || !items->is_array())
      return fail(ErrorCode::internal, "HubError",
                  "The running hub answers otherwise than this program expects: use the program of "
                  "the same version.");
    for (auto& item : items->get_array()) all.push_back(std::move(item));
    after = text_of(page, "next");
    if (after.empty()) return json::value(std::move(all));
  }
}

Result<bool> may_go_on(const Invocation& given, std::string_view lost, std::string_view verb) {
  if (given.has("--yes")) return true;
  CAIRN_TRY(yes, confirm(lost, verb));
  if (!yes) say_note("Nothing was done.");
  return yes;
}

}  // namespace cairn::app::cli
