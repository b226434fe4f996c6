#pragma once
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "platform/http/http.h"

/// For tests of modules that answer HTTP: requests without sockets. Not for the program.
namespace cairn::http::testing {

/// Runs a coroutine to its end on an io_context of its own; rethrows its exception.
template <class T>
T run(Task<T> task) {
  boost::asio::io_context context(1);
  std::exception_ptr thrown;
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) { thrown = e; });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
  } else {
    // In a wrapper of our own, since co_spawn wants a type that can be made from nothing.
    std::optional<T> out;
    auto keep = [](Task<T> inner, std::optional<T>& to) -> Task<> {
      to.emplace(co_await std::move(inner));
    };
    boost::asio::co_spawn(context, keep(std::move(task), out),
                          [&](std::exception_ptr e) { thrown = e; });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*out);
  }
}

/// What the router answers, streams read to their end into text.
/// @pre the target decodes.
[[nodiscard]] Response send(const Router& router, Method method, std::string target,
                            Headers headers = {}, std::string body = {});

}  // namespace cairn::http::testing
