#include <cstdlib>

#include "platform/git/object_source.h"
#include "platform/git/pack.h"
#include "platform/git/pack_entry.h"

namespace {

using namespace cairn;
using namespace cairn::git;

/// Every object of a pack that parsed is there under its own name, and its index leads back.
void check_pack(const InlinePack& pack) {
  for (std::size_t i = 0; i < pack.count(); ++i) {
    Oid oid = pack.oid_at(i);
    auto object = pack.read(oid);
    if (!object || object_id(object->type, object->content) != oid ||
        pack.find(oid)->size_bytes != object->content.size())
      std::abort();
  }
  std::string idx = write_idx_v2(pack.index(), pack.checksum());
  if (!parse_idx(idx) || !InlinePack::load(pack.bytes(), idx)) std::abort();
}

}  // namespace

// The first byte says what the rest is: a pack as it is, the entries of a pack that we frame (so
// that the checksum does not hide what lies behind it), an index, or both under a stored index.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 == 0) {
    if (auto pack = InlinePack::parse(rest)) check_pack(**pack);
  } else if (data[0] % 4 == 1) {
    std::string body = pack_header(data[0] / 4) + rest;
    body += sha1(body).view();
    if (auto pack = InlinePack::parse(body)) check_pack(**pack);
  } else if (data[0] % 4 == 2) {
    if (auto index = parse_idx(rest, false)) (void)write_idx_v2(index->entries, {});
  } else {
    // A stored index that lies about names and offsets, over bytes that are no objects.
    std::string body = pack_header(1) + rest;
    auto checksum = sha1(body);
    body += checksum.view();
    Oid oid = object_id(ObjectType::blob, rest);
    std::string idx = write_idx_v2({{oid, data[0] / 4u, 0}}, checksum);
    if (auto pack = InlinePack::load(body, idx)) {
      (void)(*pack)->find(oid);
      (void)(*pack)->read(oid);
      (void)merge_packs({*pack}, ObjectSource({*pack}));
    }
  }
  return 0;
}
