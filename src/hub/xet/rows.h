#pragma once
#include "hub/xet/store.h"

/// Inside the module's SQL (store.cpp, store_upkeep.cpp): how rows are read.
namespace cairn::xet {

/// Of a column that only this hub writes. @throw std::logic_error for anything else.
[[nodiscard]] Sha256Digest parsed(const std::string& hex);
/// Of `o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks, x.known_until`.
[[nodiscard]] XorbRow xorb_of(const db::Row& row);
/// Of `o.id, f.sha256, o.size_bytes`.
[[nodiscard]] FileRow file_of(const db::Row& row);
/// "[1,7]": one parameter.
[[nodiscard]] std::string json_of(const std::vector<XorbId>& ids);
/// Locks the object. @return whether it is still the condemned one.
[[nodiscard]] bool lock_condemned(db::Tx& tx, const lfs::Object& object);

}  // namespace cairn::xet
