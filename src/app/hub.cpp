#include "app/hub.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/version.h"
#include "base/log.h"
#include "hub/count/count.h"
#include "hub/event/event.h"
#include "hub/work/work.h"

namespace cairn::app {
namespace {

// Threads that may block on disk, hashing and child processes: more than cores, because most of
// them wait.
std::size_t blocking_threads() {
  return std::max(8u, 4 * std::thread::hardware_concurrency());
}

history::Options history_options(const Config& config, const DataFolder& folder) {
  history::Options out;
  out.cache_folder = folder.file("cache");
  out.pack_files_bytes_max = config.git_cache_bytes_max;
  Duration grace = days(config.restorable_days);
  out.rewound = [grace](db::Tx& tx, RepoId repo) { repo::plan_collection(tx, repo, grace); };
  return out;
}

fetch::Options fetch_options(const DataFolder& folder) {
  fetch::Options out;
  out.cache_folder = folder.file("cache/fetch");
  out.agent = "cairn/" + std::string(version);
  return out;
}

push::Options push_options(const Config& config) {
  push::Options out;
  out.pack_bytes_max = config.push_bytes_max;
  out.blob_bytes_max = config.push_file_bytes_max;
  return out;
}

repo::Options repo_options(const Config& config) {
  repo::Options out;
  out.public_url = config.public_url;
  out.kept_after_delete = days(config.restorable_days);
  out.commit_bytes_max = config.commit_bytes_max;
  out.large_file_bytes_max = config.lfs_object_bytes_max;
  return out;
}

/// Signed URLs and the store's tokens outlive the request that gave them, so rights are asked again
/// when they are used. @return the owner, who pays.
Result<OwnerId> may_still(db::Tx& tx, RepoId id, UserId user, access::Action action) {
  auto repo = repo::find_repo(tx, id);
  if (!repo)
    return fail(ErrorCode::not_found, "RepoNotFound",
                "The repository was deleted or moved out of reach.");
  if (user.value == 0) return repo->owner;
  CAIRN_TRY(known, account::find_user(tx, user));
  if (known.disabled_at) return fail(ErrorCode::forbidden, "Forbidden", "The account is disabled.");
  account::Actor actor;
  actor.kind = account::ActorKind::user;
  actor.user = user;
  actor.user_public_id = known.public_id;
  actor.user_name = known.name;
  CAIRN_CHECK(access::check(tx, actor, action, *repo));
  return repo->owner;
}

lfs::Options lfs_options(const Config& config, xet::Xet& chunked) {
  lfs::Options out;
  out.public_url = config.public_url;
  out.file_bytes_max = config.lfs_object_bytes_max;
  out.allow = [](db::Tx& tx, RepoId repo, UserId user, lfs::Use use) {
    // A pull request may hold large files, so whoever may open one may bring them.
    bool upload = use == lfs::Use::upload;
    return may_still(tx, repo, user,
                     upload ? access::Action::create_pr : access::Action::read_content);
  };
  out.open_chunked = [&chunked](const lfs::Linked& file) { return chunked.open_file(file); };
  return out;
}

/// The program itself, locked down: memory for the largest text with room for its tree.
render::Options render_options() {
  render::Options out;
  out.program.argv = {"/proc/self/exe", "render-worker"};
  out.program.environment = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}};
  out.program.nice = 5;
  // Processor time of all documents of one child.
  out.program.confined = process::Confinement{.memory_bytes_max = 1u << 30, .cpu_seconds_max = 60};
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  out.program.confined->memory_bytes_max = RLIM_INFINITY;  // Their shadow takes terabytes.
#endif
  return out;
}

/// Does the chunk query of a repository show what another one has? Public contents to all, private
/// ones to repositories of the same owner.
bool reveals(db::Tx& tx, xet::DedupScope scope, RepoId asker, RepoId holder) {
  auto holds = repo::find_repo(tx, holder);
  if (!holds) return false;
  bool open_to_all = holds->visibility == Visibility::public_ && holds->gating == Gating::none;
  if (scope == xet::DedupScope::public_ && open_to_all) return true;
  auto asks = repo::find_repo(tx, asker);
  return asks && asks->owner == holds->owner;
}

xet::Options xet_options(const Config& config, const DataFolder& folder) {
  xet::Options out;
  out.cache_folder = folder.file("cache/xet");
  out.cache_bytes_max = config.xet_cache_bytes_max;
  out.cas_url = config.cas_url;
  out.dedup_scope = xet::parse_dedup_scope(config.xet_dedup_scope).value();
  out.grace = days(config.xet_grace_days);
  out.ranges_per_gb_max = config.xet_ranges_per_gb_max;
  // What is advertised is kept for as long as the answer says, so never for longer than the rest.
  out.dedup_life = std::min(out.dedup_life, out.grace);
  out.pending_bytes_max = config.xet_pending_bytes_max;
  out.allow = [](db::Tx& tx, RepoId repo, UserId user, xet::Right right) {
    using access::Action;
    auto action = right == xet::Right::read    ? Action::read_content
                  : right == xet::Right::write ? Action::write
                                               : Action::create_pr;
    return may_still(tx, repo, user, action);
  };
  out.reveals = reveals;
  return out;
}

mail::Options mail_options(const Config& config) {
  mail::Options out;
  if (!config.smtp_url.empty()) {
    out.server = smtp::Server{config.smtp_url};
    out.server->tls = config.smtp_tls == "none"      ? smtp::Tls::none
                      : config.smtp_tls == "offered" ? smtp::Tls::offered
                                                     : smtp::Tls::required;
  }
  out.from = config.mail_from;
  return out;
}

/// Mail to a person. People are among the last parts, and told by those before.
keys::Keys::Notice notice_of(Hub& hub) {
  return [&hub](db::Tx& tx, UserId user, std::string subject, std::string text) {
    hub.people.notice(tx, user, std::move(subject), std::move(text));
  };
}

imports::Parts import_parts(Hub& hub) {
  return {*hub.database,   *hub.history, hub.repos,
          hub.large_files, hub.pushes,   hub.blocking,
          hub.keyring,     hub.outbound, hub.folder.file("cache/imports")};
}

people::Options people_options(const Config& config, repo::Repos& repos) {
  people::Options out;
  out.public_url = config.public_url;
  out.owner_changed = [&repos](db::Tx& tx, OwnerId owner) { repos.owner_changed(tx, owner); };
  return out;
}

publishers::Options publisher_options(Hub& hub) {
  publishers::Options out;
  out.public_url = hub.config.public_url;
  out.fetch = [&hub](const std::string& url, std::size_t bytes_max) {
    return hub.outbound.get(url, bytes_max);
  };
  out.check_url = [&hub](const std::string& url) { return hub.outbound.check(url); };
  out.notice = notice_of(hub);
  return out;
}

pictures::Options picture_options(const http::Outbound& outbound) {
  pictures::Options out;
  // Old cards name pictures without TLS, and hosts of pictures send on to others.
  out.fetch = [&outbound](const std::string& url, std::size_t bytes_max) -> Result<std::string> {
    http::OutboundRequest request{.url = url,
                                  .headers = {{"Accept", "image/*"}},
                                  .redirects_max = 3,
                                  .plain_allowed = true,
                                  .bytes_max = bytes_max};
    CAIRN_TRY(answer, outbound.ask(request));
    if (answer.status == 200) return std::move(answer.body);
    return fail(ErrorCode::unavailable, "OutboundFailed",
                "The other server did not answer as it should. Try again later.");
  };
  return out;
}

std::string system_user() {
  auto* entry = ::getpwuid(::geteuid());
  return entry && std::string(entry->pw_name) != "root" ? entry->pw_name : "";
}

}  // namespace

std::vector<db::Migration> all_migrations() {
  std::vector<db::Migration> all;
  for (auto list : {account::account_migrations(), access::access_migrations(),
                    oauth::oauth_migrations(), count::count_migrations(), event::event_migrations(),
                    work::work_migrations(), lfs::lfs_migrations(), xet::xet_migrations(),
                    history::migrations(), repo::repo_migrations(), keys::keys_migrations(),
                    locks::locks_migrations(), publishers::publishers_migrations(),
                    imports::imports_migrations(), community::community_migrations(),
                    settings::settings_migrations(), people::people_migrations()})
    all.insert(all.end(), list.begin(), list.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

Result<std::unique_ptr<Hub>> Hub::open(Config config) {
  CAIRN_TRY(folder, DataFolder::open(config.data));
  config.data = folder.path();
  CAIRN_TRY(keyring, folder.keyring(config.root_key));
  db::Options options;
  options.url = config.database_url();
  CAIRN_TRY(database, db::Database::open(options));
  CAIRN_CHECK(database->migrate(all_migrations(), version));
  auto same_root = [&](db::Tx& tx) { return account::check_root_key(tx, keyring); };
  CAIRN_CHECK(database->write_now(same_root));
  // A backup restored onto another PostgreSQL server may know transaction ids of the future.
  auto repair = [](db::Tx& tx) -> Result<bool> { return event::repair_positions(tx); };
  CAIRN_CHECK(database->write_now(repair));
  CAIRN_TRY(objects, storage::open_local_store(folder.file("objects")));
  if (!config.smtp_url.empty()) CAIRN_CHECK(smtp::check({config.smtp_url}));
  CAIRN_TRY(outbound, http::Outbound::make({.private_allowed = config.outbound_allowed}));
  auto hub = std::make_unique<Hub>(std::move(config), std::move(folder), std::move(keyring),
                                   std::move(database), std::move(objects), std::move(outbound));
  auto adopt = [&](db::Tx& tx) -> Result<> {
    hub->settings.adopt(tx);
    return {};
  };
  CAIRN_CHECK(hub->database->write_now(adopt));
  return hub;
}

Hub::Hub(Config c, DataFolder f, Keyring k, std::unique_ptr<db::Database> d,
         std::unique_ptr<storage::ObjectStore> o, http::Outbound out)
    : config(std::move(c)),
      folder(std::move(f)),
      keyring(std::move(k)),
      blocking(blocking_threads()),
      database(std::move(d)),
      objects(std::move(o)),
      outbound(std::move(out)),
      settings(*database),
      mail(blocking, clock, keyring, mail_options(config)),
      accounts(*database, blocking, clock, keyring),
      oauth(*database, blocking, keyring, accounts, {config.public_url}),
      history(history::make_history(*database, *objects, blocking, clock,
                                    history_options(config, folder))),
      repos(*database, *history, keyring, blocking, clock, repo_options(config)),
      files(*database, *history, repos, keyring, blocking, clock),
      past(*database, *history, files, blocking),
      xet(*database, *objects, blocking, keyring, clock, xet_options(config, folder)),
      large_files(*database, *objects, blocking, keyring, clock, lfs_options(config, xet)),
      commits(*database, *history, repos, files, blocking, clock, &pull_requests),
      fetches(*database, *history, blocking, fetch_options(folder)),
      keys(*database, repos, keyring, clock, notice_of(*this)),
      gpg_keys(*database, blocking, folder.file("cache/gpg"), notice_of(*this)),
      signatures(*database, *history, blocking, folder.file("cache/gpg")),
      locks(*database, repos),
      publishers(*database, blocking, clock, accounts, repos, publisher_options(*this)),
      pushes(*database, *history, repos, blocking, push_options(config), &pull_requests),
      community(*database, *history, repos, commits, blocking, keyring, mail, settings,
                config.public_url),
      people(*database, blocking, clock, keyring, accounts, settings, mail,
             people_options(config, repos)),
      renderer(blocking, render_options()),
      pictures(blocking, keyring, picture_options(outbound)),
      file_bytes(repo::make_file_bytes(*database, *history, *objects, large_files)),
      inspector(*database, *history, repos, file_bytes.get(), blocking),
      operations(*database, *history, repos, large_files, keyring, blocking, clock),
      space_values(*database, repos, keyring),
      imports(import_parts(*this)) {}

Hub::~Hub() = default;

Result<std::optional<FirstAccount>> make_first_account(Hub& hub) {
  std::vector<std::string> names;
  if (!hub.config.admin.empty()) names.push_back(hub.config.admin);
  if (auto name = system_user(); !name.empty()) names.push_back(name);
  auto make = [&](db::Tx& tx) -> Result<std::optional<FirstAccount>> {
    CAIRN_TRY(user, account::ensure_first_account(tx, names));
    if (!user) return std::optional<FirstAccount>{};
    account::NewToken token;
    token.name = "first start";
    token.role = account::TokenRole::write;
    CAIRN_TRY(created, account::create_token(tx, user->id, token));
    CAIRN_TRY(link, hub.people.make_setup_link(tx, user->name));
    return std::optional<FirstAccount>(FirstAccount{user->name, created.value, link});
  };
  return hub.database->write_now(make);
}

}  // namespace cairn::app
