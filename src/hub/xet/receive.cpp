#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.h"
#include "hub/xet/inner.h"

namespace cairn::xet {
namespace {

/// One hop to a pool thread costs some 20 µs; decoding and hashing so much takes 300 µs.
constexpr std::size_t block_bytes = 512 << 10;

Failure read_only() {
  return fail(ErrorCode::forbidden, "XetTokenReadOnly",
              "This token of the store is for reading. Ask for one at the repository's "
              "xet-write-token.");
}

Failure too_many_pending() {
  return fail(ErrorCode::rate_limited, "TooManyPendingBytes",
              "You uploaded more bytes than the hub keeps without knowing what file they belong "
              "to. Finish an upload, or try again when earlier ones have been cleared away.");
}

/// Some pieces of a body, as they came: the bytes are not copied again. Empty at its end.
using Block = std::vector<std::string>;

Task<Result<Block>> read_block(const Source& source) {
  Block block;
  for (std::size_t size = 0; size < block_bytes;) {
    CAIRN_CO_TRY(piece, co_await source());
    if (piece.empty()) break;
    size += piece.size();
    block.push_back(std::move(piece));
  }
  co_return block;
}

/// A xorb on its way to the store.
struct Receiving {
  explicit Receiving(const Hash& name) : verifier(name) {}
  XorbVerifier verifier;
  std::unique_ptr<storage::Writer> writer;  ///< Null: the hub has it, so it is verified only.
  std::uint64_t object_bytes = 0;
  std::optional<XorbIndex> index;

  Result<> take(const Block& block) {
    for (const auto& piece : block) {
      CAIRN_TRY(keep, verifier.write(piece));
      if (writer && keep > 0) CAIRN_CHECK(writer->write(std::string_view(piece).substr(0, keep)));
    }
    return {};
  }

  Result<> finish() {
    CAIRN_TRY(made, verifier.finish());
    index = std::move(made);
    auto tail = encode_tail(*index);
    object_bytes = index->body_bytes() + tail.size();
    if (!writer) return {};
    CAIRN_CHECK(writer->write(tail));
    return writer->commit();
  }
};

/// Reads and verifies the body; the next block arrives while one is worked on.
Task<Result<>> receive(Inner& in, Source source, std::shared_ptr<Receiving> receiving) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  CAIRN_CO_TRY(block, co_await read_block(source));
  while (!block.empty()) {
    auto take = [receiving, &block] { return receiving->take(block); };
    auto [taken, next] = co_await (in.uploads.run(take) && read_block(source));
    if (!taken) co_return std::unexpected(std::move(taken).error());
    if (!next) co_return std::unexpected(std::move(next).error());
    block = std::move(*next);
  }
  auto finish = [receiving] { return receiving->finish(); };
  co_return co_await in.uploads.run(finish);
}

XorbRow row_of(const Hash& name, const storage::Key& key, const XorbIndex& index) {
  return {.id = {},
          .hash = name,
          .key = key,
          .body_bytes = static_cast<std::uint32_t>(index.body_bytes()),
          .raw_bytes = index.content_bytes(),
          .chunks = index.count(),
          .known_until = {}};
}

/// Makes a verified xorb known.
Task<Result<>> settle(Inner& in, Token token, XorbRow row, std::shared_ptr<Receiving> receiving) {
  bool written = receiving->writer != nullptr;
  // Set when the function itself said no, which rolls back for certain. After trouble with the
  // engine the row may exist all the same: the bytes then stay until `collect` has proof.
  auto refused = std::make_shared<bool>(false);
  auto insert = [&in, token, row, receiving, written, refused](db::Tx& tx) -> Result<XorbRow> {
    *refused = true;
    auto known = adopt_xorb(tx, row, receiving->object_bytes, tx.now() + in.options.grace,
                            token.user, written);
    if (!known)
      return fail(ErrorCode::unavailable, "XorbGone",
                  "The hub was clearing away an old copy of this xorb. Send it again.");
    const auto& index = *receiving->index;
    for (std::uint32_t i = 0; i < index.count(); ++i)
      if (auto chunk = index.chunk(i); chunk.is_key_chunk()) add_key_chunk(tx, chunk, known->id);
    *refused = false;
    return *known;
  };
  auto done = co_await in.database.write(insert);
  if (written && (done ? done->key != row.key : *refused)) {
    auto remove = [&in, key = row.key] { return in.store.remove(key); };
    if (auto removed = co_await in.blocking.run(remove); !removed)
      log::error("xet.remove", removed.error(), {{"key", row.key.text}});
  }
  if (!done) co_return std::unexpected(std::move(done).error());
  in.remember(*done);
  ++in.xorbs_received;
  in.xorb_bytes += row.body_bytes;
  co_return Result<>{};
}

}  // namespace

Task<Result<>> Xet::receive_xorb(Token token, Hash name,
                                 std::optional<std::uint64_t> content_length, Source source) {
  Inner& in = *inner_;
  if (!token.may_upload()) co_return read_only();
  if (name.is_zero() || name.is_end_marker())
    co_return fail(ErrorCode::invalid_argument, "InvalidXetHash", "No xorb has this hash.");
  if (content_length.value_or(0) > xorb_upload_bytes_max)
    co_return fail(ErrorCode::too_large, "XorbTooLarge", "A xorb has at most 64 MiB.");
  auto pass = co_await in.receiving.enter({token.user.value, token.repo.value});
  if (!pass) co_return fail(pass.error());

  auto ask = [&in, token, name](db::Tx& tx) -> Result<std::optional<XorbRow>> {
    CAIRN_CHECK(in.allow(tx, token, token.right));
    if (pending_bytes(tx, token.user) >= in.options.pending_bytes_max) return too_many_pending();
    return find_live_xorb(tx, name);
  };
  CAIRN_CO_TRY(known, co_await in.database.read(ask));

  auto receiving = std::make_shared<Receiving>(name);
  auto key = known ? known->key : storage::make_key("xorb", digest_of(name).hex());
  if (!known) {
    auto open = [&in, key] { return in.store.create(key); };
    CAIRN_CO_TRY(writer, co_await in.blocking.run(open));
    receiving->writer = std::move(writer);
  }
  auto received = co_await receive(in, std::move(source), receiving);
  if (!received) {
    // Deleting megabytes takes a moment.
    auto drop = [receiving] { receiving->writer.reset(); };
    co_await in.uploads.run(drop);
    co_return received;
  }
  co_return co_await settle(in, token, row_of(name, key, *receiving->index), receiving);
}

}  // namespace cairn::xet
