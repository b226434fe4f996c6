#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn {

/// Names that no owner may have: every first path segment of a page, present or planned. The
/// router is tested against this list.
[[nodiscard]] std::span<const std::string_view> reserved_owner_names();

enum class OwnerNameRules {
  people,  ///< What anyone may choose.
  apply,   ///< `admin apply` alone may also use leading underscores.
};

/// 2–42 letters, digits, `-`, `_`, `.`; begins and ends with a letter or digit; no `--` or `..`;
/// not only digits; not 24 hex digits (the shape of public ids); not reserved; no `.git` suffix.
/// @return `invalid_argument`, word "InvalidName", saying which rule is broken.
[[nodiscard]] Result<std::string> check_owner_name(std::string_view name,
                                                   OwnerNameRules rules = OwnerNameRules::people);

/// The name of a repository without its owner: 1–96 letters, digits, `-`, `_`, `.`; does not begin
/// or end with `-` or `.`; no `--` or `..`; no `.git` or `.lock` suffix.
/// @return `invalid_argument`, word "InvalidName".
[[nodiscard]] Result<std::string> check_repo_name(std::string_view name);

/// The form by which names are compared: ASCII lower case. Two names with one key are one name.
[[nodiscard]] std::string name_key(std::string_view name);

}  // namespace cairn
