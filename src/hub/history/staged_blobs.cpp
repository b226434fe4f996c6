#include "hub/history/staged_blobs.h"

#include <filesystem>

#include "hub/history/disk.h"
#include "platform/git/git_program.h"
#include "platform/git/object_source.h"
#include "platform/git/pack.h"

namespace cairn::history {
namespace {

// Copies of staged blobs that may be read back while the commit is built (cards, attributes).
constexpr std::size_t small_blob_bytes_max = 256u << 10;
constexpr std::size_t small_total_bytes_max = 4u << 20;

}  // namespace

struct StagedBlobs::Writer {
  git::PackFileWriter pack;
  std::string path;
};

StagedBlobs::StagedBlobs(std::string temporary_folder, std::size_t raw_bytes_max)
    : folder_(std::move(temporary_folder)), raw_bytes_max_(raw_bytes_max) {}

StagedBlobs::~StagedBlobs() {
  if (!file_) return;
  std::error_code ignored;
  std::filesystem::remove(file_->path, ignored);
}

Result<git::Oid> StagedBlobs::add(std::string_view content) {
  git::Oid oid = git::object_id(git::ObjectType::blob, content);
  bytes_ += content.size();
  if (!known_.emplace(oid, true).second) return oid;
  if (content.size() <= small_blob_bytes_max &&
      small_bytes_ + content.size() <= small_total_bytes_max) {
    small_.emplace(oid, content);
    small_bytes_ += content.size();
  }
  if (!file_ && raw_bytes_ + content.size() > raw_bytes_max_) CAIRN_CHECK(move_to_file());
  if (file_) return file_->pack.add(git::ObjectType::blob, content);
  raw_bytes_ += content.size();
  raw_.push_back({git::ObjectType::blob, oid, std::string(content)});
  return oid;
}

Result<> StagedBlobs::move_to_file() {
  std::string path = temporary_name(folder_) + ".pack";
  CAIRN_TRY(pack, git::PackFileWriter::create(path));
  file_ = std::make_unique<Writer>(Writer{std::move(pack), path});
  for (const auto& object : raw_) CAIRN_CHECK(file_->pack.add(object.type, object.content));
  raw_.clear();
  raw_bytes_ = 0;
  return {};
}

Result<> StagedBlobs::close() {
  if (closed_) return {};
  if (file_) {
    CAIRN_TRY(finished, file_->pack.finish());
    closed_file_ = {file_->path, finished.checksum.hex(),
                    git::write_idx_v2(finished.index, finished.checksum),
                    static_cast<std::int64_t>(finished.size_bytes),
                    static_cast<std::int64_t>(finished.index.size())};
  }
  closed_ = true;
  return {};
}

Result<std::string> StagedBlobs::read(const git::Oid& oid, std::size_t bytes_max) const {
  if (auto small = small_.find(oid); small != small_.end()) return small->second;
  for (const auto& object : raw_)
    if (object.oid == oid) return object.content;
  if (!file_ || !closed_)
    return fail(ErrorCode::not_found, "EntryNotFound", "The file is not part of this commit.");
  // Rare: a large text of this very commit is read back, so its pack is opened for the moment.
  CAIRN_CHECK(write_file(file_->path.substr(0, file_->path.size() - 5) + ".idx", closed_file_.idx));
  auto opened = git::DiskPack::open(file_->path);
  std::error_code ignored;
  std::filesystem::remove(file_->path.substr(0, file_->path.size() - 5) + ".idx", ignored);
  if (!opened) return fail(opened.error());
  git::ObjectSource source({}, {*opened});
  CAIRN_TRY(object, source.read(oid, bytes_max));
  return std::move(object.content);
}

}  // namespace cairn::history
