#include <algorithm>
#include <set>

#include "hub/xet/inner.h"
#include "hub/xet/token.h"

namespace cairn::xet {
namespace {

/// Xorbs that may hold one chunk: rarely more than one.
constexpr int candidates_max = 8;
/// Repositories asked about one of them.
constexpr int holders_max = 64;
/// Xorbs of one answer: some 4 GiB of neighbours for 3 MiB of answer. A client asks again only at
/// the next chunk that may be asked for, so that each answer's end costs it some chunks.
constexpr int xorbs_max = 64;
/// As many more, as long as nobody could ask for them by a chunk of their own.
constexpr int unasked_max = 8;
/// Answers stay below, whatever the xorbs hold (8192 chunks are 390 KB).
constexpr std::uint32_t chunks_max = 80'000;

Failure no_chunk() {
  return fail(ErrorCode::not_found, "XetChunkNotFound", "No answer for this chunk.");
}

/// The first xorb that may be shown, and those beside it in the same file.
struct Shown {
  XorbId key_xorb;
  std::vector<XorbRow> xorbs;
};

bool may_show(db::Tx& tx, const Options& options, RepoId asker, RepoId holder) {
  if (asker == holder) return true;
  if (options.dedup_scope == DedupScope::repository || !options.reveals) return false;
  return options.reveals(tx, options.dedup_scope, asker, holder);
}

std::vector<XorbRow> answer_of(db::Tx& tx, lfs::ObjectId file, XorbId xorb) {
  auto rows = neighbours(tx, file, xorb, xorbs_max + unasked_max);
  std::size_t count = std::min(rows.size(), std::size_t{xorbs_max});
  while (count < rows.size() && !has_key_chunk(tx, rows[count].id)) ++count;
  rows.resize(count);
  return rows;
}

std::optional<Shown> find_shown(db::Tx& tx, const Options& options, RepoId asker,
                                const Hash& chunk) {
  for (const auto& candidate : key_xorbs(tx, chunk, candidates_max)) {
    std::set<RepoId> asked;
    for (const auto& holder : holders(tx, candidate.id, holders_max)) {
      if (!asked.insert(holder.repo).second) continue;
      if (!may_show(tx, options, asker, holder.repo)) continue;
      return Shown{candidate.id, answer_of(tx, holder.file, candidate.id)};
    }
  }
  return std::nullopt;
}

/// What an answer is made of, open.
struct Answer {
  std::vector<XorbRow> rows;
  std::vector<std::shared_ptr<const OpenXorb>> open;
  bool has_chunk = false;
};

/// The key's xorb first, then its neighbours as far as there is room. Blocks.
Result<Answer> open_all(Inner& in, const Shown& shown, const Hash& chunk) {
  auto rows = shown.xorbs;
  if (auto key = std::ranges::find(rows, shown.key_xorb, &XorbRow::id); key != rows.end())
    std::rotate(rows.begin(), key, key + 1);
  Answer out;
  std::uint32_t chunks = 0;
  for (const auto& row : rows) {
    // The name of a xorb of one chunk is the chunk's plain hash: whoever has it could claim the
    // chunk without having its bytes (10.1).
    if (row.chunks < 2 || chunks + row.chunks > chunks_max) continue;
    auto xorb = in.xorbs.open(row.key);
    if (!xorb) continue;  // An answer may leave out what it likes.
    const auto& index = (*xorb)->index;
    for (std::uint32_t i = 0; i < index.count() && row.id == shown.key_xorb; ++i)
      out.has_chunk = out.has_chunk || index.chunk(i) == chunk;
    if (!out.has_chunk) return no_chunk();  // Another chunk with the same first bytes.
    chunks += row.chunks;
    out.rows.push_back(row);
    out.open.push_back(*xorb);
  }
  if (out.rows.empty()) return no_chunk();
  return out;
}

std::string encode(const Answer& answer, const Hash& key, Time now, Time expires) {
  std::vector<DedupXorb> xorbs;
  for (const auto& xorb : answer.open) {
    DedupXorb one{&xorb->index, {}};
    for (std::uint32_t i = 0; i < xorb->index.count(); ++i)
      if (xorb->index.chunk(i).is_key_chunk()) one.keys.push_back(i);
    xorbs.push_back(std::move(one));
  }
  return write_dedup_shard(xorbs, key, static_cast<std::uint64_t>(now.seconds()),
                           static_cast<std::uint64_t>(expires.seconds()));
}

}  // namespace

Task<Result<std::string>> Xet::find_chunk(Token token, Hash chunk) {
  Inner& in = *inner_;
  ++in.chunk_queries;
  if (in.options.dedup_scope == DedupScope::off) co_return no_chunk();
  auto look = [&in, token, chunk](db::Tx& tx) -> Result<std::optional<Shown>> {
    return find_shown(tx, in.options, token.repo, chunk);
  };
  CAIRN_CO_TRY(shown, co_await in.database.read(look));
  if (!shown) co_return no_chunk();
  auto open = [&in, shown = *shown, chunk] { return open_all(in, shown, chunk); };
  CAIRN_CO_TRY(answer, co_await in.blocking.run(open));

  // Whoever gets the answer may name these xorbs until it expires: that is written first. Rows are
  // kept for longer than an answer lives, so most of the time there is nothing to write.
  Time now = in.clock.now();
  Time expires = now + in.options.dedup_life;
  std::vector<XorbId> short_lived;
  for (const auto& row : answer.rows)
    if (row.known_until < expires) short_lived.push_back(row.id);
  if (!short_lived.empty()) {
    std::ranges::sort(short_lived);
    auto prolong = [&in, short_lived](db::Tx& tx) -> Result<bool> {
      bool all = true;
      for (auto id : short_lived)
        all = prolong_xorb(tx, id, tx.now() + in.options.dedup_life + days(1)) && all;
      return all;
    };
    CAIRN_CO_TRY(all, co_await in.database.write(prolong));
    if (!all) co_return no_chunk();
  }
  ++in.chunk_hits;
  auto build = [answer = std::move(answer), key = dedup_key(in.keyring, now), now, expires] {
    return encode(answer, key, now, expires);
  };
  co_return co_await in.blocking.run(build);
}

}  // namespace cairn::xet
