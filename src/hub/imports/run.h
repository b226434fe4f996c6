#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hub/imports/imports.h"
#include "hub/imports/source.h"
#include "platform/git/transfer.h"

namespace cairn::imports {

/// One attempt at an import, from where the last one ended. Used by one coroutine on one strand;
/// what blocks runs elsewhere while the coroutine keeps the row up to date.
class Run {
 public:
  using Lease = std::function<Result<>(db::Tx&)>;
  Run(Parts& parts, Import import, Lease lease, std::function<bool()> stopping);

  Task<Result<>> go();
  /// Somebody cancelled it, or the row is gone.
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  [[nodiscard]] Progress progress() const;
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  /// Told by the step that runs, read by the coroutine.
  struct Counters {
    std::atomic<Phase> phase = Phase::looking;
    std::atomic<std::uint64_t> objects_done = 0, objects_total = 0, bytes_received = 0;
    std::atomic<std::uint64_t> files_done = 0, files_total = 0;
    std::atomic<std::uint64_t> file_bytes_done = 0, file_bytes_total = 0;
  };

  Task<Result<>> step(std::function<Result<>()> work);
  Task<Result<>> keep_row();
  void note(std::string text);

  Task<Result<>> find_repo();
  Result<> look();
  Result<> look_at_remote();
  Result<> look_at_folder();
  Result<> fetch();
  Result<> sort_objects();
  Task<Result<>> bring_large_files();
  Task<Result<std::vector<lfs::Wanted>>> not_here();
  Task<Result<>> bring_from_folder(lfs::Wanted file);
  Task<Result<>> bring_batch(std::vector<lfs::Wanted> files);
  Task<Result<>> link(lfs::Wanted file, std::string path);
  Task<Result<>> save();
  Task<Result<push::Request>> commands();
  Task<Result<>> send_pack(push::Push& push);
  Result<> take_report(const push::Report& report);

  Parts& parts_;
  Import import_;
  Lease lease_;
  std::function<bool()> stopping_;
  std::atomic<bool> stop_ = false;
  bool cancelled_ = false;
  Counters counters_;
  std::vector<std::string> notes_;

  Actor actor_;
  repo::RepoRef repo_;
  std::string folder_, bare_;
  std::string authorization_;
  Source source_;
  git::LocalRepository local_;
  git::RemoteRefs refs_;
  std::vector<lfs::Wanted> large_;
  std::vector<std::string> missing_;  ///< Large files that the source lacks.
  bool has_too_large_ = false;
};

/// The folder of one import: "<id>-<public id>", so that it is found when the row is gone.
[[nodiscard]] std::string folder_of(const Parts& parts, const Import& import);
/// Removes what an import left below `Parts::folder`. Blocks.
void remove_folder(const std::string& root, ImportId id);

constexpr std::string_view token_purpose = "import-token";

}  // namespace cairn::imports
