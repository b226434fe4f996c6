#pragma once
#include <functional>
#include <memory>
#include <optional>
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
  /// @param nice  how far its threads stand behind the others of the program when cores are few, as
  ///        nice(2): 0 to 19.
  explicit Blocking(std::size_t threads, int nice = 0) : nice_(nice), pool_(threads) {}
  ~Blocking() { pool_.join(); }

  template <class Function>
  auto run(Function function) -> Task<std::invoke_result_t<Function>> {
    using T = std::invoke_result_t<Function>;
    if constexpr (std::is_void_v<T>) {
      co_await call(std::move(function));
    } else {
      // Shared, because a thread may be at work when the waiting coroutine is given up.
      auto out = std::make_shared<std::optional<T>>();
      co_await call([out, function = std::move(function)]() mutable { out->emplace(function()); });
      co_return std::move(**out);
    }
  }

 private:
  /// In one place: what makes a coroutine of a call is slow to compile.
  Task<> call(std::move_only_function<void()> function);

  const int nice_;
  boost::asio::thread_pool pool_;
};

}  // namespace cairn
