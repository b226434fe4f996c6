#pragma once
#include <map>
#include <string>

#include "platform/storage/local_store.h"

namespace cairn::storage {

/// The turn of one upload: waits until nobody else has it.
class LocalStore::UploadTurn {
 public:
  UploadTurn(LocalStore& store, std::string id);
  UploadTurn(const UploadTurn&) = delete;
  UploadTurn& operator=(const UploadTurn&) = delete;
  ~UploadTurn();

 private:
  LocalStore& store_;
  std::string id_;
};

/// The name of a part's file, `<number>-<sequence>-<size>`. A part sent again gets a higher
/// sequence and counts at once, whether or not its elder is gone. The size stands in the name
/// because part 1's file grows while the parts are joined to it: what was joined before a crash is
/// cut off again.
struct PartFile {
  int number = 0;
  std::int64_t sequence = 0;
  std::uint64_t size_bytes = 0;

  [[nodiscard]] std::string name() const;
  [[nodiscard]] static std::optional<PartFile> parse(std::string_view name);
};

class LocalMultipart final : public Multipart {
 public:
  LocalMultipart(LocalStore& store, ObjectPlace place, std::string id)
      : store_(store), place_(std::move(place)), id_(std::move(id)) {}

  [[nodiscard]] std::string id() const override { return id_; }
  Result<std::unique_ptr<Writer>> part(int number) override;
  Result<std::vector<Part>> parts() override;
  Result<> read_part(int number, std::function<Result<>(std::string_view)> sink) override;
  Result<> complete(int count) override;
  Result<> abort() override;

 private:
  using Parts = std::map<int, PartFile>;
  Result<Parts> newest_parts();
  [[nodiscard]] std::string path_of(const PartFile& part) const {
    return store_.upload_folder(id_) + "/" + part.name();
  }
  Result<> join(const Parts& parts, int count);

  LocalStore& store_;
  ObjectPlace place_;
  std::string id_;
};

}  // namespace cairn::storage
