#include <algorithm>
#include <thread>

#include "base/log.h"
#include "hub/xet/inner.h"
#include "hub/xet/reader.h"
#include "platform/xet/importer.h"

namespace cairn::xet {
namespace {

constexpr std::uint64_t read_bytes = 4 << 20;
/// Reads of a step, 64 MiB: other work gets the thread in between.
constexpr int reads_per_step = 16;
/// So many candidates at a time: most are cut when they are found.
constexpr int candidates = 16;
/// Xorbs that may hold a chunk that is looked up, and those beside them in the same file: some 1
/// GiB of content.
constexpr int lookups_max = 4;
constexpr int neighbours_max = 16;
/// Threads that hash and compress: uploads and downloads need the others.
constexpr unsigned threads_max = 2;

/// Cuts one whole file. What the hub has in chunks it may use, whoever brought it: the whole bytes
/// are here.
class Cutting final : public ImportStore {
 public:
  Cutting(Inner& inner, lfs::Object object, std::unique_ptr<storage::Reader> reader)
      : inner_(inner),
        object_(std::move(object)),
        whole_(std::move(reader)),
        importer_(*this,
                  {.threads = std::clamp(std::thread::hardware_concurrency(), 1u, threads_max)}) {}

  // ---- Steps, on Blocking threads ----

  /// Reads, cuts and stores some. @return whether that is all of it.
  Result<bool> cut() {
    CAIRN_TRY(all, read_some(*whole_, [this](std::string_view bytes) -> Result<> {
                return importer_.write(bytes);
              }));
    if (!all) return false;
    CAIRN_TRY(file, importer_.finish());
    name_ = file.file;
    for (const auto& term : file.terms) {
      auto id = ids_.at(term.xorb);
      CAIRN_TRY(xorb, inner_.open_xorb(id));
      // The hub may have had the xorb in another serialization: records then lie elsewhere in it.
      auto records = xorb->index.records(term.chunks);
      if (terms_.empty()) first_chunk_ = xorb->index.chunk(term.chunks.first);
      terms_.push_back({id, term.chunks.first, term.chunks.end, term.content_bytes,
                        static_cast<std::uint32_t>(records.first),
                        static_cast<std::uint32_t>(records.end)});
    }
    CAIRN_TRY(back, make_file_reader(inner_, terms_, object_.size_bytes));
    back_ = back;
    at_ = 0;
    return true;
  }

  /// Puts the file together from what was stored, before the whole copy may go.
  /// @return whether that is all of it.
  Result<bool> verify() {
    return read_some(*back_, [](std::string_view) -> Result<> { return {}; });
  }

  /// The file and its links, in one transaction: from then on the whole copy is condemned.
  Result<> settle() {
    std::vector<XorbId> held;
    for (const auto& term : terms_) held.push_back(term.xorb);
    std::ranges::sort(held);
    held.erase(std::unique(held.begin(), held.end()), held.end());
    auto write = [this, &held](db::Tx& tx) -> Result<> {
      auto repos = repos_of(tx, object_.id);
      for (auto repo : repos) tx.lock_row(db::Lockable::repo, repo.value);
      if (!hold_xorbs(tx, held, tx.now() + inner_.options.grace))
        return fail(ErrorCode::unavailable, "XorbGone",
                    "The hub cleared away a xorb of this file meanwhile. Try again.");
      add_key_chunk(tx, first_chunk_, terms_.front().xorb);
      NewFile file{name_, object_.digest, object_.size_bytes, terms_};
      for (auto repo : repos) put_file(tx, repo, file, std::nullopt);
      return {};
    };
    CAIRN_CHECK(inner_.database.write_now(write));
    log::info("xet.cut.done", {{"object", object_.id.value},
                               {"size_bytes", object_.size_bytes},
                               {"stored_bytes", stored_bytes_}});
    return {};
  }

  // ---- ImportStore ----

  Result<std::vector<XorbIndex>> xorbs_near(const Hash& chunk) override {
    auto find = [&chunk](db::Tx& tx) -> Result<std::vector<XorbRow>> {
      std::vector<XorbRow> out;
      for (const auto& row : key_xorbs(tx, chunk, lookups_max)) {
        out.push_back(row);
        for (const auto& holder : holders(tx, row.id, 1))
          for (auto& beside : neighbours(tx, holder.file, row.id, neighbours_max))
            if (beside.id != row.id) out.push_back(std::move(beside));
      }
      return out;
    };
    CAIRN_TRY(rows, inner_.database.read_now(find));
    std::vector<XorbIndex> out;
    for (const auto& row : rows) {
      auto xorb = inner_.xorbs.open(row.key);
      if (!xorb) continue;
      inner_.remember(row);
      ids_.emplace(row.hash, row.id);
      out.push_back((*xorb)->index);
    }
    return out;
  }

  Result<> store(const XorbWriter::Finished& xorb) override {
    CAIRN_TRY(kept, keep_xorb(inner_, xorb));
    ids_.insert_or_assign(xorb.index.xorb(), kept.id);
    stored_bytes_ += xorb.body.size();
    return {};
  }

 private:
  /// Hands on the next bytes. @return whether those were the last, and then that they are the file.
  template <class Sink>
  Result<bool> read_some(storage::Reader& reader, Sink sink) {
    for (int n = 0; n < reads_per_step && at_ < object_.size_bytes; ++n) {
      CAIRN_TRY(bytes, reader.read({at_, std::min(read_bytes, object_.size_bytes - at_)}));
      sha256_.update(bytes);
      at_ += bytes.size();
      CAIRN_CHECK(sink(bytes));
    }
    if (at_ < object_.size_bytes) return false;
    if (sha256_.finish() != object_.digest)
      return fail(
                 ErrorCode::corrupt, "ObjectCorrupt",
                 "A stored large file has another SHA-256 than its name says. Ask an administrator "
                 "to run cairn fsck.")
          .with("key", object_.key.text);
    return true;
  }

  Inner& inner_;
  lfs::Object object_;
  std::unique_ptr<storage::Reader> whole_;
  std::shared_ptr<storage::Reader> back_;
  std::uint64_t at_ = 0;  ///< In the one that is read.
  Sha256 sha256_;
  FileImporter importer_;
  std::unordered_map<Hash, XorbId> ids_;
  Hash name_;
  Hash first_chunk_;
  std::vector<StoredTerm> terms_;
  std::uint64_t stored_bytes_ = 0;
};

}  // namespace

Result<XorbRow> keep_xorb(Inner& in, const XorbWriter::Finished& xorb) {
  auto name = xorb.index.xorb();
  auto key = storage::make_key("xorb", digest_of(name).hex());
  auto tail = encode_tail(xorb.index);
  CAIRN_TRY(writer, in.store.create(key));
  CAIRN_CHECK(writer->write(xorb.body));
  CAIRN_CHECK(writer->write(tail));
  CAIRN_CHECK(writer->commit());
  XorbRow row{.id = {},
              .hash = name,
              .key = key,
              .body_bytes = static_cast<std::uint32_t>(xorb.body.size()),
              .raw_bytes = xorb.index.content_bytes(),
              .chunks = xorb.index.count(),
              .known_until = {}};
  auto adopt = [&](db::Tx& tx) -> Result<XorbRow> {
    auto known = adopt_xorb(tx, row, xorb.body.size() + tail.size(), tx.now() + in.options.grace,
                            UserId{}, true);
    for (std::uint32_t i = 0; i < xorb.index.count(); ++i)
      if (auto chunk = xorb.index.chunk(i); chunk.is_key_chunk())
        add_key_chunk(tx, chunk, known->id);
    return *known;
  };
  CAIRN_TRY(adopted, in.database.write_now(adopt));
  if (adopted.key != key) CAIRN_CHECK(in.store.remove(key));
  in.remember(adopted);
  return adopted;
}

Task<Result<std::uint64_t>> Xet::chunk_next(std::uint64_t bytes_min, Duration age_min) {
  Inner& in = *inner_;
  auto find = [&in, bytes_min, age_min](db::Tx& tx) -> Result<std::optional<lfs::Object>> {
    for (auto after = in.whole_after;;) {
      auto page = whole_files(tx, after, bytes_min, tx.now() - age_min, candidates);
      for (auto& object : page)
        if (!repos_of(tx, object.id).empty()) return std::optional(std::move(object));
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
  for (bool all = false; !all;) {
    auto step = [cutting] { return cutting->cut(); };
    CAIRN_CO_TRY(done, co_await in.blocking.run(step));
    all = done;
  }
  for (bool all = false; !all;) {
    auto step = [cutting] { return cutting->verify(); };
    CAIRN_CO_TRY(done, co_await in.blocking.run(step));
    all = done;
  }
  auto settle = [cutting] { return cutting->settle(); };
  CAIRN_CO_CHECK(co_await in.blocking.run(settle));
  co_return object->size_bytes;
}

}  // namespace cairn::xet
