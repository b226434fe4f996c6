#pragma once
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "hub/lfs/lfs.h"
#include "platform/db/testing.h"
#include "platform/storage/local_store.h"
#include "platform/storage/memory_files.h"

/// For tests of this module and of those above it: large files on a disk in memory.
namespace cairn::lfs::testing {

/// Runs a coroutine to its end on an io_context of its own.
template <class T>
T run(Task<T> task) {
  boost::asio::io_context context(1);
  std::optional<T> out;
  std::exception_ptr thrown;
  auto keep = [](Task<T> inner, std::optional<T>& to) -> Task<> {
    to.emplace(co_await std::move(inner));
  };
  boost::asio::co_spawn(context, keep(std::move(task), out),
                        [&](std::exception_ptr e) { thrown = std::move(e); });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*out);
}

/// A body that comes in pieces of `piece_bytes`, and then ends, or breaks with `broken`.
inline Source source_of(std::string bytes, std::size_t piece_bytes = 64 << 10,
                        std::optional<Error> broken = {}) {
  struct Body {
    std::string bytes;
    std::size_t at = 0;
    std::optional<Error> broken;
  };
  auto body = std::make_shared<Body>(std::move(bytes), 0, std::move(broken));
  auto next = [](std::shared_ptr<Body> from, std::size_t count) -> Task<Result<std::string>> {
    auto piece = from->bytes.substr(from->at, count);
    from->at += piece.size();
    if (piece.empty() && from->broken) co_return std::unexpected(*from->broken);
    co_return piece;
  };
  return [body, piece_bytes, next] { return next(body, piece_bytes); };
}

/// Bytes that differ everywhere, so that exchanged blocks change the hash.
inline std::string bytes_of(std::size_t size, unsigned seed = 1) {
  std::string out(size, '\0');
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ull + 1;
  for (auto& c : out) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    c = static_cast<char>(state >> 56);
  }
  return out;
}

inline Wanted wanted(const std::string& bytes) {
  return {sha256(bytes), bytes.size()};
}

/// One hub's large files, and shortcuts to them. Value-returning helpers throw where a test that
/// works cannot fail.
class World {
 public:
  explicit World(db::Engine engine = db::Engine::sqlite) : database_files_(engine) {
    auto database_options = database_files_.options();
    if (engine == db::Engine::sqlite) database_options.test_clock = &clock;
    database = db::testing::TestDatabase::open(database_options);
    // The rows that lock_row() locks belong to other modules.
    std::vector<db::Migration> steps = lfs_migrations();
    steps.push_back({"20261125T0700_test", db::Migration::Kind::expand,
                     "CREATE TABLE repos (id @id) @strict; CREATE TABLE owners (id @id) @strict;"});
    if (!database->migrate(steps, "1.0")) throw std::runtime_error("migrate");
    if (!files->make_folder("/data")) throw std::runtime_error("make_folder");
    store = std::move(storage::open_local_store("/data/objects", files).value());
    options.public_url = "https://hub.example";
    restart();
  }

  /// As after `options` changed, or the program started again.
  void restart() {
    lfs.reset();
    lfs = std::make_unique<Lfs>(*database, *store, blocking, keyring, clock, options);
  }

  UploadPlan plan(RepoId repo, Wanted file, bool in_parts = false) {
    auto plans = run(lfs->plan_uploads(repo, owner, user, {file},
                                       in_parts ? TakesParts::each_large : TakesParts::none));
    return std::move(plans.value().front());
  }
  [[nodiscard]] Ticket ticket(const std::string& url, std::initializer_list<Ticket::Kind> kinds) {
    return lfs->open_ticket(url.substr(url.rfind('/') + 1), kinds).value();
  }
  /// Plans and sends the bytes as one body.
  Result<Linked> upload(RepoId repo, const std::string& bytes) {
    auto planned = plan(repo, wanted(bytes));
    if (planned.error) return std::unexpected(*planned.error);
    return run(
        lfs->receive(ticket(planned.url, {Ticket::Kind::whole}), bytes.size(), source_of(bytes)));
  }
  [[nodiscard]] Result<std::string> content(RepoId repo, Sha256Digest digest) {
    auto open = run(lfs->open(repo, digest));
    if (!open) return std::unexpected(open.error());
    return open->reader->read({0, open->size_bytes});
  }
  [[nodiscard]] std::vector<storage::Listed> stored() {
    return store->list("lfs/", {}, 1000).value();
  }
  template <class Function>
  auto read(Function function) {
    using T = std::invoke_result_t<Function, db::Tx&>;
    auto body = [&](db::Tx& tx) -> Result<T> { return function(tx); };
    return database->read_now(body).value();
  }
  template <class Function>
  auto write(Function function) {
    using T = std::invoke_result_t<Function, db::Tx&>;
    auto body = [&](db::Tx& tx) -> Result<T> { return function(tx); };
    return database->write_now(body).value();
  }

  static constexpr RepoId ada_model{1}, bob_model{2};
  static constexpr OwnerId owner{7};
  static constexpr UserId user{7};

  ManualClock clock;
  Keyring keyring{{std::string(32, 'k')}};
  std::shared_ptr<storage::MemoryFiles> files = std::make_shared<storage::MemoryFiles>();
  Options options;

 private:
  db::testing::TestDatabase database_files_;

 public:
  std::unique_ptr<db::Database> database;
  std::unique_ptr<storage::ObjectStore> store;
  Blocking blocking{2};
  std::unique_ptr<Lfs> lfs;
};

}  // namespace cairn::lfs::testing
