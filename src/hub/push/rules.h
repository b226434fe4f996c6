#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "hub/push/request.h"

namespace cairn::push {

/// Why this ref may not be pushed to, whatever its values and whoever pushes; empty when it may.
/// Who may push to a pull request's, repo::PullRequests says.
/// @param default_branch  "main".
[[nodiscard]] std::string refuse_ref(const Command& command, std::string_view default_branch);

/// refuse_ref() for each, and refs that are there twice.
[[nodiscard]] std::vector<std::string> refusals(const std::vector<Command>& commands,
                                                std::string_view default_branch);

}  // namespace cairn::push
