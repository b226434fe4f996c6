#include "platform/git/oid.h"

namespace cairn::git {

Result<Oid> Oid::parse(std::string_view hex) {
  auto digest = Sha1Digest::parse(hex);
  if (!digest)
    return fail(ErrorCode::invalid_argument, "InvalidOid",
                "An object id is 40 lower-case hex digits.");
  return Oid(*digest);
}

std::string_view to_string(ObjectType type) {
  switch (type) {
    case ObjectType::commit:
      return "commit";
    case ObjectType::tree:
      return "tree";
    case ObjectType::blob:
      return "blob";
    case ObjectType::tag:
      return "tag";
  }
  return "blob";
}

ObjectIdHasher::ObjectIdHasher(ObjectType type, std::uint64_t size) {
  std::string header(to_string(type));
  header += ' ';
  header += std::to_string(size);
  header += '\0';
  sha1_.update(header);
}

Oid object_id(ObjectType type, std::string_view content) {
  ObjectIdHasher hasher(type, content.size());
  hasher.update(content);
  return hasher.finish();
}

}  // namespace cairn::git
