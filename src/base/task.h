#pragma once
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace cairn {

/// A coroutine of the server. Runs on the executor of the connection (or work) that awaits it.
template <class T = void>
using Task = boost::asio::awaitable<T>;

/// Runs what blocks (disk, hashing, a child process) off the I/O threads.
///
/// `auto digest = [file] { return sha256_of(file); }; auto d = co_await blocking.run(digest);`
/// The function runs on a pool thread; the coroutine goes on where it was. An exception thrown by
/// the function is rethrown to the awaiter. Destruction waits for what runs.
class Blocking {
 public:
  explicit Blocking(std::size_t threads) : pool_(threads) {}
  ~Blocking() { pool_.join(); }

  template <class Function>
  auto run(Function function) -> Task<std::invoke_result_t<Function>> {
    using T = std::invoke_result_t<Function>;
    // The frame of this coroutine must not move to the pool, so only the call does.
    auto call = [](Function f) -> Task<T> { co_return f(); };
    co_return co_await boost::asio::co_spawn(pool_, call(std::move(function)),
                                             boost::asio::use_awaitable);
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace cairn
