#include "platform/storage/object_folders.h"

#include <cerrno>
#include <charconv>

#include "base/text.h"

namespace cairn::storage {

Result<ObjectPlace> place_of(const Key& key) {
  CAIRN_CHECK(parse_key(key.text));
  auto segments = split(key.text, '/');
  std::string_view digest = segments[1];
  return ObjectPlace{.kind = std::string(segments[0]),
                     .top = std::string(digest.substr(0, 2)),
                     .leaf = std::string(digest.substr(2, 2)),
                     .file = std::string(digest) + "." + std::string(segments[2])};
}

namespace {

std::size_t from_hex(const std::string& two_digits) {
  std::size_t value = 0;
  std::from_chars(two_digits.data(), two_digits.data() + two_digits.size(), value, 16);
  return value;
}

}  // namespace

Io<> ObjectFolders::make_durable(const std::string& parent, const std::string& name) {
  auto made = files_.make_folder(parent + "/" + name);
  if (!made && made.error().number != EEXIST) return made;
  return sync_.sync(parent);
}

Io<> ObjectFolders::ensure(const ObjectPlace& place) {
  const auto top = from_hex(place.top), leaf = top * 256 + from_hex(place.leaf);
  bool kind_known, top_known;
  {
    std::lock_guard lock(mutex_);
    auto& known = kinds_[place.kind];
    if (known.leaves[leaf]) return {};
    kind_known = known.itself;
    top_known = known.tops[top];
  }
  // Two threads may do the same here; both are right, and they share the fsync.
  const std::string kind_path = root_ + "/" + place.kind;
  if (!kind_known)
    if (auto ok = make_durable(root_, place.kind); !ok) return ok;
  if (!top_known)
    if (auto ok = make_durable(kind_path, place.top); !ok) return ok;
  if (auto ok = make_durable(kind_path + "/" + place.top, place.leaf); !ok) return ok;

  std::lock_guard lock(mutex_);
  auto& known = kinds_[place.kind];
  known.itself = true;
  known.tops.set(top);
  known.leaves.set(leaf);
  return {};
}

}  // namespace cairn::storage
