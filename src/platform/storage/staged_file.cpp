#include "platform/storage/staged_file.h"

#include <cerrno>

namespace cairn::storage {

Failure io_failure(IoError error, std::string_view doing, const std::string& path) {
  auto with_fields = [&](Failure failure) {
    return std::move(failure)
        .with("doing", std::string(doing))
        .with("error", error.text())
        .with("path", path);
  };
  if (error.no_room())
    return with_fields(fail(ErrorCode::storage_full, "StorageFull",
                            "The hub's disk has no room for these bytes; nothing was kept. Free "
                            "some space or ask an administrator, then send them again."));
  return with_fields(fail(ErrorCode::unavailable, "StorageUnavailable",
                          "The hub's object storage did not answer as it should; nothing was "
                          "kept. Try again, or ask an administrator to look at the log."));
}

void PathsInUse::add(const std::string& path) {
  std::lock_guard lock(mutex_);
  paths_.insert(path);
}

void PathsInUse::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  paths_.erase(path);
}

bool PathsInUse::any(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  auto at = paths_.lower_bound(prefix);
  return at != paths_.end() && at->starts_with(prefix);
}

Result<std::unique_ptr<StagedFile>> StagedFile::create(Files& files, PathsInUse& in_use,
                                                       std::string path) {
  // In use before it exists, or a sweep could see it in between.
  in_use.add(path);
  auto file = files.create(path);
  if (!file) {
    in_use.remove(path);
    if (file.error().number == ENOENT)
      return fail(ErrorCode::not_found, "UploadNotFound",
                  "The upload does not exist any more. Begin it again.");
    return io_failure(file.error(), "create", path);
  }
  return std::unique_ptr<StagedFile>(
      new StagedFile(files, in_use, std::move(path), std::move(*file)));
}

Result<> StagedFile::ended() const {
  if (file_) return {};
  return fail(ErrorCode::internal, "WriterEnded",
              "This object's writing has ended, with success or a failure. Begin another.");
}

Result<> StagedFile::write(std::string_view bytes) {
  CAIRN_CHECK(ended());
  size_bytes_ += bytes.size();
  if (buffer_.size() + bytes.size() < buffer_bytes) {
    buffer_ += bytes;
    return {};
  }
  if (!buffer_.empty()) {
    // Fill up first: the file is then written in even blocks whatever sizes the network brings.
    auto head = bytes.substr(0, buffer_bytes - buffer_.size());
    bytes.remove_prefix(head.size());
    buffer_ += head;
    CAIRN_CHECK(write_through(buffer_));
    buffer_.clear();
  }
  auto tail_size = bytes.size() % buffer_bytes;
  auto body = bytes.substr(0, bytes.size() - tail_size);
  if (!body.empty()) CAIRN_CHECK(write_through(body));
  buffer_ += bytes.substr(body.size());
  return {};
}

Result<> StagedFile::write_through(std::string_view bytes) {
  if (auto written = file_->write(written_bytes_, bytes); !written) {
    auto failure = io_failure(written.error(), "write", path_);
    discard();
    return failure;
  }
  written_bytes_ += bytes.size();
  if (written_bytes_ - handed_bytes_ >= writeback_bytes) {
    file_->start_writeback(handed_bytes_, written_bytes_ - handed_bytes_);
    handed_bytes_ = written_bytes_;
  }
  return {};
}

Result<> StagedFile::sync() {
  CAIRN_CHECK(ended());
  if (!buffer_.empty()) CAIRN_CHECK(write_through(buffer_));
  buffer_ = {};
  if (auto synced = file_->sync(); !synced) {
    auto failure = io_failure(synced.error(), "fsync", path_);
    discard();
    return failure;
  }
  return {};
}

Io<> StagedFile::rename(const std::string& to) {
  if (!file_) return std::unexpected(IoError{EBADF});
  if (auto renamed = files_.rename(path_, to); !renamed) {
    discard();
    return renamed;
  }
  file_.reset();
  in_use_.remove(path_);
  return {};
}

void StagedFile::discard() {
  if (!file_) return;
  file_.reset();
  buffer_ = {};
  // If even this fails, the sweep finds the file later.
  (void)files_.unlink(path_);
  in_use_.remove(path_);
}

}  // namespace cairn::storage
