#include "base/task.h"

namespace cairn {

Task<> Blocking::call(std::move_only_function<void()> function) {
  // The frame of this coroutine must not move to the pool, so only the call does.
  auto run = [](std::move_only_function<void()> f) -> Task<> {
    f();
    co_return;
  };
  co_await boost::asio::co_spawn(pool_, run(std::move(function)), boost::asio::use_awaitable);
}

}  // namespace cairn
