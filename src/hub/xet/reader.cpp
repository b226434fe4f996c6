#include "hub/xet/reader.h"

#include <algorithm>
#include <future>

#include <boost/asio/post.hpp>

namespace cairn::xet {
namespace {

/// So much of a term is decoded at once: the records lie next to each other, so this is one read.
constexpr std::uint64_t step_bytes = 1 << 20;

/// Shorter reads are not read ahead of: they are pieces of a table, not of a stream.
constexpr std::uint64_t ahead_bytes_min = 128 << 10;

class FileReader final : public storage::Reader, public std::enable_shared_from_this<FileReader> {
 public:
  FileReader(Inner& inner, std::vector<StoredTerm> terms, std::uint64_t size_bytes)
      : inner_(inner), terms_(std::move(terms)), size_bytes_(size_bytes) {
    ends_.reserve(terms_.size());
    std::uint64_t end = 0;
    for (const auto& term : terms_) ends_.push_back(end += term.raw_bytes);
  }

  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] std::uint64_t terms_bytes() const { return ends_.empty() ? 0 : ends_.back(); }
  [[nodiscard]] int descriptor() const override { return -1; }

  [[nodiscard]] Result<std::string> read(storage::Range range) override {
    std::future<Result<std::string>> ready;
    bool in_order = false;
    {
      std::lock_guard lock(mutex_);
      in_order = range.first == next_first_ && range.first > 0;
      next_first_ = range.first + range.count;
      if (ahead_.valid() && ahead_range_.first == range.first && ahead_range_.count == range.count)
        ready = std::move(ahead_);
    }
    auto out = ready.valid() ? ready.get() : read_now(range);
    if (out && in_order && range.count >= ahead_bytes_min) begin_next(range);
    return out;
  }

 private:
  [[nodiscard]] Result<std::string> read_now(storage::Range range) {
    std::string out;
    out.reserve(static_cast<std::size_t>(range.count) + chunk_bytes_max);
    std::uint64_t at = range.first, end = range.first + range.count;
    take_kept(at, end, out);
    while (at < end) {
      CAIRN_TRY(next, read_some(at, end, out));
      at = next;
    }
    return out;
  }

  /// While these bytes are sent, another thread decodes as many of those behind them.
  void begin_next(storage::Range range) {
    std::uint64_t first = range.first + range.count;
    storage::Range next{first, std::min(range.count, size_bytes_ - first)};
    if (next.count == 0) return;
    // No packaged_task: its state keeps the function, so the future in here would keep this reader,
    // and one that its client left halfway would stay for ever.
    auto promise = std::make_shared<std::promise<Result<std::string>>>();
    {
      std::lock_guard lock(mutex_);
      ahead_ = promise->get_future();
      ahead_range_ = next;
    }
    boost::asio::post(inner_.ahead, [self = shared_from_this(), next, promise] {
      try {
        promise->set_value(self->read_now(next));
      } catch (...) {
        promise->set_exception(std::current_exception());
      }
    });
  }

  /// The last chunk decoded, when a read ended in the middle of it.
  struct Kept {
    std::uint64_t first = 0;
    std::string bytes;
  };

  void take_kept(std::uint64_t& at, std::uint64_t end, std::string& out) {
    std::lock_guard lock(mutex_);
    if (at < kept_.first || at >= kept_.first + kept_.bytes.size()) return;
    auto skip = static_cast<std::size_t>(at - kept_.first);
    auto count = std::min<std::uint64_t>(end - at, kept_.bytes.size() - skip);
    out.append(kept_.bytes, skip, static_cast<std::size_t>(count));
    at += count;
  }

  /// Appends bytes of one term from `at` on. @return where it stopped.
  Result<std::uint64_t> read_some(std::uint64_t at, std::uint64_t end, std::string& out) {
    auto n = static_cast<std::size_t>(std::ranges::upper_bound(ends_, at) - ends_.begin());
    const auto& term = terms_[n];
    std::uint64_t term_first = ends_[n] - term.raw_bytes;
    CAIRN_TRY(xorb, inner_.open_xorb(term.xorb));
    const auto& index = xorb->index;
    if (!index.contains({term.chunk_first, term.chunk_end}) ||
        index.content_bytes({term.chunk_first, term.chunk_end}) != term.raw_bytes)
      return fail(ErrorCode::corrupt, "CorruptRow",
                  "The hub's record of this file is damaged. Ask an administrator to run cairn "
                  "fsck.");
    // From here on in the xorb's concatenation.
    std::uint64_t base = index.content_offset(term.chunk_first);
    std::uint64_t first = base + (at - term_first);
    std::uint64_t last =
        base +
        std::min({end - term_first, std::uint64_t{term.raw_bytes}, at - term_first + step_bytes}) -
        1;
    ChunkRange chunks{index.chunk_at(first), index.chunk_at(last) + 1};
    auto before = out.size();
    CAIRN_CHECK(read_content(*xorb, chunks, out));
    out.erase(before, static_cast<std::size_t>(first - index.content_offset(chunks.first)));
    std::uint64_t got_end = term_first + (index.content_offset(chunks.end) - base);
    if (got_end <= end) return got_end;
    keep(term_first + (index.content_offset(chunks.end - 1) - base), got_end, out);
    out.resize(out.size() - static_cast<std::size_t>(got_end - end));
    return end;
  }

  void keep(std::uint64_t first, std::uint64_t end, std::string_view out) {
    auto count = std::min<std::uint64_t>(end - first, out.size());
    std::lock_guard lock(mutex_);
    kept_ = {end - count, std::string(out.substr(out.size() - static_cast<std::size_t>(count)))};
  }

  Inner& inner_;
  std::vector<StoredTerm> terms_;
  std::vector<std::uint64_t> ends_;  ///< Of each term, in the file.
  std::uint64_t size_bytes_;
  std::mutex mutex_;
  Kept kept_;
  std::uint64_t next_first_ = 0;  ///< Where a read in order would begin.
  std::future<Result<std::string>> ahead_;
  storage::Range ahead_range_;
};

}  // namespace

Result<std::shared_ptr<storage::Reader>> make_file_reader(Inner& inner,
                                                          std::vector<StoredTerm> terms,
                                                          std::uint64_t size_bytes) {
  auto reader = std::make_shared<FileReader>(inner, std::move(terms), size_bytes);
  if (reader->terms_bytes() != size_bytes)
    return fail(
        ErrorCode::corrupt, "CorruptRow",
        "The hub's record of this file is damaged. Ask an administrator to run cairn fsck.");
  return reader;
}

}  // namespace cairn::xet
