#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"

namespace cairn::process {

/// A bound on how many programs run at once, shared out fairly: when all places are taken, the next
/// free one goes to whoever has the fewest. Thread-safe; must outlive its places.
class Slots {
 public:
  /// @param total        places in all.
  /// @param each         places that one may have; more of theirs wait even when some are free.
  /// @param waiting_max  beyond this nobody may wait: `unavailable` at once.
  Slots(std::size_t total, std::size_t each, std::size_t waiting_max);
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  /// A place; given back when dropped, on any thread.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot();

   private:
    friend class Slots;
    Slot(Slots* slots, std::string who) : slots_(slots), who_(std::move(who)) {}
    struct Nothing {
      void operator()(Slots*) const {}
    };
    std::unique_ptr<Slots, Nothing> slots_;
    std::string who_;
  };

  /// Waits for a place. @param who  whose share it counts to: an account, an address.
  /// @return `unavailable`, word "HubBusy", when none came free within `patience`.
  Task<Result<Slot>> acquire(std::string who, Duration patience);

  struct Counts {
    std::size_t running = 0, waiting = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct State;
  void release(const std::string& who);
  std::unique_ptr<State> state_;
};

}  // namespace cairn::process
