#pragma once
// A small hub for the tests of this module and those above it: a real database, a clock that stands
// still (on PostgreSQL rows have the server's time), and accounts.
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "hub/account/account.h"
#include "platform/db/testing.h"

namespace cairn::account::testing {

class World {
 public:
  /// @param more  migrations of the modules above.
  explicit World(std::vector<db::Migration> more = {}, db::Engine engine = db::Engine::sqlite)
      : database_(engine) {
    auto options = database_.options();
    options.test_clock = engine == db::Engine::sqlite ? &clock : nullptr;
    database = database_.open(options);
    auto steps = account_migrations();
    steps.insert(steps.end(), more.begin(), more.end());
    must(database->migrate(steps, "test"));
    accounts = std::make_unique<Accounts>(*database, blocking, clock, keyring);
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

 private:
  db::testing::TestDatabase database_;  // Before what has it open.

 public:
  std::unique_ptr<db::Database> database;
  std::unique_ptr<Accounts> accounts;
};

}  // namespace cairn::account::testing
