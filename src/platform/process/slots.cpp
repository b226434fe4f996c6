#include "platform/process/slots.h"

#include <list>
#include <mutex>
#include <unordered_map>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace cairn::process {
namespace {

namespace asio = boost::asio;

struct Waiter {
  Waiter(asio::any_io_executor executor, std::string w) : timer(executor), who(std::move(w)) {}
  asio::steady_timer timer;
  std::string who;
  bool granted = false;
};

Error busy() {
  Error out{ErrorCode::unavailable, "HubBusy",
            "The hub serves as many transfers of this kind as it can. Try again in a minute."};
  out.retry_after_s = 30;
  return out;
}

}  // namespace

struct Slots::State {
  std::size_t total, each, waiting_max;
  std::mutex mutex;
  std::size_t running = 0;
  std::unordered_map<std::string, std::size_t> of;
  std::list<std::shared_ptr<Waiter>> waiting;

  [[nodiscard]] std::size_t count(const std::string& who) const {
    auto at = of.find(who);
    return at == of.end() ? 0 : at->second;
  }
  void take(const std::string& who) {
    ++running;
    ++of[who];
  }
  /// Gives free places to those who wait. @pre the lock is held.
  void share_out() {
    while (running < total) {
      auto best = waiting.end();
      for (auto at = waiting.begin(); at != waiting.end(); ++at) {
        auto has = count((*at)->who);
        if (has < each && (best == waiting.end() || has < count((*best)->who))) best = at;
      }
      if (best == waiting.end()) return;
      auto waiter = std::move(*best);
      waiting.erase(best);
      take(waiter->who);
      waiter->granted = true;
      // On its own thread, where the timer is used; one that is set to the past ends at once,
      // whether the wait has begun or not. It is given away: its context may end right after.
      auto executor = waiter->timer.get_executor();
      asio::post(executor, [waiter = std::move(waiter)] {
        waiter->timer.expires_at(asio::steady_timer::time_point::min());
      });
    }
  }
};

Slots::Slots(std::size_t total, std::size_t each, std::size_t waiting_max)
    : state_(new State{.total = total, .each = each, .waiting_max = waiting_max}) {}
Slots::~Slots() = default;

Slots::Slot& Slots::Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    if (slots_) slots_->release(who_);
    slots_ = std::move(other.slots_);
    who_ = std::move(other.who_);
  }
  return *this;
}

Slots::Slot::~Slot() {
  if (slots_) slots_->release(who_);
}

void Slots::release(const std::string& who) {
  std::lock_guard lock(state_->mutex);
  --state_->running;
  if (auto at = state_->of.find(who); at != state_->of.end() && --at->second == 0)
    state_->of.erase(at);
  state_->share_out();
}

Task<Result<Slots::Slot>> Slots::acquire(std::string who, Duration patience) {
  auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor, who);
  waiter->timer.expires_after(std::chrono::microseconds(patience.us));
  {
    std::lock_guard lock(state_->mutex);
    if (state_->waiting.size() >= state_->waiting_max) co_return std::unexpected(busy());
    state_->waiting.push_back(waiter);
    state_->share_out();
    if (waiter->granted) co_return Slot(this, std::move(who));
  }
  // Leaves the queue however the wait ends; a place that came too late is given back.
  struct Leave {
    Slots* slots;
    std::shared_ptr<Waiter> waiter;
    bool taken = false;
    ~Leave() {
      std::unique_lock lock(slots->state_->mutex);
      slots->state_->waiting.remove(waiter);
      bool unused = waiter->granted && !taken;
      lock.unlock();
      if (unused) slots->release(waiter->who);
    }
  } leave{this, waiter};
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  {
    std::lock_guard lock(state_->mutex);
    leave.taken = waiter->granted;
  }
  if (!leave.taken) co_return std::unexpected(busy());
  co_return Slot(this, std::move(who));
}

Slots::Counts Slots::counts() const {
  std::lock_guard lock(state_->mutex);
  return {state_->running, state_->waiting.size()};
}

}  // namespace cairn::process
