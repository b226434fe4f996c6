#pragma once
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"

namespace cairn::repo {

/// Who wrote which line of a text, found by going back through its versions.
class BlameLines {
 public:
  explicit BlameLines(std::string_view newest);

  /// Lines of `after` that `before` has not belong to `version`; the others go on looking.
  /// @return `unprocessable` when the two cannot be compared line by line: nothing has changed
  /// then.
  Result<> go_back(std::string_view before, std::string_view after, int version);
  /// What is left belongs to `version`.
  void finish(int version);
  [[nodiscard]] bool done() const { return open_.empty(); }

  /// Start (from 1), number of lines, version; in order.
  [[nodiscard]] std::vector<std::tuple<int, int, int>> ranges() const;

 private:
  /// A line that nobody has been found for: where it is in the newest text, and in the version that
  /// was reached; both from 1.
  struct Open {
    int newest, here;
  };
  std::vector<Open> open_;  ///< By `here`.
  std::vector<int> version_of_;
};

}  // namespace cairn::repo
