#include "platform/http/outbound_proxy.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "base/bytes.h"
#include "base/random.h"
#include "base/task.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view user = "cairn";
// A program asks for a handful; whoever else finds the port fails at the password.
constexpr int connections_max = 32;
constexpr auto connect_time = std::chrono::seconds(20);
constexpr std::size_t piece_bytes = 64u << 10;

// RFC 1928, section 6.
enum class Reply : unsigned char { done = 0, refused = 2, unreachable = 4, unknown_command = 7 };

std::string reply(Reply code) {
  // The address of our end does not matter to a program that only connects.
  return {5, static_cast<char>(code), 0, 1, 0, 0, 0, 0, 0, 0};
}

/// Two ends of which each is read by one coroutine and written by the other.
struct Pair {
  tcp::socket program, server;
};

}  // namespace

struct OutboundProxy::State {
  State(Outbound out, bool plain) : outbound(std::move(out)), without_tls(plain) {}
  ~State() {
    io.stop();
    if (thread.joinable()) thread.join();
  }

  Result<> open() {
    error_code failed;
    tcp::endpoint loopback(asio::ip::address_v4::loopback(), 0);
    acceptor.open(loopback.protocol(), failed);
    if (!failed) acceptor.bind(loopback, failed);
    if (!failed) acceptor.listen(connections_max, failed);
    if (failed)
      return fail(ErrorCode::unavailable, "ProxyFailed",
                  "The hub could not open a port of its own. Try again later.")
          .with("error", failed.message());
    url = "socks5h://" + std::string(user) + ":" + password +
          "@127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    asio::co_spawn(io, accept(), asio::detached);
    thread = std::thread([this] { io.run(); });
    return {};
  }

  Task<> accept() {
    for (;;) {
      error_code failed;
      auto socket =
          co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (failed == asio::error::operation_aborted) co_return;
      if (failed) {  // No descriptors left: others give some back.
        asio::steady_timer pause(io, std::chrono::milliseconds(100));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
        continue;
      }
      if (connections >= connections_max) continue;
      asio::co_spawn(io, serve(std::move(socket)), asio::detached);
    }
  }

  Task<> serve(tcp::socket program) {
    ++connections;
    try {
      auto pair = std::make_shared<Pair>(std::move(program), tcp::socket(io));
      if (co_await greet(pair->program) && co_await connect(*pair)) {
        asio::co_spawn(io, relay(pair, true), asio::detached);
        co_await relay(pair, false);
      }
    } catch (const boost::system::system_error&) {
      // One end went away in the middle of the greeting.
    }
    --connections;
  }

  static Task<std::string> read(tcp::socket& from, std::size_t count) {
    std::string out(count, '\0');
    co_await asio::async_read(from, asio::buffer(out), asio::use_awaitable);
    co_return out;
  }
  static Task<std::string> read_counted(tcp::socket& from) {
    auto count = co_await read(from, 1);
    co_return co_await read(from, static_cast<unsigned char>(count[0]));
  }
  static Task<> write(tcp::socket& to, std::string bytes) {
    co_await asio::async_write(to, asio::buffer(bytes), asio::use_awaitable);
  }

  /// Method and password. @return false when it is not our program.
  Task<bool> greet(tcp::socket& program) {
    auto version = co_await read(program, 1);
    auto methods = co_await read_counted(program);
    bool able = version[0] == 5 && methods.contains('\2');
    co_await write(program, {5, able ? '\2' : '\xff'});
    if (!able) co_return false;
    auto form = co_await read(program, 1);
    auto name = co_await read_counted(program);
    auto given = co_await read_counted(program);
    bool known = form[0] == 1 && name == user && equal_constant_time(given, password);
    co_await write(program, {1, known ? '\0' : '\1'});
    co_return known;
  }

  Task<bool> connect(Pair& pair) {
    auto head = co_await read(pair.program, 4);
    std::string host;
    if (head[3] == 1) {
      asio::ip::address_v4::bytes_type bytes;
      std::ranges::copy(co_await read(pair.program, bytes.size()), bytes.begin());
      host = asio::ip::make_address_v4(bytes).to_string();
    } else if (head[3] == 4) {
      asio::ip::address_v6::bytes_type bytes;
      std::ranges::copy(co_await read(pair.program, bytes.size()), bytes.begin());
      host = asio::ip::make_address_v6(bytes).to_string();
    } else {
      host = co_await read_counted(pair.program);
    }
    auto port = co_await read(pair.program, 2);
    auto number = static_cast<unsigned char>(port[0]) * 256 + static_cast<unsigned char>(port[1]);
    Reply code = head[1] == 1 ? co_await reach(pair.server, host, std::to_string(number))
                              : Reply::unknown_command;
    co_await write(pair.program, reply(code));
    co_return code == Reply::done;
  }

  /// The first of the name's addresses that answers, of those that the rules allow.
  Task<Reply> reach(tcp::socket& server, const std::string& host, const std::string& port) {
    error_code failed;
    tcp::resolver resolver(io);
    auto found = co_await resolver.async_resolve(host, port,
                                                 asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Reply::unreachable;
    Reply out = Reply::unreachable;
    for (const auto& entry : found) {
      if (!outbound.allows(entry.endpoint().address(), without_tls)) {
        was_refused = true;
        out = Reply::refused;
        continue;
      }
      server = tcp::socket(io);
      asio::steady_timer patience(io, connect_time);
      patience.async_wait([&server](error_code ended) {
        error_code ignored;
        if (!ended) server.close(ignored);
      });
      co_await server.async_connect(entry.endpoint(),
                                    asio::redirect_error(asio::use_awaitable, failed));
      patience.cancel();
      if (!failed && server.is_open()) co_return Reply::done;
    }
    co_return out;
  }

  /// One direction, to its end; then the other end is told.
  Task<> relay(std::shared_ptr<Pair> pair, bool inwards) {
    auto& from = inwards ? pair->server : pair->program;
    auto& to = inwards ? pair->program : pair->server;
    std::vector<char> piece(piece_bytes);
    error_code failed;
    for (;;) {
      auto count = co_await from.async_read_some(asio::buffer(piece),
                                                 asio::redirect_error(asio::use_awaitable, failed));
      if (failed) break;
      if (inwards) received += count;
      co_await asio::async_write(to, asio::buffer(piece, count),
                                 asio::redirect_error(asio::use_awaitable, failed));
      if (failed) break;
    }
    error_code ignored;
    if (failed == asio::error::eof) {
      to.shutdown(tcp::socket::shutdown_send, ignored);
      co_return;
    }
    from.close(ignored);
    to.close(ignored);
  }

  Outbound outbound;
  bool without_tls;
  const std::string password = hex_encode(random_bytes(24));
  std::string url;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  std::thread thread;
  int connections = 0;  ///< Of the thread.
  std::atomic<bool> was_refused = false;
  std::atomic<std::uint64_t> received = 0;
};

Result<std::unique_ptr<OutboundProxy>> OutboundProxy::start(Outbound outbound, bool without_tls) {
  auto state = std::make_unique<State>(std::move(outbound), without_tls);
  CAIRN_CHECK(state->open());
  return std::unique_ptr<OutboundProxy>(new OutboundProxy(std::move(state)));
}

OutboundProxy::OutboundProxy(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutboundProxy::~OutboundProxy() = default;

const std::string& OutboundProxy::url() const {
  return state_->url;
}
bool OutboundProxy::refused() const {
  return state_->was_refused;
}
std::uint64_t OutboundProxy::received_bytes() const {
  return state_->received;
}

}  // namespace cairn::http
