#include "base/task.h"

#include <sys/resource.h>

namespace cairn {
namespace {

/// To be called on each thread of a pool, whose work is all alike.
void stand_behind(int nice) {
  thread_local int now = 0;
  if (now == nice) return;
  ::setpriority(PRIO_PROCESS, 0, nice);  // On Linux, of the calling thread alone.
  now = nice;
}

}  // namespace

Task<> Blocking::call(std::move_only_function<void()> function) {
  // The frame of this coroutine must not move to the pool, so only the call does.
  auto run = [](std::move_only_function<void()> f, int nice) -> Task<> {
    stand_behind(nice);
    f();
    co_return;
  };
  co_await boost::asio::co_spawn(pool_, run(std::move(function), nice_),
                                 boost::asio::use_awaitable);
}

}  // namespace cairn
