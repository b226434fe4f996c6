#pragma once
// For tests of this module and of those above it: a store of chunks on a disk in memory, and what a
// client does before it sends something.
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hub/lfs/testing.h"
#include "hub/xet/store.h"
#include "hub/xet/xet.h"
#include "platform/xet/chunker.h"

namespace cairn::xet::testing {

using lfs::testing::bytes_of;
using lfs::testing::run;
using lfs::testing::source_of;

/// The word of an error; empty when there is none.
std::string word(const auto& result) {
  return result ? "" : result.error().word;
}

/// A file as a client prepares it.
struct Prepared {
  std::string content;
  std::vector<XorbWriter::Finished> xorbs;
  std::vector<Hash> chunks;
  FileBlock file;

  [[nodiscard]] std::vector<XorbBlock> xorb_blocks() const {
    std::vector<XorbBlock> out;
    for (const auto& xorb : xorbs) {
      XorbBlock block{xorb.index.xorb(), 0, {}};
      for (std::uint32_t i = 0; i < xorb.index.count(); ++i)
        block.chunks.push_back({xorb.index.chunk(i), xorb.index.chunk_bytes(i), false});
      out.push_back(std::move(block));
    }
    return out;
  }
  [[nodiscard]] std::string shard() const {
    return write_upload_shard(std::vector{file}, xorb_blocks());
  }
};

/// Cuts, packs and describes. @param chunks_max  of a xorb, so that small content has several.
inline Prepared prepare(std::string content, std::uint32_t chunks_max = xorb_chunks_max) {
  Prepared out;
  out.content = std::move(content);
  out.file.sha256 = sha256(out.content);
  std::vector<SizedHash> all;
  XorbWriter writer;
  auto finish = [&] {
    if (writer.count() == 0) return;
    auto xorb = writer.finish();
    ChunkRange range{0, xorb.index.count()};
    out.file.terms.push_back(
        {.xorb = xorb.index.xorb(),
         .content_bytes = static_cast<std::uint32_t>(xorb.index.content_bytes()),
         .chunks = range});
    out.file.range_hashes.push_back(xorb.index.range_hash(range));
    out.xorbs.push_back(std::move(xorb));
  };
  std::size_t at = 0;
  for (auto length : chunk_lengths(out.content)) {
    auto chunk = std::string_view(out.content).substr(at, length);
    auto hash = chunk_hash(chunk);
    if (writer.count() == chunks_max || !writer.has_room(length)) finish();
    writer.add(hash, chunk);
    out.chunks.push_back(hash);
    all.push_back({hash, length});
    at += length;
  }
  finish();
  out.file.file = file_hash(all);
  return out;
}

/// One hub's store, and shortcuts to it.
class World {
 public:
  explicit World(db::Engine engine = db::Engine::sqlite) : database_files_(engine) {
    auto database_options = database_files_.options();
    if (engine == db::Engine::sqlite) database_options.test_clock = &clock;
    database = db::testing::TestDatabase::open(database_options);
    auto steps = lfs::lfs_migrations();
    for (const auto& step : xet_migrations()) steps.push_back(step);
    // The rows that lock_row() locks belong to other modules.
    steps.push_back({"20261126T1200_test", db::Migration::Kind::expand,
                     "CREATE TABLE repos (id @id) @strict; CREATE TABLE owners (id @id) @strict;"});
    if (!database->migrate(steps, "1.0")) throw std::runtime_error("migrate");
    if (!files->make_folder("/data")) throw std::runtime_error("make_folder");
    store = std::move(storage::open_local_store("/data/objects", files).value());
    options.cas_url = "https://hub.example/xet";
    restart();
  }

  /// As after `options` changed, or the program started again.
  void restart() {
    xet.reset();
    xet = std::make_unique<Xet>(*database, *store, blocking, keyring, clock, options);
  }

  template <class Function>
  auto read(Function function) {
    using T = std::invoke_result_t<Function, db::Tx&>;
    auto body = [&](db::Tx& tx) -> Result<T> { return function(tx); };
    return database->read_now(body).value();
  }
  template <class Function>
  auto write(Function function) {
    using T = std::invoke_result_t<Function, db::Tx&>;
    auto body = [&](db::Tx& tx) -> Result<T> { return function(tx); };
    return database->write_now(body).value();
  }

  [[nodiscard]] Token token(RepoId repo, Right right = Right::write, UserId who = user) const {
    return xet->open_token(xet->issue_token(repo, who, right).text).value();
  }

  Result<> send_xorb(const Token& as, const Hash& name, const std::string& body,
                     std::size_t piece_bytes = 64 << 10) {
    return run(xet->receive_xorb(as, name, body.size(), source_of(body, piece_bytes)));
  }
  /// @return whether the repository had none of its files.
  Result<bool> send_shard(const Token& as, const std::string& shard) {
    CAIRN_TRY(registration, run(xet->receive_shard(as, shard.size(), source_of(shard))));
    for (;;) {
      CAIRN_TRY(progress, run(xet->step(registration)));
      if (progress.done) return progress.is_new;
    }
  }
  Result<bool> upload(const Token& as, const Prepared& file) {
    for (const auto& xorb : file.xorbs) CAIRN_CHECK(send_xorb(as, xorb.index.xorb(), xorb.body));
    return send_shard(as, file.shard());
  }

  [[nodiscard]] std::optional<lfs::Linked> linked(RepoId repo, const std::string& content) {
    return read([&](db::Tx& tx) { return lfs::linked(tx, repo, sha256(content)); });
  }
  /// A linked file's bytes, as plain HTTP gets them.
  Result<std::string> content(RepoId repo, const Sha256Digest& digest) {
    auto link = read([&](db::Tx& tx) { return lfs::linked(tx, repo, digest); });
    if (!link) return fail(ErrorCode::not_found, "NotLinked", "no link");
    CAIRN_TRY(reader, xet->open_file(*link));
    return reader->read({0, reader->size_bytes()});
  }
  /// What a client makes of a reconstruction, by the rules of section 7.5.
  Result<std::string> assemble(const Token& as, const Hash& file, std::optional<Span> span,
                               std::uint64_t length) {
    CAIRN_TRY(made, run(xet->reconstruct(as, file, span)));
    std::string out;
    for (const auto& term : made.terms) {
      int covering = 0;
      for (const auto& xorb : made.xorbs) {
        for (const auto& fetch : xorb.fetches) {
          if (xorb.hash != term.xorb || fetch.chunks.first > term.chunks.first ||
              fetch.chunks.end < term.chunks.end)
            continue;
          ++covering;
          CAIRN_TRY(bytes, fetch_url(fetch.url, fetch.body));
          auto decoded = decode(bytes, term.chunks.first - fetch.chunks.first,
                                term.chunks.end - term.chunks.first);
          if (decoded.size() != term.content_bytes) throw std::runtime_error("unpacked_length");
          out += decoded;
        }
      }
      if (covering != 1) throw std::runtime_error("a term lies in several fetches, or in none");
    }
    return out.substr(static_cast<std::size_t>(made.offset_into_first_range),
                      static_cast<std::size_t>(length));
  }
  /// The bytes behind a signed URL.
  Result<std::string> fetch_url(const std::string& url, ByteRange range) {
    auto parts = parts_of(url);
    CAIRN_TRY(hash, Hash::parse(parts["xorb"]));
    CAIRN_TRY(transfer,
              run(xet->open_transfer(hash, parts["i"], parts["r"], parts["e"], parts["s"])));
    if (transfer.range != range) throw std::runtime_error("the URL is for another range");
    return transfer.reader->read({range.first, range.count()});
  }
  /// "xorb" and the query's parameters.
  static std::map<std::string, std::string> parts_of(const std::string& url) {
    std::map<std::string, std::string> out;
    auto query = url.find('?');
    out["xorb"] = url.substr(url.rfind('/', query) + 1, 64);
    for (std::size_t at = query; at != std::string::npos;) {
      auto next = url.find('&', at + 1);
      auto pair = url.substr(at + 1, next == std::string::npos ? next : next - at - 1);
      out[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
      at = next;
    }
    return out;
  }
  /// Records by themselves: no index, as a client has them.
  static std::string decode(std::string_view records, std::uint32_t skip, std::uint32_t count) {
    std::string out;
    for (std::uint32_t i = 0; i < skip + count; ++i) {
      auto header = parse_record_header(records).value();
      std::string chunk(header.chunk_bytes, '\0');
      auto payload = records.substr(record_header_bytes, header.payload_bytes);
      if (!decode_chunk(header, payload, chunk.data())) throw std::runtime_error("decode");
      if (i >= skip) out += chunk;
      records.remove_prefix(record_header_bytes + header.payload_bytes);
    }
    return out;
  }

  [[nodiscard]] std::vector<storage::Listed> stored() {
    return store->list("xorb/", {}, 1000).value();
  }
  /// @return what a check found wrong; notes are left out.
  std::vector<std::string> errors(bool deep = true) {
    std::vector<std::string> out;
    auto keep = [&](Finding finding) {
      if (finding.is_error) out.push_back(finding.what);
    };
    if (auto checked = run(xet->check(deep, keep)); !checked)
      out.push_back(checked.error().message);
    return out;
  }
  /// Moves the clocks of the program and of the disk.
  void wait(Duration time) {
    clock.advance(time);
    files->advance(time);
  }

  static constexpr RepoId ada_model{1}, bob_model{2};
  static constexpr UserId user{7}, stranger{8};

  ManualClock clock;
  Keyring keyring{{std::string(32, 'k')}};
  std::shared_ptr<storage::MemoryFiles> files = std::make_shared<storage::MemoryFiles>();
  Options options;

 private:
  db::testing::TestDatabase database_files_;

 public:
  std::unique_ptr<db::Database> database;
  std::unique_ptr<storage::ObjectStore> store;
  Blocking blocking{2};
  std::unique_ptr<Xet> xet;
};

/// Puts a file together of runs of chunks that lie in xorbs, and says what it is made of.
class Composer {
 public:
  void add(const XorbWriter::Finished& xorb, ChunkRange range) {
    const auto& index = xorb.index;
    made_.file.terms.push_back(
        {.xorb = index.xorb(),
         .content_bytes = static_cast<std::uint32_t>(index.content_bytes(range)),
         .chunks = range});
    made_.file.range_hashes.push_back(index.range_hash(range));
    for (auto i = range.first; i < range.end; ++i)
      chunks_.push_back({index.chunk(i), index.chunk_bytes(i)});
    made_.content += World::decode(xorb.body, range.first, range.end - range.first);
  }
  /// All of a xorb.
  void add(const XorbWriter::Finished& xorb) { add(xorb, {0, xorb.index.count()}); }
  /// @param xorbs  what an upload brings beside the shard.
  [[nodiscard]] Prepared finish(std::vector<XorbWriter::Finished> xorbs = {}) {
    made_.xorbs = std::move(xorbs);
    made_.file.file = file_hash(chunks_);
    made_.file.sha256 = sha256(made_.content);
    return std::move(made_);
  }

 private:
  Prepared made_;
  std::vector<SizedHash> chunks_;
};

/// A file of terms anywhere in the xorbs of another one: repeated, overlapping, in any order.
inline Prepared shuffled(const Prepared& from, unsigned seed, int terms) {
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ull + 7;
  auto draw = [&](std::uint32_t below) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::uint32_t>((state >> 33) % below);
  };
  Composer file;
  for (int n = 0; n < terms; ++n) {
    const auto& xorb = from.xorbs[draw(static_cast<std::uint32_t>(from.xorbs.size()))];
    std::uint32_t first = draw(xorb.index.count());
    file.add(xorb, {first, first + 1 + draw(xorb.index.count() - first)});
  }
  return file.finish();
}

}  // namespace cairn::xet::testing
