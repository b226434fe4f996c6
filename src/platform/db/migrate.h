#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/db/db.h"

namespace cairn::db {

/// Replaces the words of `Migration` (@id, @int, …) outside of quotes and comments.
/// @return `invalid_argument` for a word that is none of them.
[[nodiscard]] Result<std::string> expand_words(std::string_view sql, Engine engine);

/// A row of the table `migrations`.
struct AppliedMigration {
  std::string name;
  std::string program_version;
};

/// The steps to run, in order of their names.
/// @return `invalid_argument` when two steps share a name; `conflict`, word "DatabaseTooNew", when
///         the database holds a step that is not among `steps`.
[[nodiscard]] Result<std::vector<Migration>> pending_migrations(
    std::vector<Migration> steps, const std::vector<AppliedMigration>& applied);

/// How an engine does what run_migrations() asks, on a connection of its own.
class MigrationSession {
 public:
  virtual ~MigrationSession() = default;
  /// Runs SQL text of one or several statements.
  virtual Result<> execute(const std::string& sql) = 0;
  virtual Result<std::vector<AppliedMigration>> applied() = 0;
  virtual Result<> record(const Migration& step, std::string_view program_version) = 0;
};

/// Inside the session's transaction, under its lock: makes the table, runs and records the steps.
Result<> run_migrations(MigrationSession& session, Engine engine,
                        const std::vector<Migration>& steps, std::string_view program_version);

}  // namespace cairn::db
