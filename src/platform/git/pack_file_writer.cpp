#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "platform/git/file.h"
#include "platform/git/pack.h"
#include "platform/git/pack_entry.h"

namespace cairn::git {
namespace {

/// Small objects gather to writes of this size.
constexpr std::size_t buffer_bytes = 256 * 1024;

}  // namespace

struct PackFileWriter::State {
  std::string path;
  int fd = -1;
  int level = pack_level_default;
  bool finished = false;
  std::string buffer;         // Not written yet.
  std::uint64_t flushed = 0;  // Bytes in the file.
  std::vector<PackIndexEntry> index;
  std::unordered_set<Oid> known;

  ~State() {
    if (fd >= 0) ::close(fd);
    if (fd >= 0 && !finished) ::unlink(path.c_str());
  }
  Result<> flush() {
    CAIRN_CHECK(write_fully(fd, buffer, path));
    flushed += buffer.size();
    buffer.clear();
    return {};
  }
};

PackFileWriter::PackFileWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
PackFileWriter::PackFileWriter(PackFileWriter&&) noexcept = default;
PackFileWriter& PackFileWriter::operator=(PackFileWriter&&) noexcept = default;
PackFileWriter::~PackFileWriter() = default;

Result<PackFileWriter> PackFileWriter::create(std::string path, int zlib_level) {
  auto state = std::make_unique<State>();
  state->fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (state->fd < 0) return disk_error("create", path, errno);
  state->path = std::move(path);
  state->level = zlib_level;
  state->buffer = pack_header(0);
  return PackFileWriter(std::move(state));
}

bool PackFileWriter::contains(const Oid& oid) const {
  return state_->known.contains(oid);
}
std::size_t PackFileWriter::count() const {
  return state_->index.size();
}

Result<Oid> PackFileWriter::add(ObjectType type, std::string_view content) {
  Oid oid = object_id(type, content);
  if (!state_->known.insert(oid).second) return oid;
  std::uint64_t offset = state_->flushed + state_->buffer.size();
  std::uint32_t crc = append_entry(state_->buffer, type, content, state_->level);
  state_->index.push_back({oid, offset, crc});
  if (state_->buffer.size() >= buffer_bytes) CAIRN_CHECK(state_->flush());
  return oid;
}

Result<PackFileWriter::Finished> PackFileWriter::finish() {
  State& state = *state_;
  CAIRN_CHECK(state.flush());
  // The count stands in front and is known only now, so the checksum takes a second look.
  std::string header = pack_header(static_cast<std::uint32_t>(state.index.size()));
  if (::pwrite(state.fd, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()))
    return disk_error("write", state.path, errno);
  CAIRN_TRY(checksum, sha1_of_file(state.fd, state.flushed, state.path));
  CAIRN_CHECK(write_fully(state.fd, checksum.view(), state.path));
  if (::fsync(state.fd) != 0) return disk_error("sync", state.path, errno);
  std::sort(state.index.begin(), state.index.end(),
            [](const auto& a, const auto& b) { return a.oid < b.oid; });
  state.finished = true;
  return Finished{std::move(state.index), checksum, state.flushed + oid_bytes};
}

}  // namespace cairn::git
