#include "hub/fetch/answers.h"

#include <cerrno>
#include <filesystem>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "platform/process/stoppable.h"

namespace cairn::fetch {
namespace {

namespace asio = boost::asio;

constexpr std::size_t piece_bytes = 256u << 10;

}  // namespace

// ---- One answer ----

/// A client that reads behind the writer.
class Recording::Reader final : public StreamBody {
 public:
  explicit Reader(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}

  Task<Result<std::string>> next() override {
    auto executor = co_await asio::this_coro::executor;
    for (;;) {
      // The state first: what was written before the end is seen with it.
      auto state = recording_->state();
      std::uint64_t size = recording_->size_bytes();
      if (at_ < size) co_return read_piece(size);
      if (state == State::whole) co_return std::string();
      if (state == State::failed)
        co_return fail(ErrorCode::internal, "ProgramFailed", "The transfer was cut.");
      auto timer = std::make_shared<asio::steady_timer>(executor);
      timer->expires_at(asio::steady_timer::time_point::max());
      {
        std::lock_guard lock(recording_->mutex_);
        if (recording_->size_bytes() != size || recording_->state() != state) continue;
        recording_->waiting_.push_back(timer);
      }
      boost::system::error_code ignored;
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

 private:
  /// From the page cache: these bytes were written a moment ago.
  Result<std::string> read_piece(std::uint64_t size) {
    std::string out(std::min<std::uint64_t>(piece_bytes, size - at_), '\0');
    ssize_t got;
    do {
      got = ::pread(recording_->descriptor_, out.data(), out.size(), static_cast<off_t>(at_));
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
      return fail(ErrorCode::unavailable, "DiskTrouble",
                  "A kept answer cannot be read. Try again.");
    out.resize(static_cast<std::size_t>(got));
    at_ += out.size();
    return out;
  }

  std::shared_ptr<Recording> recording_;
  std::uint64_t at_ = 0;
};

Result<std::shared_ptr<Recording>> Recording::create(std::string path, std::uint64_t bytes_max) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(errno == ENOSPC ? ErrorCode::storage_full : ErrorCode::unavailable, "DiskTrouble",
                "The hub could not keep an answer. Try again later.");
  return std::shared_ptr<Recording>(new Recording(std::move(path), fd, bytes_max));
}

Recording::~Recording() {
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

Answer Recording::read(std::shared_ptr<Recording> self) {
  if (self->state() == State::whole) {
    int descriptor = self->descriptor_;
    std::uint64_t size = self->size_bytes();
    return FileBody{descriptor, size, std::move(self)};
  }
  return std::shared_ptr<StreamBody>(std::make_shared<Reader>(std::move(self)));
}

void Recording::record(process::Command command, const std::atomic<bool>& stop) {
  command.take_output = [&](std::string_view bytes) { return append(bytes); };
  auto output = process::run_unless_stopped(command, stop);
  bool whole = output && output->exit_code == 0;
  if (output && !whole)
    log::warning("fetch.record.failed",
                 {{"exit_code", output->exit_code}, {"stderr", output->err.substr(0, 500)}});
  if (!output) log::warning("fetch.record.failed", {{"error", output.error().message}});
  end(whole ? State::whole : State::failed);
}

bool Recording::append(std::string_view bytes) {
  if (size_ + bytes.size() > bytes_max_) return false;
  while (!bytes.empty()) {
    ssize_t wrote =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_.load()));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    size_ += static_cast<std::uint64_t>(wrote);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  wake_all();
  return true;
}

void Recording::end(State state) {
  state_ = state;
  wake_all();
}

void Recording::wake_all() {
  std::lock_guard lock(mutex_);
  // Given away: the last one to let go of a timer must be its own thread, while its context lives.
  for (auto& timer : waiting_) {
    auto executor = timer->get_executor();
    asio::post(executor, [timer = std::move(timer)] {
      timer->expires_at(asio::steady_timer::time_point::min());
    });
  }
  waiting_.clear();
}

// ---- All of them ----

Answers::Answers(std::string folder, std::uint64_t bytes_max)
    : folder_(std::move(folder)), bytes_max_(bytes_max) {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::create_directories(folder_, ignored);
}

Answers::~Answers() {
  stop_ = true;
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return recording_ == 0; });
}

std::shared_ptr<Recording> Answers::find(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto at = kept_.find(key);
  if (at == kept_.end()) return nullptr;
  order_.splice(order_.end(), order_, at->second.place);
  at->second.used_at = rounds_;
  return at->second.recording;
}

std::shared_ptr<Recording> Answers::begin(const std::string& key, std::uint64_t source_bytes,
                                          process::Command command, std::shared_ptr<void> held) {
  if (source_bytes > answer_bytes_max() / 2) return nullptr;
  std::lock_guard lock(mutex_);
  if (auto at = kept_.find(key); at != kept_.end()) return at->second.recording;
  if (noted_.size() >= noted_max) noted_.clear();
  if (noted_.try_emplace(key).second || stop_) return nullptr;
  auto made = Recording::create(folder_ + "/" + hex_encode(random_bytes(12)), answer_bytes_max());
  if (!made) {
    log::warning("fetch.record.failed", {{"error", made.error().message}});
    return nullptr;
  }
  order_.push_back(key);
  kept_[key] = {*made, std::prev(order_.end()), rounds_};
  ++recording_;
  // A program's end is waited for by the destructor, so the thread needs no owner but this count.
  std::thread([this, key, recording = *made, command = std::move(command),
               held = std::move(held)]() mutable {
    recording->record(std::move(command), stop_);
    held.reset();
    finished(key);
  }).detach();
  return *made;
}

void Answers::tidy() {
  std::lock_guard lock(mutex_);
  ++rounds_;
  for (auto at = order_.begin(); at != order_.end();) {
    auto key = *at++;
    const auto& kept = kept_.at(key);
    bool idle = kept.used_at + idle_rounds < rounds_;
    if (idle && kept.recording->state() != Recording::State::running) drop(key);
  }
}

void Answers::finished(const std::string& key) {
  std::lock_guard lock(mutex_);
  if (auto at = kept_.find(key); at != kept_.end())
    if (at->second.recording->state() == Recording::State::failed) drop(key);
  make_room();
  --recording_;
  idle_.notify_all();
}

void Answers::drop(const std::string& key) {
  auto at = kept_.find(key);
  order_.erase(at->second.place);
  kept_.erase(at);
}

void Answers::make_room() {
  std::uint64_t sum = 0;
  for (const auto& [key, kept] : kept_) sum += kept.recording->size_bytes();
  for (auto at = order_.begin(); at != order_.end() && sum > bytes_max_;) {
    auto key = *at++;
    const auto& recording = *kept_.at(key).recording;
    if (recording.state() == Recording::State::running) continue;
    sum -= recording.size_bytes();
    drop(key);
  }
}

}  // namespace cairn::fetch
