#pragma once
// How a coroutine waits for a database thread. Included by db.h only.
#include <future>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace cairn::db {

template <class Function>
auto Database::run(Function function, bool writing) -> Task<std::invoke_result_t<Function, Tx&>> {
  using R = std::invoke_result_t<Function, Tx&>;
  struct State {
    Function function;
    std::optional<R> result;
  };
  auto state = std::make_shared<State>(State{std::move(function), {}});
  auto initiate = [this, state, writing](auto handler) {
    using Handler = decltype(handler);
    using Tracked = std::decay_t<decltype(boost::asio::prefer(
        boost::asio::get_associated_executor(handler),
        boost::asio::execution::outstanding_work.tracked))>;
    // The one copy of the executor that database threads hold. It keeps the executor's context
    // running, and is the last thing that they let go of: the context may be gone right after.
    struct Waiter {
      Tracked executor;
      Handler handler;
    };
    auto executor = boost::asio::get_associated_executor(handler);
    Tracked tracked =
        boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
    auto waiter = std::make_shared<Waiter>(std::move(tracked), std::move(handler));
    Job job;
    job.body = [state](Tx& tx) {
      state->result = state->function(tx);
      return state->result->has_value();
    };
    job.done = [state, waiter](std::optional<Error> failed) {
      if (failed) state->result = R(std::unexpected(std::move(*failed)));
      boost::asio::post(waiter->executor, [waiter] { std::move(waiter->handler)(); });
    };
    submit(std::move(job), writing);
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      initiate, boost::asio::use_awaitable);
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
