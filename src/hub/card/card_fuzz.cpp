#include <cstdlib>

#include "hub/card/card.h"

// Any bytes as a README. Whatever they are: no crash, no value beyond the limits, an error without
// data, and data that survive being stored as JSON and read back with the same fields.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  std::string_view readme(reinterpret_cast<const char*>(data), size);
  card::Card parsed = card::parse_card(readme);
  if (parsed.body_offset > readme.size()) std::abort();
  if (!parsed.data.is_null() && !parsed.data.is_object()) std::abort();
  if (!parsed.errors.empty() && !parsed.data.is_null()) std::abort();
  auto stored = parse_json(json::serialize(parsed.data));
  if (!stored) std::abort();
  std::string_view body = readme.substr(parsed.body_offset);
  for (auto kind : {card::RepoKind::model, card::RepoKind::dataset, card::RepoKind::space,
                    card::RepoKind::kernel}) {
    card::Card checked = parsed;
    card::check_fields(kind, checked);
    auto fields = card::card_fields(kind, parsed.data, body);
    if (fields.tags.size() > card::tags_max) std::abort();
    if (fields.tags != card::card_fields(kind, *stored, body).tags) std::abort();
  }
  return 0;
}
