#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"

/// Inside the module: how many bodies are worked on at once.
namespace cairn::xet {

/// Lets so many in at once, and so many of each kind of guest; the others wait for their turn in
/// the order they came, for a while. Thread-safe; outlives its passes.
class Gate {
 public:
  struct Limits {
    int all = 1;
    int each = 1;
    Duration wait_max;
    /// Beyond this many in the line nobody waits: the answer comes at once.
    int waiting_max = 1024;
  };
  /// Who enters: those with the same number share `Limits::each`.
  using Guest = std::pair<std::int64_t, std::int64_t>;

  explicit Gate(Limits limits) : limits_(limits) {}
  ~Gate();

  /// Leaves when dropped.
  class Pass {
   public:
    Pass(Gate& gate, Guest guest) : gate_(&gate), guest_(guest) {}
    Pass(Pass&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)), guest_(other.guest_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->leave(guest_);
    }

   private:
    Gate* gate_;
    Guest guest_;
  };

  /// @return `unavailable`, word "TooManyUploadsAtOnce".
  Task<Result<Pass>> enter(Guest guest);
  [[nodiscard]] int inside() const;

 private:
  struct Waiter;
  [[nodiscard]] bool fits(const Guest& guest) const;
  void leave(const Guest& guest);

  const Limits limits_;
  mutable std::mutex mutex_;
  int inside_ = 0;
  std::map<Guest, int> of_guest_;
  std::list<std::shared_ptr<Waiter>> line_;
};

}  // namespace cairn::xet
