#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

/// What a gated repository asks of those who want access: fields of the card's front matter
/// (`extra_gated_*`, hub-api.md 11.3). Pure; any thread.
namespace cairn::community {

constexpr std::size_t form_fields_max = 50;
constexpr std::size_t form_options_max = 300;  ///< Countries of the world fit.
constexpr std::size_t form_label_bytes_max = 500;
constexpr std::size_t form_answer_bytes_max = 2000;

enum class FieldType { text, checkbox, date_picker, country, ip_location, select };
[[nodiscard]] std::string_view to_string(FieldType type);

struct FormField {
  std::string label;  ///< Also its name in the answers.
  FieldType type = FieldType::text;
  std::vector<std::string> options;  ///< Values of a `select`.
};

struct GateForm {
  std::string heading, prompt, description, button;  ///< Markdown; empty without.
  std::vector<FormField> fields;                     ///< In the card's order.
};

/// @param card  the front matter. A field of a type nobody knows counts as text; what is beyond
///              the limits is left out.
[[nodiscard]] GateForm gate_form(const json::value& card);

/// Every field has an answer of its type: text that is not empty, a box that is ticked, YYYY-MM-DD,
/// two letters, one of the options. Where somebody is (`ip_location`) is not asked: this hub keeps
/// no map of addresses.
/// @param answers  by label; texts or booleans. What the form does not ask is dropped.
/// @return the answers as kept; `invalid_argument`, word "InvalidAccessRequest", naming the field.
[[nodiscard]] Result<json::object> check_answers(const GateForm& form, const json::object& answers);

}  // namespace cairn::community
