#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include "platform/db/db.h"

// How a coroutine waits for a database thread.
namespace cairn::db {

Task<std::optional<Error>> Database::run_job(std::function<bool(Tx&)> body, bool writing) {
  auto failed = std::make_shared<std::optional<Error>>();
  auto initiate = [&](auto handler) {
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
    job.body = std::move(body);
    job.done = [failed, waiter](std::optional<Error> error) {
      *failed = std::move(error);
      boost::asio::post(waiter->executor, [waiter] { std::move(waiter->handler)(); });
    };
    submit(std::move(job), writing);
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      initiate, boost::asio::use_awaitable);
  co_return std::move(*failed);
}

}  // namespace cairn::db
