#include <algorithm>
#include <unordered_map>

#include "hub/xet/inner.h"
#include "hub/xet/token.h"

namespace cairn::xet {
namespace {

Failure no_file() {
  return fail(ErrorCode::not_found, "XetFileNotFound",
              "The repository of this token has no file of this hash.");
}

/// [first, end) of a file.
struct Part {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

/// @return `range_not_satisfiable` for what begins behind the end.
Result<Part> part_of(const std::optional<Span>& span, std::uint64_t size_bytes) {
  if (!span) return Part{0, size_bytes};
  auto unsatisfiable = [size_bytes] {
    return fail(ErrorCode::range_not_satisfiable, "RangeNotSatisfiable",
                "The range begins at or behind the end of the file.")
        .with("size_bytes", std::to_string(size_bytes));
  };
  if (!span->first) {
    if (size_bytes > 0 && span->last == 0u) return unsatisfiable();
    return Part{size_bytes - std::min(size_bytes, *span->last), size_bytes};
  }
  // The beginning of an empty file is its end: there is nothing, and nothing is wrong.
  if (*span->first >= size_bytes && (*span->first != 0 || size_bytes != 0)) return unsatisfiable();
  std::uint64_t end = size_bytes;
  if (span->last && *span->last < size_bytes) end = *span->last + 1;
  return Part{*span->first, end};
}

/// What the rows say about a part of a file.
struct Found {
  lfs::ObjectId file;
  Part part;
  std::vector<StoredTerm> terms;  ///< Those that overlap the part.
  std::uint64_t first_byte = 0;   ///< Where the first of them begins in the file.
  std::unordered_map<XorbId, XorbRow> rows;
};

Result<Found> find(db::Tx& tx, Inner& in, RepoId repo, const Hash& hash,
                   const std::optional<Span>& span) {
  auto file = find_linked_file(tx, repo, hash);
  if (!file) return no_file();
  Found out;
  out.file = file->id;
  CAIRN_TRY(part, part_of(span, file->size_bytes));
  out.part = part;
  if (part.first >= part.end) return out;
  CAIRN_TRY(terms, read_terms(tx, file->id, part.first, part.end, out.first_byte));
  std::uint64_t at = out.first_byte;
  for (const auto& term : terms) {
    std::uint64_t end = at + term.raw_bytes;
    if (end > part.first && at < part.end) {
      if (out.terms.empty()) out.first_byte = at;
      out.terms.push_back(term);
    }
    at = end;
  }
  if (at < part.end)
    return fail(
        ErrorCode::corrupt, "CorruptRow",
        "The hub's record of this file is damaged. Ask an administrator to run cairn fsck.");
  for (const auto& term : out.terms) {
    if (out.rows.contains(term.xorb)) continue;
    auto row = in.known_row(term.xorb);
    if (!row) row = find_xorb(tx, term.xorb);
    if (!row)
      return fail(ErrorCode::corrupt, "XorbMissing",
                  "A stored part of this file is missing. Ask an administrator to run cairn fsck.");
    in.remember(*row);
    out.rows.emplace(term.xorb, *row);
  }
  return out;
}

/// Cuts whole chunks off the first and the last term that the part does not need. Blocks.
/// @return the offset of the part in the first chunk that is left.
Result<std::uint64_t> trim(Inner& in, Found& found) {
  std::uint64_t size = 0;
  for (const auto& term : found.terms) size += term.raw_bytes;
  std::uint64_t skip = found.part.first - found.first_byte;
  std::uint64_t surplus = found.first_byte + size - found.part.end;
  auto cut = [&](StoredTerm& term, std::uint64_t from_front,
                 std::uint64_t from_back) -> Result<std::uint64_t> {
    CAIRN_TRY(xorb, in.open_xorb(term.xorb));
    const auto& index = xorb->index;
    if (!index.contains({term.chunk_first, term.chunk_end}))
      return fail(ErrorCode::corrupt, "CorruptRow",
                  "The hub's record of this file is damaged. Ask an administrator to run cairn "
                  "fsck.");
    std::uint64_t base = index.content_offset(term.chunk_first);
    std::uint64_t end = index.content_offset(term.chunk_end);
    std::uint32_t first = index.chunk_at(base + from_front);
    std::uint32_t last = index.chunk_at(end - from_back - 1);
    std::uint64_t dropped = index.content_offset(first) - base;
    ChunkRange kept{first, last + 1};
    auto records = index.records(kept);
    term.chunk_first = kept.first;
    term.chunk_end = kept.end;
    term.raw_bytes = static_cast<std::uint32_t>(index.content_bytes(kept));
    term.body_first = static_cast<std::uint32_t>(records.first);
    term.body_end = static_cast<std::uint32_t>(records.end);
    return dropped;
  };
  bool single = found.terms.size() == 1;
  if (surplus > 0 && !single) CAIRN_CHECK(cut(found.terms.back(), 0, surplus));
  if (skip == 0 && (surplus == 0 || !single)) return skip;
  CAIRN_TRY(dropped, cut(found.terms.front(), skip, single ? surplus : 0));
  return skip - dropped;
}

/// Where a run of chunks lies.
struct Run {
  ChunkRange chunks;
  ByteRange body;
};

/// Joins runs of one xorb that overlap or touch. Never across a gap: what lies in one belongs to
/// another file, which the asker may not read (10.2).
std::vector<Run> joined(std::vector<Run> runs) {
  std::ranges::sort(runs, {}, [](const Run& run) { return run.chunks.first; });
  std::vector<Run> out;
  for (const auto& run : runs) {
    if (out.empty() || run.chunks.first > out.back().chunks.end) {
      out.push_back(run);
    } else if (run.chunks.end > out.back().chunks.end) {
      out.back().chunks.end = run.chunks.end;
      out.back().body.end = run.body.end;
    }
  }
  return out;
}

std::string_view incarnation_of(const storage::Key& key) {
  return std::string_view(key.text).substr(key.text.rfind('/') + 1);
}

Reconstruction assemble(Inner& in, const Found& found, std::uint64_t offset) {
  Reconstruction out;
  out.offset_into_first_range = offset;
  std::vector<XorbId> order;
  std::unordered_map<XorbId, std::vector<Run>> runs;
  for (const auto& term : found.terms) {
    const auto& row = found.rows.at(term.xorb);
    ChunkRange chunks{term.chunk_first, term.chunk_end};
    out.terms.push_back({.xorb = row.hash, .content_bytes = term.raw_bytes, .chunks = chunks});
    auto [at, is_new] = runs.try_emplace(term.xorb);
    if (is_new) order.push_back(term.xorb);
    at->second.push_back({chunks, {term.body_first, term.body_end}});
  }
  std::string base = in.options.cas_url + "/v1/transfer/";
  std::int64_t expires = (in.clock.now() + in.options.url_life).seconds();
  for (auto id : order) {
    const auto& row = found.rows.at(id);
    Reconstruction::Xorb xorb{row.hash, {}};
    for (const auto& run : joined(std::move(runs[id]))) {
      TransferUrl url{row.hash, std::string(incarnation_of(row.key)), run.body, expires};
      xorb.fetches.push_back({run.chunks, run.body, sign_url(in.keyring, base, url)});
    }
    out.xorbs.push_back(std::move(xorb));
  }
  return out;
}

}  // namespace

Task<Result<Reconstruction>> Xet::reconstruct(Token token, Hash file, std::optional<Span> span) {
  Inner& in = *inner_;
  auto look = [&in, token, file, span](db::Tx& tx) { return find(tx, in, token.repo, file, span); };
  CAIRN_CO_TRY(rows, co_await in.database.read(look));
  auto found = std::make_shared<Found>(std::move(rows));
  if (found->terms.empty()) co_return Reconstruction{};
  in.note_followed(found->file);
  auto build = [&in, found]() -> Result<Reconstruction> {
    CAIRN_TRY(offset, trim(in, *found));
    return assemble(in, *found, offset);
  };
  co_return co_await in.blocking.run(build);
}

Task<Result<std::uint64_t>> Xet::file_size(Token token, Hash file) {
  auto look = [token, file](db::Tx& tx) -> Result<std::uint64_t> {
    auto row = find_linked_file(tx, token.repo, file);
    if (!row) return no_file();
    return row->size_bytes;
  };
  co_return co_await inner_->database.read(look);
}

Task<Result<Transfer>> Xet::open_transfer(Hash xorb, std::string incarnation, std::string range,
                                          std::string expires, std::string signature) {
  Inner& in = *inner_;
  CAIRN_CO_TRY(url,
               check_url(in.keyring, xorb, incarnation, range, expires, signature, in.clock.now()));
  storage::Key key{"xorb/" + digest_of(xorb).hex() + "/" + url.incarnation};
  auto known = in.xorbs.find(key);
  if (!known) {
    auto open = [&in, key] { return in.xorbs.open(key); };
    CAIRN_CO_TRY(opened, co_await in.blocking.run(open));
    known = opened;
  }
  co_return Transfer{known->reader, xorb, known->index.body_bytes(), url.range};
}

Task<Result<std::string>> Xet::read(std::shared_ptr<storage::Reader> reader, std::uint64_t offset,
                                    std::uint64_t count) {
  auto step = [reader, offset, count] {
    return reader->read({offset, std::min<std::uint64_t>(count, 1 << 20)});
  };
  co_return co_await inner_->blocking.run(step);
}

}  // namespace cairn::xet
