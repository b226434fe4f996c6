#include "platform/db/db.h"

#include <stdexcept>

#include "platform/db/postgres/postgres.h"
#include "platform/db/sqlite/sqlite.h"

namespace cairn::db {
namespace {

const char* type_name(const Value& value) {
  constexpr const char* names[] = {"NULL", "integer", "real", "text", "blob"};
  return names[value.index()];
}

template <class T>
const T& get(const std::vector<Value>& values, int column, const char* wanted) {
  const Value& value = values.at(static_cast<std::size_t>(column));
  if (const T* found = std::get_if<T>(&value)) return *found;
  throw std::logic_error("column " + std::to_string(column) + " is " + type_name(value) + ", not " +
                         wanted);
}

}  // namespace

bool Row::is_null(int column) const {
  return std::holds_alternative<std::monostate>(values_.at(static_cast<std::size_t>(column)));
}

std::int64_t Row::integer(int column) const {
  return get<std::int64_t>(values_, column, "integer");
}

double Row::real(int column) const {
  // SUM over a real column without a fraction, or AVG of one row, may arrive as an integer.
  const Value& value = values_.at(static_cast<std::size_t>(column));
  if (auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return get<double>(values_, column, "real");
}

const std::string& Row::text(int column) const {
  return get<std::string>(values_, column, "text");
}

const std::string& Row::blob(int column) const {
  return get<Blob>(values_, column, "blob").bytes;
}

std::optional<std::int64_t> Row::opt_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::opt_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Time> Row::opt_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
  std::string_view url = options.url;
  if (url.starts_with("sqlite:") && url.size() > 7) return sqlite::open(std::move(options));
  if (url.starts_with("postgres://") || url.starts_with("postgresql://"))
    return postgres::open(std::move(options));
  return fail(ErrorCode::invalid_argument, "InvalidDatabaseUrl",
              "A database is \"sqlite:/path/to/file\" or \"postgres://user@host/name\".");
}

}  // namespace cairn::db
