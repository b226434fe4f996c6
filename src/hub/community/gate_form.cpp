#include "hub/community/gate_form.h"

#include <algorithm>

#include "base/text.h"

namespace cairn::community {
namespace {

constexpr std::pair<FieldType, std::string_view> type_words[] = {
    {FieldType::text, "text"},
    {FieldType::checkbox, "checkbox"},
    {FieldType::date_picker, "date_picker"},
    {FieldType::country, "country"},
    {FieldType::ip_location, "ip_location"},
    {FieldType::select, "select"}};

FieldType type_of(std::string_view word) {
  for (const auto& [type, text] : type_words)
    if (text == word) return type;
  return FieldType::text;
}

std::string text_of(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  if (!value || !value->is_string()) return "";
  return std::string(value->get_string());
}

/// An option is a text, or {"label", "value"}.
std::vector<std::string> options_of(const json::object& field) {
  std::vector<std::string> out;
  auto* list = field.if_contains("options");
  if (!list || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    if (out.size() == form_options_max) break;
    if (item.is_string()) out.emplace_back(item.get_string());
    if (auto* object = item.if_object()) {
      auto value = text_of(*object, "value");
      out.push_back(value.empty() ? text_of(*object, "label") : value);
    }
  }
  return out;
}

Failure invalid(const FormField& field, std::string_view rule) {
  return fail(ErrorCode::invalid_argument, "InvalidAccessRequest",
              "\"" + field.label + "\" must be " + std::string(rule) + ".");
}

/// Forms send every answer as text.
bool is_ticked(const json::value& answer) {
  if (answer.is_bool()) return answer.get_bool();
  if (!answer.is_string()) return false;
  auto text = answer.get_string();
  return text == "true" || text == "on" || text == "1" || text == "yes";
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  auto year = parse_int(text.substr(0, 4)), month = parse_int(text.substr(5, 2)),
       day = parse_int(text.substr(8, 2));
  return year && month && day && *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31;
}

bool is_country(std::string_view text) {
  auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() == 2 && is_letter(text[0]) && is_letter(text[1]);
}

Result<json::value> check_answer(const FormField& field, const json::value* answer) {
  if (field.type == FieldType::checkbox) {
    if (!answer || !is_ticked(*answer)) return invalid(field, "ticked");
    return json::value(true);
  }
  std::string text;
  if (answer && answer->is_string()) text = trim(std::string_view(answer->get_string()));
  bool sound = !text.empty() && text.size() <= form_answer_bytes_max && is_valid_utf8(text) &&
               !text.contains('\0');
  if (!sound) return invalid(field, "a text of 1 to 2000 bytes");
  if (field.type == FieldType::date_picker && !is_date(text))
    return invalid(field, "a date: YYYY-MM-DD");
  if (field.type == FieldType::country && !is_country(text))
    return invalid(field, "a country: two capital letters, as in ISO 3166");
  if (field.type == FieldType::select && std::ranges::count(field.options, text) == 0)
    return invalid(field, "one of the options");
  return json::value(text);
}

}  // namespace

std::string_view to_string(FieldType type) {
  for (const auto& [known, text] : type_words)
    if (known == type) return text;
  return "text";
}

GateForm gate_form(const json::value& card) {
  GateForm out;
  auto* data = card.if_object();
  if (!data) return out;
  out.heading = text_of(*data, "extra_gated_heading");
  out.prompt = text_of(*data, "extra_gated_prompt");
  out.description = text_of(*data, "extra_gated_description");
  out.button = text_of(*data, "extra_gated_button_content");
  auto* fields = data->if_contains("extra_gated_fields");
  if (!fields || !fields->is_object()) return out;
  for (const auto& [label, kind] : fields->get_object()) {
    if (out.fields.size() == form_fields_max) break;
    if (label.empty() || label.size() > form_label_bytes_max) continue;
    FormField field;
    field.label = label;
    if (kind.is_string()) field.type = type_of(kind.get_string());
    if (auto* object = kind.if_object()) {
      field.type = type_of(text_of(*object, "type"));
      field.options = options_of(*object);
    }
    out.fields.push_back(std::move(field));
  }
  return out;
}

Result<json::object> check_answers(const GateForm& form, const json::object& answers) {
  json::object out;
  for (const auto& field : form.fields) {
    if (field.type == FieldType::ip_location) continue;
    CAIRN_TRY(answer, check_answer(field, answers.if_contains(field.label)));
    out[field.label] = std::move(answer);
  }
  return out;
}

}  // namespace cairn::community
