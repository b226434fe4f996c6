#include "platform/db/sqlite/failure.h"

#include <cerrno>

#include <sqlite3.h>

#include "platform/db/sqlite/connection.h"

namespace cairn::db::sqlite {

Error too_long(int limit_ms) {
  return unavailable(too_long_word,
                     "The transaction took longer than " + std::to_string(limit_ms) +
                         " ms and was undone; nothing was saved. Try again, or ask for less at "
                         "once.",
                     1);
}

Error file_unavailable() {
  return unavailable("DatabaseUnavailable",
                     "The hub cannot reach its database now; nothing was saved. Try again shortly.",
                     5);
}

EngineFailure failure_of(int code, int system_errno) {
  using Next = EngineFailure::Next;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {storage_full()};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {unavailable("DatabaseLocked",
                          "Another program holds the hub's database; nothing was saved. Try again "
                          "shortly.",
                          2)};
    case SQLITE_INTERRUPT:
      // Only our own progress handler interrupts.
      return {unavailable(too_long_word,
                          "The transaction took too long and was undone; nothing was saved. Try "
                          "again, or ask for less at once.",
                          1)};
    case SQLITE_IOERR:
      // Some failed writes, such as growing the shared-memory file, hide a full disk.
      if (system_errno == ENOSPC || system_errno == EDQUOT)
        return {storage_full(), Next::reconnect};
      return {file_unavailable(), Next::reconnect};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {file_unavailable(), Next::reconnect};
    case SQLITE_NOMEM:
      return {file_unavailable()};
    case SQLITE_READONLY:
      // The plain code is a write inside a read; the others are the file system's doing.
      if (code == SQLITE_READONLY) return {bug("a read tried to write, or the file is read-only")};
      return {file_unavailable(), Next::reconnect};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {corrupt(sqlite3_errstr(code)), Next::reconnect};
    default:
      return {bug(sqlite3_errstr(code))};
  }
}

}  // namespace cairn::db::sqlite
