#pragma once
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "platform/db/db.h"

namespace cairn::db::postgres {

// OIDs of pg_type.dat, which never change.
inline constexpr Oid oid_bytea = 17, oid_int8 = 20, oid_text = 25, oid_float8 = 701;

/// Parameters in the form that PQexecPrepared takes. Refers to `values`, which must outlive it.
class Parameters {
 public:
  explicit Parameters(const std::vector<Value>& values);
  Parameters(const Parameters&) = delete;

  [[nodiscard]] int count() const { return static_cast<int>(pointers_.size()); }
  [[nodiscard]] const char* const* values() const { return pointers_.data(); }
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }
  [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
  std::vector<std::string> numbers_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_, formats_;
};

/// @param null_type  for NULLs; 0 = the server infers it.
[[nodiscard]] std::vector<Oid> types_of(const std::vector<Value>& values, Oid null_type);

/// One field of an answer in text format. Booleans become 0 or 1; a `numeric` without a fraction
/// (SUM of BIGINT) becomes an integer, as on SQLite.
[[nodiscard]] Value read_field(const PGresult* result, int row, int column);

}  // namespace cairn::db::postgres
