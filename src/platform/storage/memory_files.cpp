#include "platform/storage/memory_files.h"

#include <cerrno>

#include "base/text.h"

namespace cairn::storage {
namespace {

constexpr int root_node = 0;
constexpr std::size_t sector_bytes = 512;

std::unexpected<IoError> error(int number) {
  return std::unexpected(IoError{number});
}

void write_into(std::string& file, std::uint64_t offset, std::string_view bytes) {
  if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size(), '\0');
  file.replace(offset, bytes.size(), bytes);
}

}  // namespace

class MemoryFile final : public File {
 public:
  MemoryFile(MemoryFiles& files, int node, std::string path, bool writable)
      : files_(files), node_(node), path_(std::move(path)), writable_(writable) {}

  Io<> write(std::uint64_t offset, std::string_view bytes) override {
    std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.check("write", path_); !ok) return ok;
    if (!writable_) return error(EBADF);
    auto size = files_.nodes_[node_].bytes.size();
    auto end = offset + bytes.size();
    if (end > size)
      if (auto ok = files_.check_room(end - size); !ok) return ok;
    files_.record({.kind = MemoryFiles::Step::Kind::write,
                   .node = node_,
                   .offset = offset,
                   .text = std::string(bytes)});
    return {};
  }
  Io<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) override {
    std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.check("read", path_); !ok) return std::unexpected(ok.error());
    std::string_view bytes = files_.nodes_[node_].bytes;
    if (offset >= bytes.size()) return 0;
    return bytes.copy(into, count, offset);
  }
  Io<> copy_from(File& source, std::uint64_t count, std::uint64_t offset) override {
    std::string bytes(count, '\0');
    auto got = source.read(0, bytes.data(), count);
    if (!got) return std::unexpected(got.error());
    if (*got != count) return error(EIO);
    return write(offset, bytes);
  }
  Io<> truncate(std::uint64_t size_bytes) override {
    std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.check("truncate", path_); !ok) return ok;
    files_.record({.kind = MemoryFiles::Step::Kind::truncate, .node = node_, .offset = size_bytes});
    return {};
  }
  Io<> sync() override {
    std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.check("sync", path_); !ok) return ok;
    files_.record({.kind = MemoryFiles::Step::Kind::sync, .node = node_});
    return {};
  }
  void start_writeback(std::uint64_t, std::uint64_t) override {}
  Io<FileInfo> info() override {
    std::lock_guard lock(files_.mutex_);
    const auto& node = files_.nodes_[node_];
    return FileInfo{.size_bytes = node.bytes.size(), .modified = node.modified};
  }
  [[nodiscard]] int descriptor() const override { return -1; }

 private:
  MemoryFiles& files_;
  int node_;
  std::string path_;
  bool writable_;
};

MemoryFiles::MemoryFiles() {
  nodes_[root_node].is_folder = true;
  initial_ = nodes_;
}

void MemoryFiles::set_capacity(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  capacity_ = bytes;
}
void MemoryFiles::set_fault(Fault fault) {
  std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}
void MemoryFiles::advance(Duration by) {
  std::lock_guard lock(mutex_);
  now_ = now_ + by;
}
Time MemoryFiles::now() const {
  std::lock_guard lock(mutex_);
  return now_;
}
std::uint64_t MemoryFiles::used_bytes() const {
  std::lock_guard lock(mutex_);
  return used_locked();
}
std::uint64_t MemoryFiles::used_locked() const {
  std::uint64_t sum = 0;
  for (const auto& [number, node] : nodes_)
    if (node.names > 0) sum += node.bytes.size();
  return sum;
}
int MemoryFiles::count(const std::string& operation) const {
  std::lock_guard lock(mutex_);
  auto at = counts_.find(operation);
  return at == counts_.end() ? 0 : at->second;
}
void MemoryFiles::mark(std::string text) {
  std::lock_guard lock(mutex_);
  steps_.push_back({.kind = Step::Kind::mark, .text = std::move(text)});
}
std::size_t MemoryFiles::recorded() const {
  std::lock_guard lock(mutex_);
  return steps_.size();
}

Io<> MemoryFiles::check(std::string_view operation, const std::string& path) {
  ++counts_[std::string(operation)];
  if (int number = fault_ ? fault_(operation, path) : 0; number != 0) return error(number);
  return {};
}

Io<> MemoryFiles::check_room(std::uint64_t more) const {
  if (capacity_ != UINT64_MAX && used_locked() + more > capacity_) return error(ENOSPC);
  return {};
}

void MemoryFiles::apply(Nodes& nodes, const Step& step) {
  Node& node = nodes[step.node];
  auto drop_entry = [&] {
    auto at = node.entries.find(step.text);
    if (at == node.entries.end()) return;
    --nodes[at->second].names;
    node.entries.erase(at);
  };
  switch (step.kind) {
    case Step::Kind::make:
      node.is_folder = step.is_folder;
      break;
    case Step::Kind::write:
      write_into(node.bytes, step.offset, step.text);
      break;
    case Step::Kind::truncate:
      node.bytes.resize(step.offset, '\0');
      break;
    case Step::Kind::enter:
      drop_entry();
      node.entries[step.text] = step.target;
      ++nodes[step.target].names;
      break;
    case Step::Kind::leave:
      drop_entry();
      break;
    case Step::Kind::sync:
    case Step::Kind::mark:
      break;
  }
}

void MemoryFiles::record(Step step) {
  apply(nodes_, step);
  if (step.kind != Step::Kind::sync) nodes_[step.node].modified = now_;
  steps_.push_back(std::move(step));
}

int MemoryFiles::make_node(bool is_folder) {
  int node = next_node_++;
  record({.kind = Step::Kind::make, .node = node, .is_folder = is_folder});
  return node;
}

/// What the disk makes of a step that was not synced.
void MemoryFiles::settle(Nodes& nodes, const Step& step, std::mt19937_64& random) {
  enum class Fate { kept, lost, torn };
  const Fate fate = std::array{Fate::kept, Fate::lost, Fate::torn}[random() % 3];
  if (fate == Fate::kept || (fate == Fate::torn && step.kind != Step::Kind::write))
    return apply(nodes, step);
  if (fate == Fate::lost) return;
  // The size may be on the disk before the bytes are, and sectors come in any order.
  std::string& file = nodes[step.node].bytes;
  if (file.size() < step.offset + step.text.size())
    file.resize(step.offset + step.text.size(), '\0');
  for (std::size_t at = 0; at < step.text.size(); at += sector_bytes)
    if (random() % 2 == 0)
      write_into(file, step.offset + at, std::string_view(step.text).substr(at, sector_bytes));
}

MemoryFiles::Crash MemoryFiles::crash_after(std::size_t operations, std::uint64_t seed) const {
  std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  Crash crash{.files = std::make_shared<MemoryFiles>()};
  Nodes& durable = crash.files->nodes_;
  durable = initial_;
  std::map<int, std::vector<const Step*>> pending;
  for (std::size_t i = 0; i < std::min(operations, steps_.size()); ++i) {
    const Step& step = steps_[i];
    if (step.kind == Step::Kind::mark) {
      crash.marks.push_back(step.text);
    } else if (step.kind == Step::Kind::make) {
      apply(durable, step);  // Unseen until an entry leads to it.
    } else if (step.kind == Step::Kind::sync) {
      for (const Step* done : pending[step.node]) apply(durable, *done);
      pending[step.node].clear();
    } else {
      pending[step.node].push_back(&step);
    }
  }
  // Now and then the disk loses, or keeps, all of it: the plain cases come up for sure.
  const auto temper = random() % 8;
  for (const auto& [node, steps] : pending)
    for (const Step* step : steps) {
      if (temper == 0) continue;
      temper == 1 ? apply(durable, *step) : settle(durable, *step, random);
    }
  crash.files->initial_ = durable;
  crash.files->next_node_ = next_node_;
  crash.files->now_ = now_;
  return crash;
}

MemoryFiles::At MemoryFiles::find(const std::string& path) const {
  At at{.folder = root_node, .name = "", .node = root_node};
  for (std::string_view segment : split(path, '/')) {
    if (segment.empty()) continue;
    at.folder = at.node;
    at.name = segment;
    at.node = -1;
    if (at.folder < 0 || !nodes_.at(at.folder).is_folder) {
      at.folder = -1;
      continue;
    }
    const auto& entries = nodes_.at(at.folder).entries;
    if (auto entry = entries.find(at.name); entry != entries.end()) at.node = entry->second;
  }
  return at;
}

Io<MemoryFiles::At> MemoryFiles::find_entry(std::string_view operation, const std::string& path) {
  if (auto ok = check(operation, path); !ok) return std::unexpected(ok.error());
  At at = find(path);
  if (at.node < 0) return error(ENOENT);
  return at;
}

Io<std::unique_ptr<File>> MemoryFiles::create(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto ok = check("create", path); !ok) return std::unexpected(ok.error());
  At at = find(path);
  if (at.folder < 0) return error(ENOENT);
  if (at.node >= 0) return error(EEXIST);
  int node = make_node(false);
  record({.kind = Step::Kind::enter, .node = at.folder, .text = at.name, .target = node});
  return std::make_unique<MemoryFile>(*this, node, path, true);
}

Io<std::unique_ptr<File>> MemoryFiles::open(const std::string& path, Access access) {
  std::lock_guard lock(mutex_);
  auto at = find_entry("open", path);
  if (!at) return std::unexpected(at.error());
  return std::make_unique<MemoryFile>(*this, at->node, path, access == Access::read_write);
}

Io<> MemoryFiles::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  auto source = find_entry("rename", from);
  if (!source) return std::unexpected(source.error());
  At target = find(to);
  if (target.folder < 0) return error(ENOENT);
  if (target.node >= 0) return error(EEXIST);
  record({.kind = Step::Kind::enter,
          .node = target.folder,
          .text = target.name,
          .target = source->node});
  record({.kind = Step::Kind::leave, .node = source->folder, .text = source->name});
  return {};
}

Io<> MemoryFiles::link(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  auto source = find_entry("link", from);
  if (!source) return std::unexpected(source.error());
  At target = find(to);
  if (target.folder < 0) return error(ENOENT);
  if (target.node >= 0) return error(EEXIST);
  record({.kind = Step::Kind::enter,
          .node = target.folder,
          .text = target.name,
          .target = source->node});
  return {};
}

Io<> MemoryFiles::unlink(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto at = find_entry("unlink", path);
  if (!at) return std::unexpected(at.error());
  if (nodes_[at->node].is_folder) return error(EISDIR);
  record({.kind = Step::Kind::leave, .node = at->folder, .text = at->name});
  return {};
}

Io<> MemoryFiles::make_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto ok = check("make_folder", path); !ok) return ok;
  At at = find(path);
  if (at.node >= 0) return error(EEXIST);
  if (at.folder < 0) return error(ENOENT);
  int node = make_node(true);
  record({.kind = Step::Kind::enter, .node = at.folder, .text = at.name, .target = node});
  return {};
}

Io<> MemoryFiles::remove_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto at = find_entry("remove_folder", path);
  if (!at) return std::unexpected(at.error());
  if (!nodes_[at->node].entries.empty()) return error(ENOTEMPTY);
  record({.kind = Step::Kind::leave, .node = at->folder, .text = at->name});
  return {};
}

Io<> MemoryFiles::sync_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto at = find_entry("sync_folder", path);
  if (!at) return std::unexpected(at.error());
  record({.kind = Step::Kind::sync, .node = at->node});
  return {};
}

Io<std::vector<std::string>> MemoryFiles::list(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto at = find_entry("list", path);
  if (!at) return std::unexpected(at.error());
  if (!nodes_[at->node].is_folder) return error(ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_[at->node].entries) names.push_back(name);
  return names;
}

Io<FileInfo> MemoryFiles::info(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto at = find_entry("info", path);
  if (!at) return std::unexpected(at.error());
  const Node& node = nodes_[at->node];
  return FileInfo{.size_bytes = node.bytes.size(),
                  .modified = node.modified,
                  .kind = node.is_folder ? FileInfo::Kind::folder : FileInfo::Kind::file};
}

}  // namespace cairn::storage
