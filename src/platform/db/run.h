#pragma once
// What every transaction function is compiled into; the rest is in run.cpp. Included by db.h only.
#include <future>

namespace cairn::db {

template <class Function>
auto Database::run(Function function, bool writing) -> Task<std::invoke_result_t<Function, Tx&>> {
  using R = std::invoke_result_t<Function, Tx&>;
  struct State {
    Function function;
    std::optional<R> result;
  };
  // Shared, because a database thread may be at work when the waiting coroutine is given up.
  auto state = std::make_shared<State>(State{std::move(function), {}});
  auto body = [state](Tx& tx) {
    state->result = state->function(tx);
    return state->result->has_value();
  };
  if (auto failed = co_await run_job(body, writing))
    co_return R(std::unexpected(std::move(*failed)));
  co_return std::move(*state->result);
}

template <class Function>
auto Database::run_now(Function function, bool writing) -> std::invoke_result_t<Function, Tx&> {
  using R = std::invoke_result_t<Function, Tx&>;
  std::optional<R> result;
  // Shared, because set_value() may still be at work when the waiter has left this frame.
  auto finished = std::make_shared<std::promise<void>>();
  Job job;
  job.body = [&](Tx& tx) {
    result = function(tx);
    return result->has_value();
  };
  job.done = [&result, finished](std::optional<Error> failed) {
    if (failed) result = R(std::unexpected(std::move(*failed)));
    finished->set_value();
  };
  auto waiting = finished->get_future();
  submit(std::move(job), writing);
  waiting.wait();
  return std::move(*result);
}

}  // namespace cairn::db
