#include "platform/db/testing.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <libpq-fe.h>
#include <stdlib.h>

#include "base/id.h"

namespace cairn::db::testing {
namespace {

std::string server_url() {
  const char* url = std::getenv("CAIRN_TEST_POSTGRES");
  return url ? url : "";
}

void command(const std::string& sql) {
  PGconn* connection = PQconnectdb(server_url().c_str());
  PGresult* result = PQexec(connection, ("SET client_min_messages = warning; " + sql).c_str());
  bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  std::string message = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (!done) throw std::runtime_error(sql + ": " + message);
}

}  // namespace

std::vector<Engine> engines() {
  std::vector<Engine> out{Engine::sqlite};
  if (!server_url().empty()) out.push_back(Engine::postgres);
  return out;
}

std::string to_string(Engine engine) {
  return engine == Engine::sqlite ? "sqlite" : "postgres";
}

TestDatabase::TestDatabase(Engine engine) : engine_(engine) {
  if (engine == Engine::sqlite) {
    auto pattern = (std::filesystem::temp_directory_path() / "cairn-db-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder: " + pattern);
    folder_ = pattern;
  } else {
    schema_ = "cairn_test_" + make_public_id().hex;
    command("CREATE SCHEMA " + schema_);
  }
}

TestDatabase::~TestDatabase() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  try {
    if (!schema_.empty()) command("DROP SCHEMA " + schema_ + " CASCADE");
  } catch (const std::runtime_error&) {
    // The server is gone, and the schema's random name is in nobody's way.
  }
}

Options TestDatabase::options() const {
  Options options;
  options.transaction_limit_ms = 20'000;
  options.read_limit_ms = 20'000;
  options.slow_statement_ms = 20'000;
  if (engine_ == Engine::sqlite) {
    options.url = "sqlite:" + path();
    return options;
  }
  std::string url = server_url();
  options.url =
      url + (url.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
  return options;
}

std::unique_ptr<Database> TestDatabase::open(Options options) {
  auto opened = Database::open(std::move(options));
  if (!opened) throw std::runtime_error(opened.error().word + ": " + opened.error().message);
  return std::move(*opened);
}

}  // namespace cairn::db::testing
