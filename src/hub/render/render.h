#pragma once
#include <memory>
#include <string>

#include "base/task.h"
#include "hub/render/document.h"
#include "platform/process/process.h"

/// Markdown of strangers as HTML of the hub.
namespace cairn::render {

struct Options {
  /// Starts what calls `run_worker`.
  process::Command program;
  std::size_t children_max = 3;  ///< At once; others wait. Nobody has all of them: `Source::who`.
  int documents_max = 200;       ///< Of one child, then another takes its place.
  std::size_t cache_bytes_max = 64u << 20;
  std::size_t cache_rows_max = 10'000;
  /// A text that a child failed at is not tried again for so long.
  Duration failure_kept = minutes(1);
};

/// One text to render.
struct Source {
  std::string markdown;
  std::string folder;  ///< Of the file in its repository; "" is the root.
  Pictures pictures = Pictures::ask;
  std::string who = "page";  ///< Whose share it counts to: pages together, each writer alone.
  /// Names the bytes of `markdown`: what was rendered under it is kept. Empty: nothing is kept.
  std::string key;
};
using DocumentRef = std::shared_ptr<const Document>;

/// A pool of locked-down child processes and what they made. Thread-safe.
class Renderer {
 public:
  Renderer(Blocking& blocking, Options options);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  /// What is kept of a key; null when nothing is.
  [[nodiscard]] DocumentRef kept(const std::string& key, const std::string& folder,
                                 Pictures pictures);
  /// Whatever the text is, there is a document: a child that failed at it leaves the text as it
  /// is, escaped. @return `unavailable`, word "HubBusy", when too many wait.
  Task<Result<DocumentRef>> render(Source source);

  struct Metrics {
    std::uint64_t documents = 0, kept = 0, failures = 0;
  };
  [[nodiscard]] Metrics metrics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The child process. @return its exit code.
[[nodiscard]] int run_worker();

}  // namespace cairn::render
