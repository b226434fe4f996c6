#pragma once
#include <string>
#include <vector>

#include "platform/db/db.h"

/// For tests of this module and of all that keep rows.
namespace cairn::db::testing {

/// SQLite, and PostgreSQL when the environment's CAIRN_TEST_POSTGRES is the URL of a server.
[[nodiscard]] std::vector<Engine> engines();

/// "sqlite" or "postgres": for names of parametrized tests.
[[nodiscard]] std::string to_string(Engine engine);

/// An empty database that is gone at the end: a folder under the temporary one, or a schema of its
/// own on the test server. Throws std::runtime_error when it cannot be made.
class TestDatabase {
 public:
  explicit TestDatabase(Engine engine);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;

  /// With limits that a loaded machine or a sanitizer does not run into.
  [[nodiscard]] Options options() const;
  /// Opens it once more; throws when that fails.
  [[nodiscard]] std::unique_ptr<Database> open() const { return open(options()); }
  [[nodiscard]] static std::unique_ptr<Database> open(Options options);
  /// SQLite: the file; its folder holds nothing else.
  [[nodiscard]] std::string path() const { return folder_ + "/cairn.db"; }

 private:
  Engine engine_;
  std::string folder_;  ///< SQLite.
  std::string schema_;  ///< PostgreSQL.
};

}  // namespace cairn::db::testing
