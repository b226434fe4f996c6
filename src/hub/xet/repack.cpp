#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "base/log.h"
#include "hub/xet/inner.h"
#include "hub/xet/reader.h"

// Chunks that lie apart are written together, chunks that nothing uses are left behind.
namespace cairn::xet {
namespace {

/// At most 8 MiB of content in memory beside the xorb that is made.
constexpr std::uint32_t chunks_per_step = 64;
constexpr int candidates = 64;
/// Xorbs whose users are looked at together: some 60 GB of content, a bit per chunk.
constexpr int xorbs_per_look = 1000;
/// What the sparse xorbs of one step hold of used content, at most: a few new xorbs.
constexpr std::uint64_t sparse_bytes_max = 256ull << 20;
/// Rows that one transaction writes, see registration.cpp.
constexpr std::size_t terms_max = 1'000'000;

/// Where a run of chunks lies since it was copied.
struct Move {
  ChunkRange from;
  XorbId to;
  std::uint32_t to_first = 0;
};
/// By the xorb that they came from, ascending and disjoint.
using Moves = std::map<XorbId, std::vector<Move>>;

/// What is to be copied, in order.
struct Run {
  XorbId xorb;
  ChunkRange chunks;
};
using Runs = std::vector<Run>;

/// Copies runs of chunks one behind the other into new xorbs. Blocks.
class Packing {
 public:
  explicit Packing(Inner& inner) : inner_(inner) {}

  Result<> add(XorbId xorb, ChunkRange chunks) {
    CAIRN_TRY(open, inner_.open_xorb(xorb));
    if (!open->index.contains(chunks)) return damaged();
    for (auto at = chunks.first; at < chunks.end; at += chunks_per_step)
      CAIRN_CHECK(add_some(xorb, *open, {at, std::min(at + chunks_per_step, chunks.end)}));
    return {};
  }

  /// Stores what is left. @return the moves; every chunk of the new xorbs was read back.
  Result<Moves> finish() {
    if (writer_.count() > 0) CAIRN_CHECK(store());
    for (auto& [xorb, moves] : moves_)
      std::ranges::sort(moves, {}, [](const Move& move) { return move.from.first; });
    return std::move(moves_);
  }

  [[nodiscard]] std::uint64_t content_bytes() const { return content_bytes_; }

 private:
  static Failure damaged() {
    return fail(ErrorCode::corrupt, "CorruptRow",
                "The hub's record of a large file is damaged. Ask an administrator to run cairn "
                "fsck.");
  }

  Result<> add_some(XorbId xorb, const OpenXorb& open, ChunkRange chunks) {
    std::string content;
    CAIRN_CHECK(read_content(open, chunks, content));
    std::string_view left = content;
    for (auto at = chunks.first; at < chunks.end; ++at) {
      auto bytes = open.index.chunk_bytes(at);
      if (!writer_.has_room(bytes)) CAIRN_CHECK(store());
      bool goes_on =
          !waiting_.empty() && waiting_.back().xorb == xorb && waiting_.back().from.end == at;
      if (goes_on)
        ++waiting_.back().from.end;
      else
        waiting_.push_back({xorb, {at, at + 1}, writer_.count()});
      writer_.add(open.index.chunk(at), left.substr(0, bytes));
      left.remove_prefix(bytes);
      content_bytes_ += bytes;
    }
    return {};
  }

  /// The xorb is full: it becomes durable, is read back, and must hold what was put in.
  Result<> store() {
    auto made = writer_.finish();
    CAIRN_TRY(row, keep_xorb(inner_, made));
    writer_.reuse(std::move(made.body));
    // The hub may have had the xorb in another serialization; that one stays.
    CAIRN_TRY(open, inner_.open_xorb(row.id));
    const auto& index = open->index;
    for (std::uint32_t at = 0; at < index.count(); at += chunks_per_step) {
      ChunkRange chunks{at, std::min(at + chunks_per_step, index.count())};
      auto records = index.records(chunks);
      CAIRN_TRY(bytes, open->reader->read({records.first, records.count()}));
      CAIRN_CHECK(check_chunks(index, chunks, bytes));
    }
    for (const auto& run : waiting_) {
      CAIRN_TRY(source, inner_.open_xorb(run.xorb));
      for (auto at = run.from.first; at < run.from.end; ++at)
        if (source->index.chunk(at) != index.chunk(run.to_first + at - run.from.first))
          return damaged();
      moves_[run.xorb].push_back({run.from, row.id, run.to_first});
    }
    waiting_.clear();
    return {};
  }

  struct Waiting {
    XorbId xorb;
    ChunkRange from;
    std::uint32_t to_first = 0;
  };

  Inner& inner_;
  XorbWriter writer_;
  std::vector<Waiting> waiting_;  ///< In the xorb that is made.
  Moves moves_;
  std::uint64_t content_bytes_ = 0;
};

/// The terms of a file after the moves: the same chunks, where they lie now.
Result<std::vector<StoredTerm>> moved(Inner& in, std::span<const StoredTerm> terms,
                                      const Moves& moves) {
  std::vector<StoredTerm> out;
  auto append = [&](XorbId xorb, ChunkRange chunks) -> Result<> {
    CAIRN_TRY(open, in.open_xorb(xorb));
    bool goes_on = !out.empty() && out.back().xorb == xorb && out.back().chunk_end == chunks.first;
    if (goes_on) chunks.first = out.back().chunk_first;
    auto records = open->index.records(chunks);
    StoredTerm term{xorb,
                    chunks.first,
                    chunks.end,
                    static_cast<std::uint32_t>(open->index.content_bytes(chunks)),
                    static_cast<std::uint32_t>(records.first),
                    static_cast<std::uint32_t>(records.end)};
    if (goes_on)
      out.back() = term;
    else
      out.push_back(term);
    return {};
  };
  for (const auto& term : terms) {
    auto of_xorb = moves.find(term.xorb);
    std::span<const Move> list;
    if (of_xorb != moves.end()) list = of_xorb->second;
    auto move = std::ranges::lower_bound(list, term.chunk_first, std::less_equal<>(),
                                         [](const Move& m) { return m.from.end; });
    for (auto at = term.chunk_first; at < term.chunk_end;) {
      if (move == list.end() || move->from.first >= term.chunk_end) {
        CAIRN_CHECK(append(term.xorb, {at, term.chunk_end}));
        break;
      }
      if (at < move->from.first) CAIRN_CHECK(append(term.xorb, {at, move->from.first}));
      auto first = std::max(at, move->from.first);
      auto end = std::min(term.chunk_end, move->from.end);
      auto to = move->to_first + (first - move->from.first);
      CAIRN_CHECK(append(move->to, {to, to + (end - first)}));
      at = end;
      ++move;
    }
  }
  return out;
}

Result<std::vector<StoredTerm>> terms_of(Inner& in, const FileRow& file) {
  auto load = [&file](db::Tx& tx) -> Result<std::vector<StoredTerm>> {
    std::uint64_t first_byte = 0;
    return read_terms(tx, file.id, 0, file.size_bytes, first_byte);
  };
  return in.database.read_now(load);
}

/// Lets every file that uses a xorb of the moves change over. @return how many did.
Result<std::uint64_t> change_over(Inner& in, const Moves& moves) {
  std::vector<XorbId> xorbs;
  for (const auto& [xorb, list] : moves) xorbs.push_back(xorb);
  auto note = [&moves](db::Tx& tx) -> Result<> {
    for (const auto& [xorb, list] : moves)
      for (const auto& move : list) note_source(tx, move.to, xorb);
    return {};
  };
  CAIRN_CHECK(in.database.write_now(note));
  auto find = [&xorbs](db::Tx& tx) -> Result<std::vector<FileRow>> {
    std::vector<FileRow> out;
    for (std::size_t at = 0; at < xorbs.size(); at += xorbs_per_look) {
      auto end = std::min(at + xorbs_per_look, xorbs.size());
      std::vector<XorbId> some(xorbs.begin() + static_cast<std::ptrdiff_t>(at),
                               xorbs.begin() + static_cast<std::ptrdiff_t>(end));
      for (auto& file : users_of(tx, some)) out.push_back(file);
    }
    std::ranges::sort(out, {}, &FileRow::id);
    auto rest = std::ranges::unique(out, {}, &FileRow::id);
    out.erase(rest.begin(), rest.end());
    return out;
  };
  CAIRN_TRY(files, in.database.read_now(find));
  std::uint64_t changed = 0;
  // Newest first: a crash in between leaves the one that is asked for most in order.
  for (const auto& file : files | std::views::reverse) {
    CAIRN_TRY(before, terms_of(in, file));
    if (before.size() > terms_max || in.is_followed(file.id)) continue;
    CAIRN_TRY(after, moved(in, before, moves));
    if (after == before || after.size() > terms_max) continue;
    std::uint64_t size = 0;
    for (const auto& term : after) size += term.raw_bytes;
    if (size != file.size_bytes)
      return fail(ErrorCode::internal, "RepackWrong", "Terms that were moved make another size.");
    CAIRN_TRY(first, in.open_xorb(after.front().xorb));
    auto key = first->index.chunk(after.front().chunk_first);
    auto write = [&](db::Tx& tx) -> Result<bool> {
      // A URL that left a moment ago was signed with the terms that were.
      auto keep_until = tx.now() + in.options.url_life + in.options.token_leeway;
      if (!replace_terms(tx, file.id, before, after, keep_until, tx.now() + in.options.grace))
        return false;
      add_key_chunk(tx, key, after.front().xorb);
      return true;
    };
    CAIRN_TRY(done, in.database.write_now(write));
    changed += done;
  }
  return changed;
}

// ---- A file in too many pieces ----

bool in_pieces(const Inner& in, const UnpackedFile& one) {
  double gigabytes = static_cast<double>(one.file.size_bytes) / 1e9;
  return static_cast<double>(one.terms) > in.options.ranges_per_gb_max * std::max(gigabytes, 0.04);
}

/// The newest file that lies in too many pieces and has no next version. Others are noted as they
/// are met, so that nobody looks at them again.
Result<std::optional<FileRow>> next_in_pieces(Inner& in, Duration age_min) {
  if (in.options.ranges_per_gb_max == 0) return std::optional<FileRow>{};
  for (lfs::ObjectId below{INT64_MAX};;) {
    auto look = [&](db::Tx& tx) -> Result<std::vector<UnpackedFile>> {
      return unpacked_files(tx, below, tx.now() - age_min, candidates);
    };
    CAIRN_TRY(page, in.database.read_now(look));
    std::optional<FileRow> found;
    std::vector<lfs::ObjectId> fine;
    for (const auto& one : page) {
      below = one.file.id;
      bool small = one.file.size_bytes < in.options.repack_bytes_min;
      auto succeeded = [&](db::Tx& tx) -> Result<bool> { return has_successor(tx, one.file.id); };
      bool is_fine = small || one.terms > terms_max || !in_pieces(in, one);
      if (!is_fine) {
        CAIRN_TRY(old, in.database.read_now(succeeded));
        is_fine = old;
      }
      if (is_fine) {
        fine.push_back(one.file.id);
      } else if (!in.is_followed(one.file.id)) {
        found = one.file;
        break;
      }
    }
    auto note = [&](db::Tx& tx) -> Result<> {
      for (auto file : fine) note_repacked(tx, file);
      return {};
    };
    if (!fine.empty()) CAIRN_CHECK(in.database.write_now(note));
    if (found || page.size() < candidates) return found;
  }
}

/// Each chunk of the file once, in its order.
Result<Runs> runs_of(Inner& in, const FileRow& file) {
  CAIRN_TRY(terms, terms_of(in, file));
  Runs runs;
  std::map<XorbId, std::vector<bool>> copied;
  for (const auto& term : terms) {
    auto& seen = copied[term.xorb];
    if (seen.size() < term.chunk_end) seen.resize(term.chunk_end);
    for (auto at = term.chunk_first; at < term.chunk_end;) {
      auto end = at;
      while (end < term.chunk_end && !seen[end]) seen[end++] = true;
      if (end > at) runs.push_back({term.xorb, {at, end}});
      at = std::max(end, at + 1);
    }
  }
  return runs;
}

// ---- Xorbs of which little is used ----

/// A xorb and the chunks of it that files use.
struct Used {
  XorbRow row;
  std::vector<bool> chunks;
  std::uint64_t bytes = 0;
};

/// Looks at a number of xorbs. @return those of which less than half is used; nobody follows a file
/// that uses them.
Result<std::vector<Used>> sparse_among(Inner& in, const std::vector<XorbRow>& rows) {
  std::map<XorbId, Used> used;
  std::vector<XorbId> ids;
  for (const auto& row : rows) {
    ids.push_back(row.id);
    used.emplace(row.id, Used{row, std::vector<bool>(row.chunks), 0});
  }
  auto find = [&ids](db::Tx& tx) -> Result<std::vector<FileRow>> { return users_of(tx, ids); };
  CAIRN_TRY(files, in.database.read_now(find));
  std::set<XorbId> busy;
  for (const auto& file : files) {
    bool leave = in.is_followed(file.id);
    CAIRN_TRY(terms, terms_of(in, file));
    for (const auto& term : terms) {
      auto at = used.find(term.xorb);
      if (at == used.end()) continue;
      auto& chunks = at->second.chunks;
      if (term.chunk_end > chunks.size()) leave = true;
      if (leave || terms.size() > terms_max)
        busy.insert(term.xorb);
      else
        std::fill(chunks.begin() + term.chunk_first, chunks.begin() + term.chunk_end, true);
    }
  }
  std::vector<Used> out;
  for (auto& [id, one] : used) {
    if (busy.contains(id)) continue;
    CAIRN_TRY(open, in.open_xorb(id));
    for (std::uint32_t i = 0; i < one.row.chunks; ++i)
      if (one.chunks[i]) one.bytes += open->index.chunk_bytes(i);
    if (one.bytes > 0 && one.bytes < one.row.raw_bytes / 2) out.push_back(std::move(one));
  }
  return out;
}

/// What files use of the next sparse xorbs, some xorbs full of it.
Result<Runs> sparse_runs(Inner& in) {
  std::vector<Used> chosen;
  std::uint64_t size = 0;
  while (size < sparse_bytes_max) {
    auto look = [&in](db::Tx& tx) -> Result<std::vector<XorbRow>> {
      return settled_xorbs(tx, in.sparse_after, tx.now(), xorbs_per_look);
    };
    CAIRN_TRY(rows, in.database.read_now(look));
    if (rows.empty()) break;
    in.sparse_after = rows.back().id;
    CAIRN_TRY(sparse, sparse_among(in, rows));
    for (auto& one : sparse) {
      if (size >= sparse_bytes_max) {
        in.sparse_after = chosen.back().row.id;  // The rest is for the next call.
        break;
      }
      size += one.bytes;
      chosen.push_back(std::move(one));
    }
  }
  if (chosen.empty()) in.sparse_after = {};
  Runs runs;
  for (const auto& one : chosen)
    for (std::uint32_t at = 0; at < one.row.chunks;) {
      auto end = at;
      while (end < one.row.chunks && one.chunks[end]) ++end;
      if (end > at) runs.push_back({one.row.id, {at, end}});
      at = std::max(end, at + 1);
    }
  return runs;
}

/// One thing to do: some steps of copying, then the files change over. Each step blocks for a
/// while.
class Repacking {
 public:
  /// @pre `inner.repacking` was set by the caller.
  explicit Repacking(Inner& inner) : inner_(inner), packing_(inner) {}
  ~Repacking() { inner_.repacking = false; }
  Repacking(const Repacking&) = delete;
  Repacking& operator=(const Repacking&) = delete;

  /// @return whether there is something to do.
  Result<bool> plan(Duration age_min) {
    CAIRN_TRY(file, next_in_pieces(inner_, age_min));
    file_ = file;
    CAIRN_TRY(runs, file ? runs_of(inner_, *file) : sparse_runs(inner_));
    runs_ = std::move(runs);
    return !runs_.empty();
  }

  /// @return whether all is copied.
  Result<bool> copy() {
    auto until = packing_.content_bytes() + xorb_content_bytes_target;
    while (next_ < runs_.size() && packing_.content_bytes() < until) {
      const auto& run = runs_[next_++];
      CAIRN_CHECK(packing_.add(run.xorb, run.chunks));
    }
    return next_ == runs_.size();
  }

  Result<Repacked> finish() {
    CAIRN_TRY(moves, packing_.finish());
    CAIRN_TRY(changed, change_over(inner_, moves));
    if (file_) {
      // Also when somebody began to follow it meanwhile, and it stays as it is: looking again would
      // write the same once more.
      auto note = [this](db::Tx& tx) -> Result<> {
        note_repacked(tx, file_->id);
        return {};
      };
      CAIRN_CHECK(inner_.database.write_now(note));
    }
    log::info("xet.repacked", {{"of_one_file", file_.has_value()},
                               {"content_bytes", packing_.content_bytes()},
                               {"xorbs", moves.size()},
                               {"files", changed}});
    return Repacked{packing_.content_bytes(), changed};
  }

 private:
  Inner& inner_;
  std::optional<FileRow> file_;  ///< Empty: sparse xorbs.
  Runs runs_;
  std::size_t next_ = 0;
  Packing packing_;
};

}  // namespace

Task<Result<Repacked>> Xet::repack_next(Duration age_min) {
  Inner& in = *inner_;
  if (in.repacking.exchange(true))
    co_return fail(ErrorCode::conflict, "RepackRunning",
                   "Chunks are being written together already. Try again later.");
  auto repacking = std::make_shared<Repacking>(in);
  auto plan = [repacking, age_min] { return repacking->plan(age_min); };
  CAIRN_CO_TRY(any, co_await in.blocking.run(plan));
  if (!any) co_return Repacked{};
  for (bool all = false; !all;) {
    auto step = [repacking] { return repacking->copy(); };
    CAIRN_CO_TRY(done, co_await in.blocking.run(step));
    all = done;
  }
  auto finish = [repacking] { return repacking->finish(); };
  co_return co_await in.blocking.run(finish);
}

}  // namespace cairn::xet
