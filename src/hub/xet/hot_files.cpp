#include "hub/xet/hot_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

namespace cairn::xet {
namespace {

constexpr std::uint64_t step_bytes = 1 << 20;
/// Files remembered as asked for; on overflow all are forgotten.
constexpr std::size_t asked_max = 100'000;

class CopyReader final : public storage::Reader {
 public:
  CopyReader(int descriptor, std::uint64_t size_bytes)
      : descriptor_(descriptor), size_bytes_(size_bytes) {}
  ~CopyReader() override { ::close(descriptor_); }
  CopyReader(const CopyReader&) = delete;
  CopyReader& operator=(const CopyReader&) = delete;

  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] int descriptor() const override { return descriptor_; }
  [[nodiscard]] Result<std::string> read(storage::Range range) override {
    std::string out(static_cast<std::size_t>(range.count), '\0');
    for (std::size_t at = 0; at < out.size();) {
      auto got = ::pread(descriptor_, out.data() + at, out.size() - at,
                         static_cast<off_t>(range.first + at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        return fail(ErrorCode::unavailable, "CacheUnreadable",
                    "The hub's own disk failed. Try again.");
      at += static_cast<std::size_t>(got);
    }
    return out;
  }

 private:
  int descriptor_;
  std::uint64_t size_bytes_;
};

/// Writes a whole file; false when the disk is full or fails.
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    auto wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

bool copy(storage::Reader& source, int descriptor, const std::atomic<bool>& stopping) {
  for (std::uint64_t at = 0; at < source.size_bytes(); at += step_bytes) {
    if (stopping) return false;
    auto bytes = source.read({at, std::min(step_bytes, source.size_bytes() - at)});
    if (!bytes || !write_all(descriptor, *bytes)) return false;
  }
  return true;
}

}  // namespace

HotFiles::HotFiles(std::string folder, std::uint64_t bytes_max)
    : folder_(std::move(folder)), bytes_max_(folder_.empty() ? 0 : bytes_max) {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::create_directories(folder_, ignored);
}

std::shared_ptr<storage::Reader> HotFiles::open(const std::string& name) {
  {
    std::lock_guard lock(mutex_);
    auto at = by_name_.find(name);
    if (at == by_name_.end()) return nullptr;
    copies_.splice(copies_.begin(), copies_, at->second);
  }
  int descriptor = ::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;  // Made room for another one meanwhile.
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) {
    ::close(descriptor);
    return nullptr;
  }
  return std::make_shared<CopyReader>(descriptor, static_cast<std::uint64_t>(info.st_size));
}

bool HotFiles::wants(const std::string& name, std::uint64_t size_bytes) {
  if (size_bytes == 0 || size_bytes > bytes_max_ / 4) return false;
  std::lock_guard lock(mutex_);
  if (by_name_.contains(name)) return false;
  if (asked_.size() >= asked_max) asked_.clear();
  int& asks = asked_[name];
  if (asks == copying || ++asks < asks_min) return false;
  asks = copying;
  return true;
}

void HotFiles::fill(const std::string& name, storage::Reader& source) {
  std::string making = path_of(name) + ".new";
  int descriptor = ::open(making.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  // Not synced: after a crash the cache is empty anyway.
  bool whole = descriptor >= 0 && copy(source, descriptor, stopping_);
  if (descriptor >= 0) ::close(descriptor);
  std::lock_guard lock(mutex_);
  // Let go of meanwhile: then the copy is not kept.
  bool wanted = asked_.erase(name) > 0;
  if (!whole || !wanted || ::rename(making.c_str(), path_of(name).c_str()) != 0) {
    if (!whole && !stopping_) log::warning("xet.cache.failed", {{"name", name}});
    ::unlink(making.c_str());
    return;
  }
  copies_.push_front({name, source.size_bytes()});
  by_name_[name] = copies_.begin();
  bytes_ += source.size_bytes();
  while (bytes_ > bytes_max_) drop(std::prev(copies_.end()));
}

void HotFiles::forget(const std::string& name) {
  std::lock_guard lock(mutex_);
  asked_.erase(name);
  if (auto at = by_name_.find(name); at != by_name_.end()) drop(at->second);
}

void HotFiles::drop(std::list<Copy>::iterator copy) {
  ::unlink(path_of(copy->name).c_str());
  bytes_ -= copy->size_bytes;
  by_name_.erase(copy->name);
  copies_.erase(copy);
}

}  // namespace cairn::xet
