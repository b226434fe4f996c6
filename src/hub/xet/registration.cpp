#include "hub/xet/registration.h"

#include <algorithm>
#include <chrono>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.h"
#include "hub/xet/reader.h"

namespace cairn::xet {
namespace {

/// So much is put together and hashed in one go: it stays in the processor's cache in between.
constexpr std::uint64_t hash_step_bytes = 1 << 20;
/// Clients wait 300 s for a sign of life, and want one every 20 s (7.4).
constexpr auto step_time = std::chrono::seconds(2);
/// Rows that one transaction writes: far below the 250 ms that a transaction may take. A shard of
/// the usual size has fewer.
constexpr std::size_t rows_per_step = 4000;
/// A file's own rows: object, file, link.
constexpr std::size_t rows_per_file = 3;

Failure unknown_xorb(const Hash& xorb) {
  return fail(ErrorCode::invalid_argument, "XorbNotFound",
              "The shard names xorb " + xorb.text() +
                  ", which was not uploaded to this hub, or not acknowledged. Nothing was stored.");
}

Failure wrong_name(const Hash& file) {
  return fail(ErrorCode::invalid_argument, "InvalidShard",
              "The terms of file " + file.text() +
                  " make another file. Nothing was stored: chunk the file again.");
}

Failure sha256_mismatch(const Hash& file, const Sha256Digest& claimed) {
  return fail(ErrorCode::unprocessable, "XetSha256Mismatch",
              "The content of file " + file.text() + " has not the SHA-256 " + claimed.hex() +
                  " that the shard gives it. Nothing was stored.");
}

}  // namespace

// ---- While it arrives ----

Result<Registration::Named*> Registration::named(const Hash& xorb) {
  auto at = xorbs_.find(xorb);
  if (at != xorbs_.end()) return &at->second;
  auto find = [&xorb](db::Tx& tx) -> Result<std::optional<XorbRow>> { return find_xorb(tx, xorb); };
  CAIRN_TRY(row, inner_.database.read_now(find));
  if (!row) return unknown_xorb(xorb);
  inner_.remember(*row);
  by_id_[row->id] = xorb;
  return &xorbs_.emplace(xorb, Named{*row, {}}).first->second;
}

Result<> Registration::file(FileBlock block) {
  Verified verified{
      .hash = block.file, .claimed = block.sha256, .sha256 = {}, .size_bytes = 0, .terms = {}};
  verified.terms.reserve(block.terms.size());
  FileHasher hasher;
  for (std::size_t i = 0; i < block.terms.size(); ++i) {
    const auto& term = block.terms[i];
    CAIRN_TRY(known, named(term.xorb));
    CAIRN_TRY(xorb, inner_.open_xorb(known->row.id));
    CAIRN_CHECK(check_term(term, block.range_hashes[i], xorb->index));
    hasher.add(xorb->index, term.chunks);
    auto records = xorb->index.records(term.chunks);
    verified.terms.push_back({known->row.id, term.chunks.first, term.chunks.end, term.content_bytes,
                              static_cast<std::uint32_t>(records.first),
                              static_cast<std::uint32_t>(records.end)});
    if (i == 0) known->keys.insert(xorb->index.chunk(term.chunks.first));
  }
  if (hasher.file() != block.file) return wrong_name(block.file);
  verified.size_bytes = hasher.size_bytes();
  files_.push_back(std::move(verified));
  return {};
}

Result<> Registration::xorb(XorbBlock block) {
  CAIRN_TRY(known, named(block.xorb));
  CAIRN_TRY(xorb, inner_.open_xorb(known->row.id));
  CAIRN_CHECK(check_xorb_block(block, xorb->index));
  for (std::uint32_t i = 0; i < block.chunks.size(); ++i)
    if (block.chunks[i].is_key) known->keys.insert(block.chunks[i].hash);
  return {};
}

Result<> Registration::settle_sha256(Verified& file, const Sha256Digest& sha256) {
  if (file.claimed && *file.claimed != sha256) return sha256_mismatch(file.hash, *file.claimed);
  file.sha256 = sha256;
  return {};
}

Result<> Registration::end() {
  named_ = by_id_.begin();
  for (std::size_t at = 0; at < files_.size(); at += rows_per_step) {
    auto some = std::span(files_).subspan(at, std::min(rows_per_step, files_.size() - at));
    auto find = [some](db::Tx& tx) -> Result<std::vector<std::optional<FileRow>>> {
      std::vector<std::optional<FileRow>> out;
      for (const auto& file : some) out.push_back(find_file(tx, file.hash));
      return out;
    };
    CAIRN_TRY(known, inner_.database.read_now(find));
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (known[i]) CAIRN_CHECK(settle_sha256(some[i], known[i]->sha256));
      if (!known[i]) total_bytes_ += some[i].size_bytes;
    }
  }
  return {};
}

// ---- Hashing ----

/// The file that is being hashed.
struct Registration::Hashing {
  std::shared_ptr<storage::Reader> reader;
  Sha256 hasher;
  std::uint64_t at = 0;
  std::string next;  ///< Read, not hashed.

  Result<> read() {
    auto count = std::min(hash_step_bytes, reader->size_bytes() - at);
    CAIRN_TRY(bytes, reader->read({at, count}));
    at += count;
    next = std::move(bytes);
    return {};
  }
};

Result<> Registration::hash_files() {
  // Small files, one after the other; a large one goes on in `step`, on two threads.
  auto until = std::chrono::steady_clock::now() + step_time;
  while (hashed_ < files_.size() && std::chrono::steady_clock::now() < until) {
    auto& file = files_[hashed_];
    if (!file.sha256) {
      CAIRN_TRY(reader, make_file_reader(inner_, file.terms, file.size_bytes));
      auto hashing = std::make_shared<Hashing>();
      hashing->reader = reader;
      CAIRN_CHECK(hashing->read());
      if (file.size_bytes > hash_step_bytes) {
        hashing_ = std::move(hashing);
        return {};
      }
      hashing->hasher.update(hashing->next);
      CAIRN_CHECK(settle_sha256(file, hashing->hasher.finish()));
      verified_bytes_ += file.size_bytes;
    }
    ++hashed_;
  }
  return {};
}

Task<Result<Progress>> Registration::step() {
  using boost::asio::experimental::awaitable_operators::operator&&;
  auto until = std::chrono::steady_clock::now() + step_time;
  while (hashing_ && std::chrono::steady_clock::now() < until) {
    // One thread hashes what another has read.
    auto hashing = hashing_;
    auto bytes = std::make_shared<std::string>(std::move(hashing->next));
    hashing->next.clear();
    verified_bytes_ += bytes->size();
    auto hash = [hashing, bytes] { hashing->hasher.update(*bytes); };
    if (hashing->at < hashing->reader->size_bytes()) {
      auto read = [hashing] { return hashing->read(); };
      auto done = co_await (inner_.uploads.run(read) && inner_.uploads.run(hash));
      if (!done) co_return std::unexpected(std::move(done).error());
      continue;
    }
    co_await inner_.uploads.run(hash);
    CAIRN_CO_CHECK(settle_sha256(files_[hashed_], hashing->hasher.finish()));
    ++hashed_;
    hashing_.reset();
  }
  if (hashing_) co_return Progress{verified_bytes_, total_bytes_};
  if (hashed_ < files_.size()) {
    auto some = [this] { return hash_files(); };
    CAIRN_CO_CHECK(co_await inner_.uploads.run(some));
    co_return Progress{verified_bytes_, total_bytes_};
  }
  CAIRN_CO_CHECK(co_await store_some());
  bool done = stored_ == files_.size() && named_ == by_id_.end();
  if (done)
    log::info("xet.shard.done", {{"repo", token_.repo.value},
                                 {"files", static_cast<std::int64_t>(files_.size())},
                                 {"xorbs", static_cast<std::int64_t>(xorbs_.size())}});
  co_return Progress{verified_bytes_, total_bytes_, done, is_new_};
}

// ---- Storing ----

Result<bool> Registration::store(db::Tx& tx, std::size_t last, const std::vector<XorbId>& held) {
  tx.lock_row(db::Lockable::repo, token_.repo.value);
  CAIRN_TRY(owner, inner_.allow(tx, token_, token_.right));
  if (!hold_xorbs(tx, held, tx.now() + inner_.options.grace))
    return fail(ErrorCode::unavailable, "XorbGone",
                "The hub cleared away a xorb of this shard meanwhile. Upload the file again.");
  for (auto id : held)
    for (const auto& chunk : xorbs_.at(by_id_.at(id)).keys) add_key_chunk(tx, chunk, id);
  bool any_new = false;
  for (std::size_t i = stored_; i < last; ++i) {
    const auto& file = files_[i];
    if (inner_.options.admit && !lfs::linked(tx, token_.repo, *file.sha256))
      CAIRN_CHECK(inner_.options.admit(tx, token_.user, owner, token_.repo, file.size_bytes));
    NewFile row{file.hash, *file.sha256, file.size_bytes, file.terms};
    auto pusher = token_.user == UserId{} ? std::nullopt : std::optional(token_.user);
    any_new = put_file(tx, token_.repo, row, pusher) || any_new;
  }
  return any_new;
}

Task<Result<>> Registration::store_some() {
  // As many files as one transaction takes, at least one. Xorbs that no file of the shard uses come
  // last, by themselves.
  std::size_t last = stored_, rows = 0;
  std::set<XorbId> used;
  for (; last < files_.size() && rows < rows_per_step; ++last) {
    rows += rows_per_file + files_[last].terms.size() / terms_per_page;
    for (const auto& term : files_[last].terms) used.insert(term.xorb);
  }
  for (auto id : used) held_.insert(id);
  while (last == files_.size() && rows < rows_per_step && named_ != by_id_.end()) {
    if (held_.insert(named_->first).second) used.insert(named_->first), ++rows;
    ++named_;
  }
  std::vector<XorbId> held(used.begin(), used.end());
  auto write = [this, last, held](db::Tx& tx) { return store(tx, last, held); };
  CAIRN_CO_TRY(any_new, co_await inner_.database.write(write));
  is_new_ = is_new_ || any_new;
  inner_.files_registered += last - stored_;
  stored_ = last;
  co_return Result<>{};
}

// ---- The facade ----

Task<Result<std::shared_ptr<Registration>>> Xet::receive_shard(
    Token token, std::optional<std::uint64_t> content_length, Source source) {
  Inner& in = *inner_;
  if (!token.may_upload())
    co_return fail(ErrorCode::forbidden, "XetTokenReadOnly",
                   "This token of the store is for reading. Ask for one at the repository's "
                   "xet-write-token.");
  if (content_length.value_or(0) > shard_bytes_max)
    co_return fail(ErrorCode::too_large, "ShardTooLarge",
                   "A shard has at most 64 MiB. Send more shards.");
  CAIRN_CO_TRY(pass, co_await in.registering.enter({token.user.value, token.repo.value}));
  auto ask = [&in, token](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(in.allow(tx, token, token.right));
    return {};
  };
  CAIRN_CO_CHECK(co_await in.database.read(ask));

  auto registration = std::make_shared<Registration>(in, token, std::move(pass));
  auto reader =
      std::make_shared<ShardReader>(content_length.value_or(shard_bytes_max), *registration);
  for (;;) {
    CAIRN_CO_TRY(piece, co_await source());
    if (piece.empty()) break;
    auto write = [reader, registration, bytes = std::move(piece)] { return reader->write(bytes); };
    CAIRN_CO_CHECK(co_await in.uploads.run(std::move(write)));
  }
  auto end = [reader, registration]() -> Result<> {
    CAIRN_CHECK(reader->finish());
    return registration->end();
  };
  CAIRN_CO_CHECK(co_await in.uploads.run(std::move(end)));
  co_return registration;
}

Task<Result<Progress>> Xet::step(std::shared_ptr<Registration> registration) {
  co_return co_await registration->step();
}

}  // namespace cairn::xet
