#include <algorithm>
#include <mutex>

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "base/bytes.h"
#include "platform/git/file.h"
#include "platform/git/object_source.h"
#include "platform/git/pack_entry.h"

namespace cairn::git {
namespace {

// Version 2 of the index, as in pack_index.cpp; here it is searched where it lies.
constexpr std::size_t fanout_at = 8;
constexpr std::size_t names_at = fanout_at + 256 * 4;

/// libgit2 reads deltas; we ask its pack backend itself, because its database object would take one
/// lock around every read. Hashes are checked by whoever asks for it, not on every read.
void init_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  });
}

git_oid to_library(const Oid& oid) {
  git_oid out;
  git_oid_fromraw(&out, reinterpret_cast<const unsigned char*>(oid.view().data()));
  return out;
}

std::optional<ObjectType> from_library(git_object_t type) {
  switch (type) {
    case GIT_OBJECT_COMMIT:
      return ObjectType::commit;
    case GIT_OBJECT_TREE:
      return ObjectType::tree;
    case GIT_OBJECT_BLOB:
      return ObjectType::blob;
    case GIT_OBJECT_TAG:
      return ObjectType::tag;
    default:
      return {};
  }
}

Failure not_in_pack(const Oid& oid) {
  return fail(ErrorCode::not_found, "ObjectNotFound",
              "The object " + oid.hex() + " is not in this repository.");
}

Failure library_error(const Oid& oid, const std::string& path) {
  const git_error* last = git_error_last();
  return corrupt_pack("has an object that cannot be read")
      .with("oid", oid.hex())
      .with("path", path)
      .with("reason", last && last->message ? last->message : "");
}

Result<std::size_t> check_idx(std::string_view idx) {
  if (idx.size() < names_at + 2 * oid_bytes ||
      !idx.starts_with(std::string_view("\377tOc\0\0\0\2", 8)))
    return corrupt_pack("index is not of version 2");
  std::uint32_t before = 0;
  for (int i = 0; i < 256; ++i) {
    std::uint32_t next = read_u32be(idx.data() + fanout_at + i * 4);
    if (next < before) return corrupt_pack("index has a wrong fan-out");
    before = next;
  }
  if (before > (idx.size() - names_at - 2 * oid_bytes) / (oid_bytes + 8))
    return corrupt_pack("index is shorter than it says");
  return before;
}

}  // namespace

struct DiskPack::State {
  std::string path;
  MappedFile idx;
  std::size_t count = 0;
  git_odb_backend* backend = nullptr;

  State(std::string pack_path, MappedFile mapped_idx, std::size_t object_count)
      : path(std::move(pack_path)), idx(std::move(mapped_idx)), count(object_count) {}
  ~State() {
    if (backend) backend->free(backend);
  }
  std::string_view name(std::size_t i) const {
    return idx.bytes().substr(names_at + i * oid_bytes, oid_bytes);
  }
  std::size_t fanout(unsigned first) const {
    return read_u32be(idx.bytes().data() + fanout_at + first * 4);
  }
  /// The first name not below `oid`.
  std::size_t lower_bound(const Oid& oid) const {
    auto first = static_cast<unsigned char>(oid.view()[0]);
    std::size_t low = first == 0 ? 0 : fanout(first - 1u), high = fanout(first);
    while (low < high) {
      std::size_t middle = low + (high - low) / 2;
      if (std::memcmp(name(middle).data(), oid.view().data(), oid_bytes) < 0)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

DiskPack::DiskPack(std::unique_ptr<State> state) : state_(std::move(state)) {}
DiskPack::~DiskPack() = default;

Result<std::shared_ptr<const DiskPack>> DiskPack::open(const std::string& pack_path) {
  if (!pack_path.ends_with(".pack"))
    return fail(ErrorCode::invalid_argument, "InvalidPackPath", "A pack's name ends in .pack.");
  init_library();
  std::string idx_path = pack_path.substr(0, pack_path.size() - 5) + ".idx";
  CAIRN_TRY(pack, MappedFile::open(pack_path));
  CAIRN_TRY(idx, MappedFile::open(idx_path));
  CAIRN_TRY(count, check_idx(idx.bytes()));
  std::string_view bytes = pack.bytes();
  if (bytes.size() < pack_header_bytes + oid_bytes || !bytes.starts_with("PACK"))
    return corrupt_pack("has no header").with("path", pack_path);
  if (read_u32be(bytes.data() + 8) != count ||
      bytes.substr(bytes.size() - oid_bytes) !=
          idx.bytes().substr(idx.bytes().size() - 2 * oid_bytes, oid_bytes))
    return corrupt_pack("and its index do not belong together").with("path", pack_path);
  auto state = std::make_unique<State>(pack_path, std::move(idx), count);
  if (git_odb_backend_one_pack(&state->backend, idx_path.c_str()) != 0)
    return library_error({}, pack_path);
  std::shared_ptr<const DiskPack> out(new DiskPack(std::move(state)));
  // libgit2 opens files when first asked; from here on their names may go.
  if (count > 0) CAIRN_CHECK(out->header(out->oid_at(0)));
  return out;
}

bool DiskPack::contains(const Oid& oid) const {
  std::size_t at = state_->lower_bound(oid);
  return at < state_->count && state_->name(at) == oid.view();
}

Result<ObjectHeader> DiskPack::header(const Oid& oid) const {
  if (!contains(oid)) return not_in_pack(oid);
  git_oid key = to_library(oid);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (state_->backend->read_header(&size, &type, state_->backend, &key) != 0)
    return library_error(oid, state_->path);
  auto known = from_library(type);
  if (!known) return corrupt_pack("has an object of an unknown type").with("path", state_->path);
  return ObjectHeader{*known, size};
}

Result<Object> DiskPack::read(const Oid& oid) const {
  if (!contains(oid)) return not_in_pack(oid);
  git_oid key = to_library(oid);
  void* data = nullptr;
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (state_->backend->read(&data, &size, &type, state_->backend, &key) != 0)
    return library_error(oid, state_->path);
  std::string content(static_cast<const char*>(data), size);
  git_odb_backend_data_free(state_->backend, data);
  auto known = from_library(type);
  if (!known) return corrupt_pack("has an object of an unknown type").with("path", state_->path);
  return Object{*known, std::move(content)};
}

std::size_t DiskPack::count() const {
  return state_->count;
}
Oid DiskPack::oid_at(std::size_t i) const {
  return Oid::from_bytes(state_->name(i));
}
const std::string& DiskPack::pack_path() const {
  return state_->path;
}

void DiskPack::list(const Oid& low, const Oid& high, std::size_t count_max,
                    std::vector<Oid>& out) const {
  std::size_t at = state_->lower_bound(low);
  for (; count_max > 0 && at < state_->count; ++at, --count_max) {
    Oid oid = oid_at(at);
    if (high < oid) return;
    out.push_back(oid);
  }
}

}  // namespace cairn::git
