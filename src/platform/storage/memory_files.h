#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <random>

#include "platform/storage/files.h"

namespace cairn::storage {

/// A file system in memory for tests: its disk can fill up, any operation can fail, and it records
/// what was done so that the power can be cut after any operation. Any thread may call.
///
/// After the cut there is what was synced, and of the rest whatever a disk may choose: a write that
/// no sync() followed is kept, lost, or torn at 512-byte sectors with zeros between, and an entry
/// of a folder that no sync_folder() followed is kept or lost by itself (so a rename between two
/// folders may survive in both, one or none). That is more than any one file system does.
class MemoryFiles final : public Files {
 public:
  MemoryFiles();

  /// ENOSPC when files together would hold more.
  void set_capacity(std::uint64_t bytes);
  /// Asked before each operation: its name as in File or Files, and the path. Not 0: that errno.
  /// Called with the files locked: it must not use them.
  using Fault = std::function<int(std::string_view operation, const std::string& path)>;
  void set_fault(Fault fault);
  void advance(Duration by);
  /// Bytes in all files that have a name.
  [[nodiscard]] std::uint64_t used_bytes() const;
  /// How often an operation ran, by its name.
  [[nodiscard]] int count(const std::string& operation) const;

  /// Notes in the record that something was acknowledged.
  void mark(std::string text);
  [[nodiscard]] std::size_t recorded() const;
  struct Crash {
    std::shared_ptr<MemoryFiles> files;  ///< The disk as found after the cut; its record is empty.
    std::vector<std::string> marks;      ///< What had been acknowledged, in order.
  };
  /// The power goes after the first `operations` of the record; `seed` chooses what survives.
  [[nodiscard]] Crash crash_after(std::size_t operations, std::uint64_t seed) const;

  Io<std::unique_ptr<File>> create(const std::string& path) override;
  Io<std::unique_ptr<File>> open(const std::string& path, Access access) override;
  Io<> rename(const std::string& from, const std::string& to) override;
  Io<> link(const std::string& from, const std::string& to) override;
  Io<> unlink(const std::string& path) override;
  Io<> make_folder(const std::string& path) override;
  Io<> remove_folder(const std::string& path) override;
  Io<> sync_folder(const std::string& path) override;
  Io<std::vector<std::string>> list(const std::string& path) override;
  Io<FileInfo> info(const std::string& path) override;
  [[nodiscard]] Time now() const override;

 private:
  friend class MemoryFile;
  struct Node {
    bool is_folder = false;
    int names = 0;  ///< Entries that lead here.
    Time modified;
    std::string bytes;
    std::map<std::string, int> entries;
  };
  /// What is done to one node; or a mark.
  struct Step {
    enum class Kind { make, write, truncate, enter, leave, sync, mark } kind;
    int node = 0;
    std::uint64_t offset = 0;  ///< Of a write; the size of a truncate.
    std::string text = {};     ///< Bytes written; the entry's name; the mark.
    int target = 0;            ///< Of an entry.
    bool is_folder = false;    ///< Of a made node.
  };
  using Nodes = std::map<int, Node>;
  struct At {
    int folder = -1;  ///< -1: the path's folder does not exist.
    std::string name;
    int node = -1;  ///< -1: no such entry.
  };

  static void apply(Nodes& nodes, const Step& step);
  static void settle(Nodes& nodes, const Step& step, std::mt19937_64& random);
  void record(Step step);
  int make_node(bool is_folder);
  [[nodiscard]] At find(const std::string& path) const;
  Io<At> find_entry(std::string_view operation, const std::string& path);
  Io<> check(std::string_view operation, const std::string& path);
  Io<> check_room(std::uint64_t more) const;
  [[nodiscard]] std::uint64_t used_locked() const;

  mutable std::mutex mutex_;
  Nodes nodes_, initial_;
  std::vector<Step> steps_;
  std::map<std::string, int, std::less<>> counts_;
  int next_node_ = 1;
  std::uint64_t capacity_ = UINT64_MAX;
  Fault fault_;
  Time now_{1'767'322'800'000'000};
};

}  // namespace cairn::storage
