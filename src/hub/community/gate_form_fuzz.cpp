#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hub/community/gate_form.h"

// A card as JSON, a line break, answers as JSON. Whatever the card says, the form stays within its
// limits; answers that are kept are accepted again, unchanged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto end = text.find('\n');
  auto card = parse_json(text.substr(0, end));
  auto answers = parse_json(end == text.npos ? "{}" : text.substr(end + 1));
  if (!card || !answers || !answers->is_object()) return 0;
  auto form = community::gate_form(*card);
  if (form.fields.size() > community::form_fields_max) std::abort();
  for (const auto& field : form.fields)
    if (field.label.empty() || field.options.size() > community::form_options_max) std::abort();
  auto kept = community::check_answers(form, answers->get_object());
  if (!kept) return 0;
  auto again = community::check_answers(form, *kept);
  if (!again || *again != *kept) std::abort();
  return 0;
}
