#include "platform/db/postgres/failure.h"

namespace cairn::db::postgres {

Error server_unavailable() {
  return unavailable("DatabaseUnavailable",
                     "The hub cannot reach its database now; nothing was saved. Try again shortly.",
                     2);
}

bool is_typing_trouble(std::string_view state) {
  // Indeterminate data type, ambiguous parameter, undefined function, data type mismatch.
  return state == "42P18" || state == "42P08" || state == "42883" || state == "42804";
}

EngineFailure failure_of(std::string_view state) {
  using Next = EngineFailure::Next;
  if (state == "40001" || state == "40P01")  // Serialization failure, deadlock.
    return {unavailable("TransactionConflict",
                        "Too many requests change the same thing at once; nothing was saved. Try "
                        "again shortly.",
                        1),
            Next::rerun};
  // The other writer has committed by now, so the function's own check finds the row.
  if (state == "23505")
    return {bug("a unique constraint that the function does not check"), Next::rerun};
  // A plan cached before a migration of another node; a statement that a pooler has forgotten.
  if (state == "0A000" || state == "26000") return {bug("a stale plan"), Next::reconnect};
  if (state == "53100") return {storage_full()};
  if (state == "57014" || state == "25P03")  // Statement or idle timeout.
    return {unavailable("TransactionTooLong",
                        "The transaction took too long and was undone; nothing was saved. Try "
                        "again, or ask for less at once.",
                        1)};
  if (state == "22021" || state == "22P05") return {invalid_text()};
  if (state.starts_with("XX00") && state != "XX000")
    return {corrupt("SQLSTATE " + std::string(state))};
  // Lost connection, shutdown, start-up; too few resources; a standby that became the target.
  if (state.empty() || state.starts_with("08") || state.starts_with("57P"))
    return {server_unavailable(), Next::reconnect};
  if (state.starts_with("53") || state == "55P03") return {server_unavailable()};
  if (state == "25006") return {bug("a read tried to write, or the server is a standby")};
  return {bug("SQLSTATE " + std::string(state))};
}

}  // namespace cairn::db::postgres
