#pragma once
// A small hub for the tests of this module and those above it: a real SQLite database in a folder
// of its own, a clock that stands still, and accounts.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "hub/account/account.h"

namespace cairn::account::testing {

class World {
 public:
  /// @param more  migrations of the modules above.
  explicit World(std::vector<db::Migration> more = {}) {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    db::Options options;
    options.url = "sqlite:" + (folder_ / "test.db").string();
    options.test_clock = &clock;
    options.transaction_limit_ms = 10'000;  // Test machines are busy.
    database = must(db::Database::open(options));
    auto steps = account_migrations();
    steps.insert(steps.end(), more.begin(), more.end());
    must(database->migrate(steps, "test"));
    accounts = std::make_unique<Accounts>(*database, blocking, clock, keyring);
  }
  ~World() {
    accounts.reset();
    database.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Unwraps, or fails the test with the error's words.
  template <class T>
  static T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().word + ": " + result.error().message);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
  }

  template <class Function>
  auto write(Function function) {
    return database->write_now(std::move(function));
  }
  template <class Function>
  auto read(Function function) {
    return database->read_now(std::move(function));
  }

  template <class T>
  T run(Task<T> task) {
    boost::asio::io_context io;
    std::optional<T> out;
    auto done = [&](std::exception_ptr failed, T value) {
      if (failed) std::rethrow_exception(failed);
      out = std::move(value);
    };
    boost::asio::co_spawn(io, std::move(task), done);
    io.run();
    return *std::move(out);
  }

  User user(std::string name, bool is_admin = false) {
    NewUser in;
    in.name = std::move(name);
    in.is_admin = is_admin;
    auto create = [&](db::Tx& tx) { return create_user(tx, in); };
    return must(write(create));
  }
  Organization organization(std::string name) {
    NewOrganization in;
    in.name = std::move(name);
    auto create = [&](db::Tx& tx) { return create_organization(tx, in); };
    return must(write(create));
  }
  void join(const Organization& organization, const User& user, Role role) {
    auto set = [&](db::Tx& tx) { return set_member(tx, organization.id, user.id, role); };
    must(write(set));
  }
  CreatedToken token(const User& user, NewToken in) {
    auto create = [&](db::Tx& tx) { return create_token(tx, user.id, in); };
    return must(write(create));
  }
  CreatedToken token(const User& user, TokenRole role = TokenRole::write) {
    NewToken in;
    in.name = "laptop";
    in.role = role;
    return token(user, in);
  }
  Result<Actor> authenticate(std::string value) {
    return run(accounts->authenticate(std::move(value)));
  }

  ManualClock clock;
  Keyring keyring{{std::string(32, 'k')}};
  Blocking blocking{1};
  std::unique_ptr<db::Database> database;
  std::unique_ptr<Accounts> accounts;

 private:
  std::filesystem::path folder_;
};

}  // namespace cairn::account::testing
