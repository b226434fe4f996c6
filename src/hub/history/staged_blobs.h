#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/store.h"
#include "hub/history/working_tree.h"

namespace cairn::history {

/// Blobs that wait for their commit: raw while they are few, then a pack in a temporary file.
class StagedBlobs final : public Staging {
 public:
  StagedBlobs(std::string temporary_folder, std::size_t raw_bytes_max);
  ~StagedBlobs() override;
  Result<git::Oid> add(std::string_view content) override;
  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

  /// Ends the staging: no add after it. May be called again (a commit may be built twice).
  Result<> close();
  [[nodiscard]] bool in_file() const { return file_ != nullptr; }
  [[nodiscard]] const std::vector<NewObject>& raw() const { return raw_; }
  /// @pre closed and in_file(). The pack's path, its index and number of objects.
  struct File {
    std::string path;
    std::string checksum;
    std::string idx;
    std::int64_t size_bytes = 0;
    std::int64_t object_count = 0;
  };
  [[nodiscard]] const File& file() const { return closed_file_; }
  /// A blob added before; for Editor::read.
  [[nodiscard]] Result<std::string> read(const git::Oid& oid, std::size_t bytes_max) const;
  [[nodiscard]] bool contains(const git::Oid& oid) const { return known_.contains(oid); }
  /// Once in the object store: a batch that is built again does not store it again.
  std::optional<store::PackRow> stored;

 private:
  struct Writer;
  Result<> move_to_file();
  std::string folder_;
  std::size_t raw_bytes_max_;
  std::uint64_t bytes_ = 0;
  std::size_t raw_bytes_ = 0;
  std::vector<NewObject> raw_;
  std::unordered_map<git::Oid, std::string> small_;  ///< Copies of small ones for reading back.
  std::size_t small_bytes_ = 0;
  std::unordered_map<git::Oid, bool> known_;
  std::unique_ptr<Writer> file_;
  File closed_file_;
  bool closed_ = false;
};

}  // namespace cairn::history
