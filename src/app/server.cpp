#include "app/server.h"

#include <filesystem>
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/accounts/accounts.h"
#include "api/admin/admin.h"
#include "api/cas/cas.h"
#include "api/git/git.h"
#include "api/hub/hub.h"
#include "api/imports/imports.h"
#include "api/lfs/lfs.h"
#include "api/lfs/locks.h"
#include "api/oauth/oauth.h"
#include "api/ssh/ssh.h"
#include "app/admin_services.h"
#include "app/lfs_gate.h"
#include "app/ssh_child.h"
#include "app/upkeep.h"
#include "app/version.h"
#include "base/log.h"
#include "base/text.h"
#include "pages/pages.h"

namespace cairn::app {
namespace {

http::ServerOptions server_options(const Config& config, http::Listen listen,
                                   const DataFolder& folder) {
  http::ServerOptions out;
  out.listen = {std::move(listen)};
  out.unix_socket = folder.file("admin.sock");
  out.threads = static_cast<unsigned>(config.threads);
  out.trusted_proxies = config.trusted_proxies;
  out.limits.connections_max = static_cast<std::size_t>(config.connections_max);
  out.limits.connections_per_address_max =
      static_cast<std::size_t>(config.connections_per_address_max);
  if (!config.tls_certificate.empty()) out.tls = {{config.tls_certificate, config.tls_key}};
  return out;
}

void add_metrics(http::Metrics& metrics, Hub& hub) {
  auto& database = *hub.database;
  auto number = [&](const char* name, const char* help, std::uint64_t db::Metrics::* member) {
    metrics.gauge(name, help,
                  [&database, member] { return static_cast<double>(database.metrics().*member); });
  };
  number("cairn_db_writes", "Write transactions", &db::Metrics::writes);
  number("cairn_db_write_groups", "Groups of write transactions with one sync",
         &db::Metrics::write_groups);
  number("cairn_db_write_retries", "Write transactions run again", &db::Metrics::write_retries);
  number("cairn_db_write_failures", "Write transactions that failed", &db::Metrics::write_failures);
  number("cairn_db_reads", "Read transactions", &db::Metrics::reads);
  number("cairn_db_write_queue", "Write transactions waiting", &db::Metrics::write_queue);
  number("cairn_db_read_queue", "Read transactions waiting", &db::Metrics::read_queue);

  using Git = history::History::Metrics;
  auto& history = *hub.history;
  auto git = [&](const char* name, const char* help, std::uint64_t Git::* member) {
    metrics.gauge(name, help,
                  [&history, member] { return static_cast<double>(history.metrics().*member); });
  };
  git("cairn_git_commits", "Commits acknowledged", &Git::commits);
  git("cairn_git_commit_batches", "Moves of a branch that carried them", &Git::batches);
  git("cairn_git_packs_merged", "Packs that another took the place of", &Git::packs_merged);

  using Chunked = xet::Metrics;
  auto chunked = [&metrics, &xet = hub.xet](const char* name, const char* help,
                                            std::uint64_t Chunked::* member) {
    metrics.gauge(name, help,
                  [&xet, member] { return static_cast<double>(xet.metrics().*member); });
  };
  chunked("cairn_xet_xorbs", "Xorbs received and verified", &Chunked::xorbs);
  chunked("cairn_xet_xorb_bytes", "Bytes of their bodies", &Chunked::xorb_bytes);
  chunked("cairn_xet_files", "Files registered by shards", &Chunked::files);
  chunked("cairn_xet_chunk_queries", "Chunks asked for", &Chunked::queries);
  chunked("cairn_xet_chunk_hits", "Chunks answered for", &Chunked::hits);
  chunked("cairn_xet_receiving", "Xorbs being received", &Chunked::receiving);
  auto& fetches = hub.fetches;
  metrics.gauge("cairn_fetch_running", "Git programs that serve fetches",
                [&fetches] { return static_cast<double>(fetches.metrics().running); });
  metrics.gauge("cairn_fetch_waiting", "Fetches that wait for a place",
                [&fetches] { return static_cast<double>(fetches.metrics().waiting); });
  metrics.gauge("cairn_fetch_answers", "Fetches answered",
                [&fetches] { return static_cast<double>(fetches.metrics().answers); });
  metrics.gauge("cairn_fetch_cached", "Those of them from the cache of answers",
                [&fetches] { return static_cast<double>(fetches.metrics().cached); });

  auto& renderer = hub.renderer;
  metrics.gauge("cairn_render_documents", "Texts rendered",
                [&renderer] { return static_cast<double>(renderer.metrics().documents); });
  metrics.gauge("cairn_render_kept", "Texts that had been",
                [&renderer] { return static_cast<double>(renderer.metrics().kept); });
  metrics.gauge("cairn_render_failures", "Texts shown as they are written",
                [&renderer] { return static_cast<double>(renderer.metrics().failures); });
  auto space = [path = hub.folder.path()](bool free) {
    struct statvfs disk{};
    if (::statvfs(path.c_str(), &disk) != 0) return 0.0;
    return static_cast<double>(free ? disk.f_bavail : disk.f_blocks) *
           static_cast<double>(disk.f_frsize);
  };
  metrics.gauge("cairn_storage_free_bytes", "Room on the data folder's disk",
                [space] { return space(true); });
  metrics.gauge("cairn_storage_size_bytes", "Size of the data folder's disk",
                [space] { return space(false); });
}

/// What programs around the hub ask: alive, ready, numbers, the API's description.
void add_operator_routes(http::Router& router, Hub& hub, http::Metrics& metrics) {
  auto alive = [](http::Request&) -> Task<http::Response> { co_return http::text(200, "ok\n"); };
  router.add({.method = http::Method::get,
              .pattern = "/healthz",
              .operation = "health.alive",
              .summary = "The process runs.",
              .access = "everyone",
              .handler = alive,
              .open_to_strangers = true});
  auto ready = [&hub](http::Request&) -> Task<Result<http::Response>> {
    auto touch = [](db::Tx& tx) -> Result<Time> { return tx.now(); };
    CAIRN_CO_CHECK(co_await hub.database->read(touch));
    co_return http::text(200, "ready\n");
  };
  router.add({.method = http::Method::get,
              .pattern = "/readyz",
              .operation = "health.ready",
              .summary = "The database answers.",
              .access = "everyone",
              .handler = ready,
              .open_to_strangers = true});
  auto numbers = [&metrics](http::Request&) -> Task<http::Response> {
    co_return http::text(200, metrics.prometheus_text(), "text/plain; version=0.0.4");
  };
  router.add({.method = http::Method::get,
              .pattern = "/metrics",
              .operation = "health.metrics",
              .summary = "Prometheus metrics.",
              .access = "everyone",
              .handler = numbers,
              .open_to_strangers = true});
}

/// The API's description, of the routes added so far.
void add_description(http::Router& router) {
  auto text =
      std::make_shared<const std::string>(json::serialize(router.openapi("Cairn", version)));
  auto describe = [text](http::Request&) -> Task<http::Response> {
    http::Response out;
    out.headers.set("Content-Type", "application/json");
    out.body = text;
    co_return out;
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/openapi.json",
              .operation = "api.describe",
              .summary = "This API as OpenAPI 3.1.",
              .access = "everyone",
              .handler = describe,
              .open_to_strangers = true});
}

bool loopback(const http::Listen& listen) {
  return listen.address.starts_with("127.") || listen.address == "::1" ||
         listen.address == "localhost";
}

api::hub::RateLimits rate_limits(const Config& config, const http::Listen& listen) {
  bool on = config.rate_limits == "on" || (config.rate_limits == "auto" && !loopback(listen));
  return {on, static_cast<int>(config.rate_limit_api),
          static_cast<int>(config.rate_limit_resolvers), static_cast<int>(config.rate_limit_pages)};
}

void say_first_account(Hub& hub, const FirstAccount& account) {
  const auto& url = hub.config.public_url;
  std::string words =
      "  export HF_ENDPOINT=" + url + "\n  export HF_TOKEN=" + account.token + "   # account \"" +
      account.name + "\", administrator; shown once. New one: ./run admin user token " +
      account.name + "\n  pip install -U huggingface_hub\n  hf upload my-first-model ./folder\n" +
      "In a browser, once, within 24 hours:\n  " + account.setup_link + "\n";
  if (::isatty(STDOUT_FILENO)) {
    std::cout << "From another terminal:\n" << words;
    return;
  }
  // Without a terminal standard output may be a log that many people read.
  std::string path = hub.folder.file("first-run.txt");
  if (auto written = write_private_file(path, words); !written)
    log::error("start.first_run.failed", written.error());
  log::info("start.first_run", {{"account", account.name}, {"file", path}});
}

void say_running(Hub& hub) {
  if (!::isatty(STDOUT_FILENO)) return;
  std::cout << "\nCairn is running at " << hub.config.public_url
            << "          (Ctrl-C stops it; nothing is lost)\n  Data         " << hub.folder.path()
            << "\n";
}

void say_more() {
  if (!::isatty(STDOUT_FILENO)) return;
  std::cout << "Have models in a client's cache?  ./run admin import-cache --dry-run\n"
               "For your team: CAIRN_LISTEN, CAIRN_PUBLIC_URL, TLS: docs/operate.md\n"
            << std::flush;
}

/// Blocks the signals for every thread made later, and gives a descriptor that tells of them.
int take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &set, SFD_CLOEXEC);
}

void wait_for_end(int signals, http::Server& server) {
  for (;;) {
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != sizeof info) continue;
    if (info.ssi_signo != SIGHUP) {
      log::info("stop.requested", {{"signal", static_cast<int>(info.ssi_signo)}});
      return;
    }
    if (auto loaded = server.reload_tls(); !loaded)
      log::error("tls.reload.failed", loaded.error());
    else
      log::info("tls.reloaded");
  }
}

int failed(const Error& error) {
  std::cerr << "cairn: " << error.message << "\n";
  return 1;
}

/// Empty: no SSH.
Result<std::optional<SshWorkerSettings>> ssh_worker_settings(const Hub& hub,
                                                             const ssh::HostKey& host_key,
                                                             const std::string& secret) {
  const auto& text = hub.config.ssh_listen;
  if (text.empty() || text == "off") return std::optional<SshWorkerSettings>{};
  CAIRN_TRY(listen, http::parse_listen(text));
  SshWorkerSettings out;
  out.address = listen.address;
  out.port = listen.port;
  out.hostKey = host_key.private_text;
  out.socket = std::filesystem::absolute(hub.folder.file("admin.sock")).string();
  out.secret = secret;
  return std::optional<SshWorkerSettings>(std::move(out));
}

/// What people hold the SSH server's key against.
Result<std::vector<ssh::PublicKey>> host_keys_told(const Config& config, const ssh::HostKey& own) {
  if (config.ssh_host_keys.empty()) return std::vector{own.public_key};
  std::vector<ssh::PublicKey> out;
  for (const auto& path : config.ssh_host_keys) {
    CAIRN_TRY(text, read_small_file(path));
    auto key = ssh::parse_public_key(text);
    if (!key)
      return fail(ErrorCode::invalid_argument, "InvalidConfig",
                  "ssh_host_keys: " + path + ": " + key.error().message);
    out.push_back(std::move(*key));
  }
  return out;
}

}  // namespace

int serve(Config config) {
  int signals = take_signals();
  auto listen = http::parse_listen(config.listen);
  if (!listen) return failed(listen.error());

  auto opened = Hub::open(std::move(config));
  if (!opened) return failed(opened.error());
  Hub& hub = **opened;
  settings::Texts pinned(hub.config.policies.begin(), hub.config.policies.end());
  auto pin = [&](db::Tx& tx) { return hub.settings.pin(tx, pinned); };
  if (auto done = hub.database->write_now(pin); !done) return failed(done.error());
  auto admin_key = hub.folder.make_key("admin.key");
  if (!admin_key) return failed(admin_key.error());
  auto ssh_key = hub.folder.make_key("ssh.key");
  if (!ssh_key) return failed(ssh_key.error());

  api::hub::Services services{*hub.database,
                              hub.blocking,
                              hub.accounts,
                              hub.repos,
                              hub.files,
                              hub.commits,
                              hub.community,
                              hub.large_files,
                              hub.xet,
                              hub.inspector,
                              hub.operations,
                              hub.space_values,
                              hub.past,
                              hub.config.public_url,
                              *admin_key,
                              hub.settings,
                              hub.clock,
                              hub.signatures,
                              rate_limits(hub.config, *listen)};
  api::accounts::Services account{*hub.database, hub.accounts, hub.people,           hub.settings,
                                  hub.mail,      hub.clock,    hub.config.public_url};
  api::admin::Services admin = admin_services(hub);
  api::oauth::Services oauth{*hub.database, hub.oauth, hub.publishers, hub.repos};
  RepoGateOverRepos gate(hub.repos, hub.xet);

  api::lfs::LockServices lock_services{hub.repos, hub.locks};
  api::git::Services git{hub.repos, hub.fetches, hub.pushes, hub.config.public_url,
                         "cairn/" + std::string(version)};

  api::imports::Services import_services{hub.imports};
  auto host_key = keys::host_key(hub.keyring);
  auto host_keys = host_keys_told(hub.config, host_key);
  if (!host_keys) return failed(host_keys.error());
  auto ssh_port = std::make_shared<std::atomic<std::uint16_t>>(0);
  api::ssh::Services ssh_services{hub.repos,
                                  hub.keys,
                                  hub.gpg_keys,
                                  std::move(*host_keys),
                                  hub.config.public_url,
                                  hub.config.ssh_url,
                                  *ssh_key,
                                  [ssh_port] { return ssh_port->load(); }};
  auto ssh_settings = ssh_worker_settings(hub, host_key, ssh_services.secret);
  if (!ssh_settings) return failed(ssh_settings.error());

  http::Metrics metrics;
  add_metrics(metrics, hub);
  http::Router router;
  api::ssh::add_authentication(router, ssh_services);
  api::hub::add_authentication(router, services);
  api::hub::add_routes(router, services);
  api::lfs::add_routes(router, hub.large_files, gate);
  api::lfs::add_lock_routes(router, lock_services);
  api::cas::add_routes(router, hub.xet);
  api::git::add_routes(router, git);
  api::oauth::add_routes(router, oauth);
  api::ssh::add_routes(router, ssh_services);
  api::imports::add_routes(router, import_services);
  api::accounts::add_routes(router, account);
  api::admin::add_routes(router, admin);
  pages::Services page_services{nullptr,   *hub.database,         hub.accounts,        hub.repos,
                                hub.files, hub.renderer,          hub.pictures,        hub.settings,
                                hub.clock, hub.config.public_url, std::string(version)};
  pages::add_api_routes(router, page_services);
  add_operator_routes(router, hub, metrics);
  pages::add_routes(router, page_services);
  add_description(router);

  bool open_to_all = !loopback(*listen);
  bool secure = !hub.config.tls_certificate.empty();
  http::Server server(server_options(hub.config, *listen, hub.folder), std::move(router), metrics);
  page_services.router = &server.router();
  // Before the first request: who finds the hub ready finds the first account's file too.
  auto first = make_first_account(hub);
  if (!first) return failed(first.error());
  if (auto planned = Upkeep::plan(hub); !planned) return failed(planned.error());
  bool terminal = ::isatty(STDOUT_FILENO);
  if (*first && !terminal) say_first_account(hub, **first);
  if (auto started = server.start(); !started) {
    if (*first && terminal) say_first_account(hub, **first);  // It is shown only once.
    auto error = started.error();
    if (error.word == "AddressInUse")
      error.message += " Start elsewhere: ./run --listen " + listen->address + ":" +
                       std::to_string(listen->port + 1);
    return failed(error);
  }
  if (open_to_all && !secure)
    log::warning("start.no_tls",
                 {{"listen", hub.config.listen},
                  {"note", "tokens cross the network readable; use TLS or a proxy"}});

  Upkeep upkeep(hub, server.executor());
  upkeep.add_metrics(metrics);
  upkeep.start();
  std::optional<SshChild> ssh_server;
  if (*ssh_settings) ssh_server.emplace(server.executor(), **ssh_settings, ssh_port).start();
  say_running(hub);
  if (*first && terminal) say_first_account(hub, **first);
  say_more();
  log::info("start.serving", {{"url", hub.config.public_url}, {"data", hub.folder.path()}});

  wait_for_end(signals, server);
  if (ssh_server) ssh_server->stop();
  upkeep.stop();
  server.stop();
  upkeep.flush();
  log::info("stop.done");
  return 0;
}

}  // namespace cairn::app
