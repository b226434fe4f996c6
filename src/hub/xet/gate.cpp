#include "hub/xet/gate.h"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace cairn::xet {
namespace {

namespace asio = boost::asio;

Failure too_many() {
  auto error = fail(ErrorCode::unavailable, "TooManyUploadsAtOnce",
                    "The hub is receiving as many uploads as it can. Try again in a moment.")
                   .error();
  error.retry_after_s = 5;
  return fail(std::move(error));
}

}  // namespace

struct Gate::Waiter {
  Waiter(const asio::any_io_executor& executor, Guest who) : timer(executor), guest(who) {}
  asio::steady_timer timer;  // Touched on its executor only.
  Guest guest;
  bool admitted = false;  // Under the gate's mutex.
};

Gate::~Gate() = default;

bool Gate::fits(const Guest& guest) const {
  if (inside_ >= limits_.all) return false;
  auto at = of_guest_.find(guest);
  return at == of_guest_.end() || at->second < limits_.each;
}

int Gate::inside() const {
  std::lock_guard lock(mutex_);
  return inside_;
}

Task<Result<Gate::Pass>> Gate::enter(Guest guest) {
  auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor, guest);
  {
    std::lock_guard lock(mutex_);
    // Who comes later does not overtake one of the same guest's, since that one would fit as well.
    if (fits(guest)) {
      ++inside_;
      ++of_guest_[guest];
      co_return Pass(*this, guest);
    }
    if (line_.size() >= static_cast<std::size_t>(limits_.waiting_max)) co_return too_many();
    line_.push_back(waiter);
  }
  // The coroutine may also end here for good, when its connection does: it then leaves the line, or
  // gives back the place that it got meanwhile.
  struct InLine {
    Gate& gate;
    std::shared_ptr<Waiter> waiter;
    bool kept = false;
    ~InLine() {
      if (kept) return;
      std::unique_lock lock(gate.mutex_);
      std::erase(gate.line_, waiter);
      if (!waiter->admitted) return;
      lock.unlock();
      gate.leave(waiter->guest);
    }
  } place{*this, waiter};
  waiter->timer.expires_after(std::chrono::microseconds(limits_.wait_max.us));
  {
    std::lock_guard lock(mutex_);
    if (waiter->admitted) waiter->timer.expires_after(std::chrono::seconds(0));
  }
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  {
    std::lock_guard lock(mutex_);
    if (!waiter->admitted) co_return too_many();
    place.kept = true;
  }
  co_return Pass(*this, guest);
}

void Gate::leave(const Guest& guest) {
  std::vector<std::shared_ptr<Waiter>> woken;
  {
    std::lock_guard lock(mutex_);
    --inside_;
    if (auto at = of_guest_.find(guest); --at->second == 0) of_guest_.erase(at);
    for (auto at = line_.begin(); at != line_.end() && inside_ < limits_.all;) {
      if (!fits((*at)->guest)) {
        ++at;
        continue;
      }
      ++inside_;
      ++of_guest_[(*at)->guest];
      (*at)->admitted = true;
      woken.push_back(*at);
      at = line_.erase(at);
    }
  }
  for (auto& waiter : woken) {
    // Given away: the last one to let go of a timer must be its own thread, while its context
    // lives.
    auto executor = waiter->timer.get_executor();
    asio::post(executor, [waiter = std::move(waiter)] { waiter->timer.cancel(); });
  }
}

}  // namespace cairn::xet
