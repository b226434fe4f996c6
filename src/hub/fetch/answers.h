#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "hub/fetch/fetch.h"
#include "platform/process/process.h"

namespace cairn::fetch {

/// One answer in a file, while it is written and after. A git program writes it at full speed on a
/// thread of its own; any number of clients read behind it, each as fast as it can. Thread-safe.
class Recording {
 public:
  /// @param path  of a file that does not exist; its name goes away with the recording.
  /// @return `storage_full` or `unavailable` from the disk.
  static Result<std::shared_ptr<Recording>> create(std::string path, std::uint64_t bytes_max);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  enum class State { running, whole, failed };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_; }

  /// All of it with its length, or as it grows. @param self  this one, kept alive by the reader.
  static Answer read(std::shared_ptr<Recording> self);

 private:
  friend class Answers;
  class Reader;
  Recording(std::string path, int descriptor, std::uint64_t bytes_max)
      : path_(std::move(path)), descriptor_(descriptor), bytes_max_(bytes_max) {}
  /// Runs the program to its end, or until `stop` is set.
  void record(process::Command command, const std::atomic<bool>& stop);
  bool append(std::string_view bytes);
  void end(State state);
  void wake_all();

  std::string path_;
  int descriptor_;
  std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> size_ = 0;
  std::atomic<State> state_ = State::running;
  std::mutex mutex_;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiting_;
};

/// Answers on disk, for those who ask the same again: made on the second request. Bounded in bytes,
/// the least recently used go first. Thread-safe.
class Answers {
 public:
  /// @param folder  emptied now.
  Answers(std::string folder, std::uint64_t bytes_max);
  /// Ends what is being recorded and waits for it.
  ~Answers();
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// The answer to this question, if it is kept or being made.
  [[nodiscard]] std::shared_ptr<Recording> find(const std::string& key);
  /// Forgets answers that nobody asked for within the last `idle_rounds` calls. What was purged is
  /// asked for by nobody, so its bytes leave the disk soon, whatever the room.
  void tidy();
  static constexpr std::uint64_t idle_rounds = 10;

  /// Called for a question that `find` did not know. The first time it is noted, and nothing comes
  /// back; the second time the program runs and its answer is recorded.
  /// @param source_bytes  about how long the answer may be: too long ones are not kept.
  /// @param held          what must live as long as the program.
  [[nodiscard]] std::shared_ptr<Recording> begin(const std::string& key, std::uint64_t source_bytes,
                                                 process::Command command,
                                                 std::shared_ptr<void> held);

 private:
  struct Kept {
    std::shared_ptr<Recording> recording;
    std::list<std::string>::iterator place;
    std::uint64_t used_at = 0;  ///< In calls of tidy().
  };
  void finished(const std::string& key);
  void drop(const std::string& key);
  void make_room();

  // Whole answers take a quarter of the room at most; what a pack set holds says how long the
  // answer will be, but not exactly.
  [[nodiscard]] std::uint64_t answer_bytes_max() const { return bytes_max_ / 4; }
  static constexpr std::size_t noted_max = 20'000;  ///< 100 bytes each.

  std::string folder_;
  std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t recording_ = 0;  ///< Threads.
  std::atomic<bool> stop_ = false;
  std::unordered_map<std::string, Kept> kept_;
  std::list<std::string> order_;  ///< Least recently used first.
  std::unordered_map<std::string, bool> noted_;
  std::uint64_t rounds_ = 0;
};

}  // namespace cairn::fetch
