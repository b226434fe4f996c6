#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "platform/db/db.h"
#include "platform/storage/object_store.h"

/// Which incarnation of a digest's bytes is the one to use (DESIGN 3.3). Plain functions of the
/// caller's transaction; they lock the object's row, so lock repository and owner before.
namespace cairn::lfs {

using ObjectId = Id<struct ObjectTag>;

enum class ObjectState {
  live,       ///< Linked, or about to be.
  condemned,  ///< Nothing refers to it: deleted when its grace is over, unless it is revived.
};

/// A row of `objects`. At most one per (kind, digest) is live.
struct Object {
  ObjectId id;
  Sha256Digest digest;
  storage::Key key;
  std::uint64_t size_bytes = 0;
  ObjectState state = ObjectState::live;
  std::optional<Time> condemned_at;
};

/// Takes bytes that lie durable under `fresh` into use: the live incarnation when there is one,
/// else a condemned one, revived, else a new row with `fresh`. Locked until the end of `tx`.
/// When the answer has another key, the caller removes `fresh` after its transaction.
/// @param kind  of the key, "lfs"; hub/xet: "xorb", and "xet" for files, which have no bytes.
[[nodiscard]] Object adopt_object(db::Tx& tx, std::string_view kind, const Sha256Digest& digest,
                                  std::uint64_t size_bytes, const storage::Key& fresh);

/// When to delete what nothing refers to.
enum class Parting {
  after_grace,  ///< Most deletions: what readers hold open and backups name stays a while.
  at_once,      ///< Purged: the next `collect` deletes it.
};

/// Condemns the object when no repository links it any more. @return whether it did.
bool condemn_unlinked(db::Tx& tx, ObjectId object, Parting parting);

/// Condemned objects of a kind whose grace is over at `Tx::now()`, oldest first.
[[nodiscard]] std::vector<Object> due_objects(db::Tx& tx, std::string_view kind, Duration grace,
                                              int limit);

/// Forgets an object that `due_objects` gave: its bytes are then the caller's to remove, after the
/// transaction. False when it was revived meanwhile.
bool forget_object(db::Tx& tx, const Object& object);

/// Whether any row, of an object or of an upload in progress, names the key.
[[nodiscard]] bool key_in_use(db::Tx& tx, const storage::Key& key);

}  // namespace cairn::lfs
