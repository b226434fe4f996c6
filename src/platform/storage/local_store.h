#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

#include "platform/storage/group_sync.h"
#include "platform/storage/object_folders.h"
#include "platform/storage/object_store.h"
#include "platform/storage/staged_file.h"

namespace cairn::storage {

/// The same store over other files: for tests (memory_files.h).
[[nodiscard]] Result<std::unique_ptr<ObjectStore>> open_local_store(std::string folder,
                                                                    std::shared_ptr<Files> files);

/// Objects as files. Beside the kinds' folders lie `tmp/` (objects being written) and
/// `multipart/<id>/` (parts). See README.md for why each step of a commit is there.
class LocalStore final : public ObjectStore {
 public:
  LocalStore(std::string root, std::shared_ptr<Files> files)
      : root_(std::move(root)), files_(std::move(files)) {}
  /// Makes the store's own folders.
  Result<> prepare();

  Result<std::unique_ptr<Writer>> create(const Key& key) override;
  Result<std::unique_ptr<Reader>> open(const Key& key) override;
  Result<> remove(const Key& key) override;
  Result<std::vector<Listed>> list(std::string_view prefix, std::optional<Key> after,
                                   int limit) override;
  Result<std::unique_ptr<Multipart>> multipart(const Key& key, std::string id) override;
  std::optional<std::string> presigned_url(const Key&, std::string_view, Duration) override {
    return std::nullopt;
  }
  Result<std::uint64_t> sweep_unfinished(Duration age) override;

 private:
  friend class LocalWriter;
  friend class LocalMultipart;
  friend class PartWriter;

  /// Held while an upload is joined or removed, so that neither happens beside the other.
  class UploadTurn;

  [[nodiscard]] std::string tmp_folder() const { return root_ + "/tmp"; }
  [[nodiscard]] std::string uploads_folder() const { return root_ + "/multipart"; }
  [[nodiscard]] std::string upload_folder(const std::string& id) const {
    return uploads_folder() + "/" + id;
  }
  /// Gives a durable file its key and makes that durable. @param name  makes the name exist
  /// (rename or link). @return `conflict`, word "ObjectExists".
  Result<> publish(const ObjectPlace& place,
                   const std::function<Io<>(const std::string& path)>& name);
  Result<> sync_place(const ObjectPlace& place);
  [[nodiscard]] bool exists(const ObjectPlace& place);
  /// Removes the folder with what is in it. Absent is fine.
  Io<> remove_upload(const std::string& id);
  Result<std::uint64_t> sweep_temporary(Time before);
  Result<std::uint64_t> sweep_uploads(Time before);

  std::string root_;
  std::shared_ptr<Files> files_;
  GroupSync sync_{*files_};
  ObjectFolders folders_{*files_, sync_, root_};
  PathsInUse in_use_;
  std::mutex parts_mutex_;  ///< While a part takes its name: see PartWriter.
  std::mutex turns_mutex_;
  std::condition_variable turn_ended_;
  std::set<std::string> turns_;
};

}  // namespace cairn::storage
