#include "api/admin/read_file.h"

namespace cairn::api::admin {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;

}  // namespace

Result<BothHashes> hash_of(CacheFile& file) {
  Sha256 large;
  Sha1 blob;
  std::string head = "blob " + std::to_string(file.size_bytes());
  head.push_back('\0');
  blob.update(head);
  for (;;) {
    CAIRN_TRY(piece, file.read(piece_bytes));
    if (piece.empty()) return BothHashes{large.finish(), blob.finish()};
    large.update(piece);
    blob.update(piece);
  }
}

lfs::Source source_of(Blocking& blocking, std::shared_ptr<CacheFile> file) {
  return [&blocking, file]() -> Task<Result<std::string>> {
    auto read = [file] { return file->read(piece_bytes); };
    co_return co_await blocking.run(read);
  };
}

lfs::Source source_of(std::string content) {
  auto rest = std::make_shared<std::string>(std::move(content));
  return [rest]() -> Task<Result<std::string>> { co_return std::exchange(*rest, {}); };
}

}  // namespace cairn::api::admin
