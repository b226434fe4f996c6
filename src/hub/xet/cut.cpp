#include <algorithm>

#include "base/log.h"
#include "hub/xet/inner.h"
#include "hub/xet/reader.h"
#include "platform/xet/chunker.h"

namespace cairn::xet {
namespace {

constexpr std::uint64_t read_bytes = 1 << 20;
/// Reads of a step of verifying.
constexpr std::uint64_t verify_reads = 64;
/// So many candidates at a time: most are cut when they are found.
constexpr int candidates = 16;
/// Larger ones stay whole: indexes and references are held while they are cut, some 100 bytes per
/// 64 KiB.
constexpr std::uint64_t file_bytes_max = 256ull << 30;
/// Xorbs that may hold a chunk that is looked up.
constexpr int lookups_max = 4;
/// Xorbs beside one of them that are learned as well: some 4 GiB of content.
constexpr int neighbours_max = 64;
/// Chunks of known xorbs in memory, 50 bytes each.
constexpr std::size_t known_chunks_max = 2'000'000;

/// Cuts one whole file: packs the chunks that the hub does not have into xorbs, and refers to those
/// that it has. What it has it may use, whoever brought it: the whole bytes are here.
class Cutting {
 public:
  Cutting(Inner& inner, lfs::Object object, std::unique_ptr<storage::Reader> reader)
      : inner_(inner), object_(std::move(object)), reader_(std::move(reader)) {}

  /// Goes on until a xorb is full or the file ends. Blocks.
  Result<> step() {
    while (at_ < object_.size_bytes) {
      CAIRN_TRY(bytes, reader_->read({at_, std::min(read_bytes, object_.size_bytes - at_)}));
      sha256_.update(bytes);
      at_ += bytes.size();
      std::string_view rest = bytes;
      while (auto length = chunker_.next(rest)) {
        chunk_ += rest.substr(0, *length);
        rest.remove_prefix(*length);
        CAIRN_CHECK(take_chunk());
      }
      chunk_ += rest;
      if (written_) {
        written_ = false;
        return {};
      }
    }
    if (!chunk_.empty()) CAIRN_CHECK(take_chunk());
    if (writer_.count() > 0) CAIRN_CHECK(write_xorb());
    done_ = true;
    if (sha256_.finish() != object_.digest) return damaged();
    return {};
  }
  [[nodiscard]] bool done() const { return done_; }

  /// Puts the file together from what was written, once, before the whole copy may go. Blocks.
  /// @return whether that is all of it; `corrupt` when it is another file.
  Result<bool> verify() {
    if (!back_) {
      CAIRN_TRY(reader, make_file_reader(inner_, make_terms(), object_.size_bytes));
      back_ = reader;
      at_ = 0;
    }
    for (std::uint64_t n = 0; n < verify_reads && at_ < object_.size_bytes; ++n) {
      CAIRN_TRY(bytes, back_->read({at_, std::min(read_bytes, object_.size_bytes - at_)}));
      sha256_.update(bytes);
      at_ += bytes.size();
    }
    if (at_ < object_.size_bytes) return false;
    if (sha256_.finish() != object_.digest) return damaged();
    return true;
  }

  /// The file and its links, in one transaction: from then on the whole copy is condemned.
  Result<> settle() {
    Hash name = merkle_.file();
    auto terms = make_terms();
    auto write = [this, &name, &terms](db::Tx& tx) -> Result<bool> {
      auto repos = repos_of(tx, object_.id);
      for (auto repo : repos) tx.lock_row(db::Lockable::repo, repo.value);
      Time known_until = tx.now() + inner_.options.grace;
      std::vector<XorbId> held;
      for (const auto& term : terms) held.push_back(term.xorb);
      std::ranges::sort(held);
      held.erase(std::unique(held.begin(), held.end()), held.end());
      if (!hold_xorbs(tx, held, known_until))
        return fail(ErrorCode::unavailable, "XorbGone",
                    "The hub cleared away a xorb of this file meanwhile. Try again.");
      add_key_chunk(tx, first_chunk_, terms.front().xorb);
      NewFile file{name, object_.digest, object_.size_bytes, terms};
      for (auto repo : repos) put_file(tx, repo, file, std::nullopt);
      return true;
    };
    CAIRN_CHECK(inner_.database.write_now(write));
    log::info("xet.cut.done", {{"object", object_.id.value},
                               {"size_bytes", object_.size_bytes},
                               {"new_bytes", new_bytes_}});
    return {};
  }

 private:
  Failure damaged() const {
    return fail(ErrorCode::corrupt, "ObjectCorrupt",
                "A stored large file has another SHA-256 than its name says. Ask an administrator "
                "to "
                "run cairn fsck.")
        .with("key", object_.key.text);
  }

  /// A xorb that the file uses.
  struct Used {
    XorbId id;
    XorbIndex index;  ///< A copy: an open one holds a descriptor.
  };
  struct Ref {
    std::uint32_t xorb;  ///< Place in `xorbs_`; of the one being packed: its place to be.
    std::uint32_t chunk;
    std::uint32_t bytes;
  };

  Result<> take_chunk() {
    auto hash = chunk_hash(chunk_);
    auto bytes = static_cast<std::uint32_t>(chunk_.size());
    merkle_.add(hash, bytes);
    if (refs_.empty()) first_chunk_ = hash;
    if (!known_.contains(hash) && (refs_.empty() || hash.is_key_chunk()))
      CAIRN_CHECK(look_up(hash));
    if (auto at = known_.find(hash); at != known_.end()) {
      refs_.push_back({at->second.first, at->second.second, bytes});
    } else if (auto again = packing_.find(hash); again != packing_.end()) {
      pending_.push_back(refs_.size());
      refs_.push_back({0, again->second, bytes});
    } else {
      if (!writer_.has_room(bytes)) CAIRN_CHECK(write_xorb());
      // Its xorb is not in `xorbs_` yet: it gets the number after all that may come before it.
      pending_.push_back(refs_.size());
      refs_.push_back({0, writer_.count(), bytes});
      packing_.emplace(hash, writer_.count());
      writer_.add(hash, chunk_);
      new_bytes_ += bytes;
    }
    chunk_.clear();
    return {};
  }

  /// Learns all chunks of xorbs that may hold this one, and of those beside them in the same files.
  Result<> look_up(const Hash& hash) {
    if (known_.size() > known_chunks_max) known_.clear();
    auto find = [&hash](db::Tx& tx) -> Result<std::vector<XorbRow>> {
      std::vector<XorbRow> out;
      for (const auto& row : key_xorbs(tx, hash, lookups_max)) {
        out.push_back(row);
        for (const auto& holder : holders(tx, row.id, 1))
          for (auto& beside : neighbours(tx, holder.file, row.id, neighbours_max))
            if (beside.id != row.id) out.push_back(std::move(beside));
      }
      return out;
    };
    CAIRN_TRY(rows, inner_.database.read_now(find));
    for (const auto& row : rows) {
      auto open = inner_.xorbs.open(row.key);
      if (!open) continue;
      auto place = static_cast<std::uint32_t>(xorbs_.size());
      xorbs_.push_back({row.id, (*open)->index});
      for (std::uint32_t i = 0; i < (*open)->index.count(); ++i)
        known_.emplace((*open)->index.chunk(i), std::pair{place, i});
    }
    return {};
  }

  Result<> write_xorb() {
    auto made = writer_.finish();
    auto name = made.index.xorb();
    auto key = storage::make_key("xorb", digest_of(name).hex());
    auto tail = encode_tail(made.index);
    CAIRN_TRY(writer, inner_.store.create(key));
    CAIRN_CHECK(writer->write(made.body));
    CAIRN_CHECK(writer->write(tail));
    CAIRN_CHECK(writer->commit());
    XorbRow row{.id = {},
                .hash = name,
                .key = key,
                .body_bytes = static_cast<std::uint32_t>(made.body.size()),
                .raw_bytes = made.index.content_bytes(),
                .chunks = made.index.count(),
                .known_until = {}};
    std::uint64_t object_bytes = made.body.size() + tail.size();
    auto adopt = [&](db::Tx& tx) -> Result<XorbRow> {
      auto known =
          adopt_xorb(tx, row, object_bytes, tx.now() + inner_.options.grace, UserId{}, true);
      for (std::uint32_t i = 0; i < made.index.count(); ++i)
        if (auto chunk = made.index.chunk(i); chunk.is_key_chunk())
          add_key_chunk(tx, chunk, known->id);
      return *known;
    };
    CAIRN_TRY(adopted, inner_.database.write_now(adopt));
    if (adopted.key != key) CAIRN_CHECK(inner_.store.remove(key));
    // When the hub had the xorb in another serialization, records lie elsewhere in it.
    CAIRN_TRY(open, inner_.xorbs.open(adopted.key));
    auto place = static_cast<std::uint32_t>(xorbs_.size());
    xorbs_.push_back({adopted.id, open->index});
    for (auto at : pending_) refs_[at].xorb = place;
    pending_.clear();
    packing_.clear();
    for (std::uint32_t i = 0; i < open->index.count(); ++i)
      known_.emplace(open->index.chunk(i), std::pair{place, i});
    written_ = true;
    return {};
  }

  [[nodiscard]] std::vector<StoredTerm> make_terms() const {
    std::vector<StoredTerm> out;
    for (const auto& ref : refs_) {
      auto id = xorbs_[ref.xorb].id;
      if (!out.empty() && out.back().xorb == id && out.back().chunk_end == ref.chunk &&
          out.back().raw_bytes < term_bytes_max) {
        ++out.back().chunk_end;
        out.back().raw_bytes += ref.bytes;
      } else {
        out.push_back({id, ref.chunk, ref.chunk + 1, ref.bytes, 0, 0});
      }
    }
    std::map<XorbId, const XorbIndex*> indexes;
    for (const auto& xorb : xorbs_) indexes[xorb.id] = &xorb.index;
    for (auto& term : out) {
      auto records = indexes.at(term.xorb)->records({term.chunk_first, term.chunk_end});
      term.body_first = static_cast<std::uint32_t>(records.first);
      term.body_end = static_cast<std::uint32_t>(records.end);
    }
    return out;
  }

  /// Of a term: sizes have 32 bits.
  static constexpr std::uint32_t term_bytes_max = 1u << 30;

  Inner& inner_;
  lfs::Object object_;
  std::unique_ptr<storage::Reader> reader_;
  std::uint64_t at_ = 0;
  Sha256 sha256_;
  Chunker chunker_;
  std::string chunk_;
  MerkleBuilder merkle_;
  XorbWriter writer_;
  Hash first_chunk_;
  std::vector<Used> xorbs_;
  std::vector<Ref> refs_;
  std::vector<std::size_t> pending_;  ///< Places in `refs_` of chunks that `writer_` has.
  std::unordered_map<Hash, std::uint32_t> packing_;  ///< Those chunks.
  std::unordered_map<Hash, std::pair<std::uint32_t, std::uint32_t>> known_;
  std::shared_ptr<storage::Reader> back_;
  std::uint64_t new_bytes_ = 0;
  bool written_ = false;
  bool done_ = false;
};

}  // namespace

Task<Result<std::uint64_t>> Xet::chunk_next(std::uint64_t bytes_min, Duration age_min) {
  Inner& in = *inner_;
  auto find = [&in, bytes_min, age_min](db::Tx& tx) -> Result<std::optional<lfs::Object>> {
    for (auto after = in.whole_after;;) {
      auto page = whole_files(tx, after, bytes_min, tx.now() - age_min, candidates);
      for (auto& object : page)
        if (object.size_bytes <= file_bytes_max && !repos_of(tx, object.id).empty())
          return std::optional(std::move(object));
      if (page.size() < candidates) return std::optional<lfs::Object>{};
      after = page.back().id;
    }
  };
  CAIRN_CO_TRY(object, co_await in.database.read(find));
  if (!object) {
    in.whole_after = {};
    co_return std::uint64_t{0};
  }
  // One that cannot be cut now is left until all others were looked at.
  in.whole_after = object->id;
  auto open = [&in, object = *object] { return in.store.open(object.key); };
  CAIRN_CO_TRY(reader, co_await in.blocking.run(open));
  auto cutting = std::make_shared<Cutting>(in, *object, std::move(reader));
  while (!cutting->done()) {
    auto step = [cutting] { return cutting->step(); };
    CAIRN_CO_CHECK(co_await in.blocking.run(step));
  }
  for (bool verified = false; !verified;) {
    auto verify = [cutting] { return cutting->verify(); };
    CAIRN_CO_TRY(all, co_await in.blocking.run(verify));
    verified = all;
  }
  auto settle = [cutting] { return cutting->settle(); };
  CAIRN_CO_CHECK(co_await in.blocking.run(settle));
  co_return object->size_bytes;
}

}  // namespace cairn::xet
