#include "base/id.h"

#include "base/bytes.h"
#include "base/random.h"

namespace cairn {

PublicId make_public_id() {
  return PublicId{hex_encode(random_bytes(12))};
}

Result<PublicId> parse_public_id(std::string_view text) {
  if (text.size() != 24 || !is_lower_hex(text))
    return fail(ErrorCode::invalid_argument, "InvalidId", "An id is 24 lower-case hex digits.");
  return PublicId{std::string(text)};
}

}  // namespace cairn
