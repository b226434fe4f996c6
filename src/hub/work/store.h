#pragma once
#include <span>
#include <string>
#include <vector>

#include "hub/work/work.h"

/// What the worker asks of the table. Inside hub/work only.
namespace cairn::work {

/// Whether claim() would find something: a read is cheaper than a write that changes nothing.
[[nodiscard]] bool has_due(db::Tx& tx, const std::vector<std::string>& kinds);

/// Takes items that are due, oldest first, and those whose lease ended with their node.
/// @param node  shown as `leased_by`.
[[nodiscard]] std::vector<WorkItem> claim(db::Tx& tx, const std::vector<std::string>& kinds,
                                          const std::string& node, Duration lease, int limit);

/// Makes the lease end at now + `lease`. @return false when it is lost.
bool renew(db::Tx& tx, const WorkItem& item, Duration lease);

/// An attempt failed: the item waits for the next one, or has failed for good.
/// @return which; "LeaseLost" as check_lease().
[[nodiscard]] Result<State> fail_attempt(db::Tx& tx, const WorkItem& item, const Error& error);

/// The attempt does not count and the item is due again at once.
[[nodiscard]] Result<> give_back(db::Tx& tx, const WorkItem& item);

/// The wait after the attempt of that number, from 1: 2 s, doubled each time, at most an hour.
[[nodiscard]] Duration backoff(int attempt);

/// All SQL of this module, for the test that explains each.
[[nodiscard]] std::span<const db::Statement* const> all_statements();

}  // namespace cairn::work
