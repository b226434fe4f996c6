#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/keyring.h"
#include "base/result.h"

/// Positions in lists, as clients carry them: sealed {version, route, hash of the filters, place}
/// (DESIGN 4), so that nobody can make one or use one with another list.
namespace cairn::repo {

/// @param route    which list, "repos".
/// @param filters  everything that decides what the list holds, as any text.
/// @param place    where the next page begins.
[[nodiscard]] std::string seal_cursor(const Keyring& keyring, std::string_view route,
                                      std::string_view filters, json::array place);

/// @param size  how many values the place has.
/// @return the place; `invalid_argument`, word "InvalidCursor".
[[nodiscard]] Result<json::array> open_cursor(const Keyring& keyring, std::string_view route,
                                              std::string_view filters, std::string_view sealed,
                                              std::size_t size);

[[nodiscard]] Failure invalid_cursor();

}  // namespace cairn::repo
