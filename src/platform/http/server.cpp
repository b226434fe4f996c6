#include "platform/http/server.h"

#include <condition_variable>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/http/port_owner.h"
#include "platform/http/tls.h"
#include "platform/http/worker.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;

/// How often stop() looks whether all connections have ended.
constexpr Milliseconds drain_poll{5};

OperationMetrics operation_metrics(Metrics& metrics, const std::string& operation) {
  OperationMetrics out{};
  static constexpr const char* classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < out.by_class.size(); ++i)
    out.by_class[i] = &metrics.counter("cairn_http_requests_total", "Answered requests.",
                                       {{"operation", operation}, {"class", classes[i]}});
  out.duration = &metrics.histogram("cairn_http_request_duration_seconds",
                                    "From the last header byte in to the last byte out.",
                                    {{"operation", operation}});
  return out;
}

}  // namespace

Shared::Shared(ServerOptions server_options, Router server_router, Metrics& metrics)
    : options(std::move(server_options)), router(std::move(server_router)) {
  for (const auto& route : router.routes())
    operations.emplace(route.get(), operation_metrics(metrics, route->operation));
  no_operation = operation_metrics(metrics, "none");
  bytes_in = &metrics.counter("cairn_http_received_bytes_total", "Bytes of requests.");
  bytes_out = &metrics.counter("cairn_http_sent_bytes_total", "Bytes of responses.");
  refused =
      &metrics.counter("cairn_http_refused_connections_total", "Connections over the limits.");
  metrics.gauge("cairn_http_open_connections", "Open connections.",
                [count = open] { return static_cast<double>(count->load()); });
}

const OperationMetrics& Shared::metrics_of(const Request& request) const {
  auto found = operations.find(request.route());
  return found == operations.end() ? no_operation : found->second;
}

bool Shared::exempt(const Peer& peer) const {
  return !peer.address || proxies.contains(*peer.address);
}

bool Shared::admit(const Peer& peer) {
  std::lock_guard lock(mutex_);
  if (draining || open->load() >= options.limits.connections_max) return false;
  if (!exempt(peer)) {
    auto& count = by_key_[peer.key];
    if (count >= options.limits.connections_per_address_max) {
      if (count == 0) by_key_.erase(peer.key);
      return false;
    }
    ++count;
  }
  ++*open;
  return true;
}

void Shared::release(const Peer& peer) {
  std::lock_guard lock(mutex_);
  --*open;
  auto found = exempt(peer) ? by_key_.end() : by_key_.find(peer.key);
  if (found != by_key_.end() && --found->second == 0) by_key_.erase(found);
}

struct Server::Impl {
  Impl(ServerOptions options, Router router, Metrics& metrics)
      : shared(std::move(options), std::move(router), metrics) {
    unsigned count = shared.options.threads ? shared.options.threads
                                            : std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(shared, tls));
  }

  Result<> listen(const Listen& where);
  Result<> listen_unix();

  Shared shared;
  TlsSlot tls;
  std::vector<std::unique_ptr<Worker>> workers;
  std::uint16_t port = 0;
  bool running = false;
};

namespace {

/// @param port  0 for a Unix socket.
Failure cannot_listen(const std::string& where, const error_code& failed, std::uint16_t port) {
  if (failed != asio::error::address_in_use)
    return fail(ErrorCode::invalid_argument, "InvalidListen",
                "Cannot listen on " + where + ": " + failed.message() + ".");
  auto owner = port ? port_owner(port) : std::nullopt;
  return fail(ErrorCode::conflict, "AddressInUse",
              (port ? "Port " + std::to_string(port) : where) + " is in use by " +
                  owner.value_or("another program") + ".");
}

/// @param shared_port  whether other sockets, of any process of this user, may have the port too.
Result<Worker::Acceptor> open_acceptor(asio::io_context& context, const Protocol::endpoint& at,
                                       const std::string& where, std::uint16_t port,
                                       bool shared_port) {
  error_code failed;
  Worker::Acceptor acceptor(context);
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  acceptor.open(at.protocol(), failed);
  if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed && shared_port) acceptor.set_option(ReusePort(true), failed);
  if (!failed) acceptor.bind(at, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return cannot_listen(where, failed, port);
  return acceptor;
}

}  // namespace

Result<> Server::Impl::listen(const Listen& where) {
  error_code failed;
  auto address = asio::ip::make_address(where.address, failed);
  auto text = (address.is_v6() ? "[" + where.address + "]" : where.address) + ":" +
              std::to_string(where.port);
  if (failed) return cannot_listen(text, failed, where.port);
  asio::ip::tcp::endpoint at(address, where.port);
  {
    // SO_REUSEPORT would let a second hub of the same user share the port in silence: a socket
    // without it asks first.
    CAIRN_TRY(probe, open_acceptor(workers[0]->context(), at, text, where.port, false));
    auto bound = probe.local_endpoint(failed);
    if (failed) return cannot_listen(text, failed, where.port);
    std::memcpy(at.data(), bound.data(), bound.size());
  }
  for (auto& worker : workers) {
    CAIRN_TRY(acceptor, open_acceptor(worker->context(), at, text, at.port(), true));
    worker->add(std::move(acceptor), shared.options.tls.has_value());
  }
  if (port == 0) port = at.port();
  log::info(
      "http.listening",
      {{"address", where.address}, {"port", at.port()}, {"tls", shared.options.tls.has_value()}});
  return {};
}

Result<> Server::Impl::listen_unix() {
  const auto& path = shared.options.unix_socket;
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(ErrorCode::invalid_argument, "InvalidListen",
                "The path of the socket " + path + " is too long. Use a shorter data folder.");
  asio::local::stream_protocol::endpoint at(path);
  error_code failed;
  asio::local::stream_protocol::socket probe(workers[0]->context());
  probe.connect(at, failed);
  if (!failed)
    return cannot_listen(path, asio::error::make_error_code(asio::error::address_in_use), 0);
  // Nobody answers: what lies there was left by a process that died. Only ever a socket.
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  CAIRN_TRY(acceptor, open_acceptor(workers[0]->context(), at, path, 0, false));
  ::chmod(path.c_str(), 0600);
  workers[0]->add(std::move(acceptor), false);
  return {};
}

Server::Server(ServerOptions options, Router router, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router), metrics)) {}

Server::~Server() {
  stop();
}

Result<> Server::start() {
  auto& shared = impl_->shared;
  CAIRN_TRY(proxies, ProxyList::parse(shared.options.trusted_proxies));
  shared.proxies = std::move(proxies);
  if (shared.options.tls) CAIRN_CHECK(reload_tls());
  for (const auto& where : shared.options.listen) CAIRN_CHECK(impl_->listen(where));
  if (!shared.options.unix_socket.empty()) CAIRN_CHECK(impl_->listen_unix());
  for (auto& worker : impl_->workers) worker->start();
  impl_->running = true;
  return {};
}

std::uint16_t Server::port() const {
  return impl_->port;
}

Result<> Server::reload_tls() {
  if (!impl_->shared.options.tls) return {};
  CAIRN_TRY(context, load_tls(*impl_->shared.options.tls));
  impl_->tls.set(std::move(context));
  return {};
}

void Server::stop() {
  if (!std::exchange(impl_->running, false)) return;
  auto& shared = impl_->shared;
  shared.draining = true;
  for (auto& worker : impl_->workers) worker->drain();
  auto until = Transport::Clock::now() + Milliseconds(shared.options.limits.drain_timeout_ms);
  while (shared.open->load() > 0 && Transport::Clock::now() < until)
    std::this_thread::sleep_for(drain_poll);
  if (auto left = shared.open->load(); left > 0) {
    log::warning("http.drain_cut", {{"connections", left}});
    for (auto& worker : impl_->workers) worker->abort();
  }
  for (auto& worker : impl_->workers) worker->finish();
  for (auto& worker : impl_->workers) worker->join();
  if (!shared.options.unix_socket.empty()) ::unlink(shared.options.unix_socket.c_str());
}

asio::any_io_executor Server::executor() {
  return impl_->workers[0]->context().get_executor();
}

const Router& Server::router() const {
  return impl_->shared.router;
}

}  // namespace cairn::http
