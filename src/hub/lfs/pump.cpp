#include "hub/lfs/pump.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/this_coro.hpp>

namespace cairn::lfs {
namespace {

namespace asio = boost::asio;

/// What the network brought, as it came: the bytes are not copied again.
struct BlockBytes {
  std::vector<std::string> pieces;
  std::size_t size = 0;
};
/// Null ends the stream.
using Block = std::shared_ptr<const BlockBytes>;
using Channel = asio::experimental::channel<void(boost::system::error_code, Block)>;

void hash_block(Sha256& hasher, const BlockBytes& block) {
  for (const auto& piece : block.pieces) hasher.update(piece);
}

Result<> write_block(storage::Writer& writer, const BlockBytes& block) {
  for (const auto& piece : block.pieces) CAIRN_CHECK(writer.write(piece));
  return {};
}

class Pump {
 public:
  Pump(asio::any_io_executor executor, Source source, std::uint64_t size_bytes, Blocking& blocking)
      : source_(std::move(source)),
        size_bytes_(size_bytes),
        blocking_(blocking),
        to_hash_(executor, pump_blocks_waiting),
        to_write_(executor, pump_blocks_waiting) {}

  Task<Result<Pumped>> run(OpenWriter open_writer) {
    CAIRN_CO_TRY(first, co_await next_block());
    if (ended_) co_return co_await in_one_step(std::move(first), std::move(open_writer));
    CAIRN_CO_TRY(writer, co_await blocking_.run(open_writer));
    writer_ = std::move(writer);
    using asio::experimental::awaitable_operators::operator&&;
    co_await (feed(std::move(first)) && hash() && write());
    if (failure_) {
      // Deleting gigabytes takes a while.
      auto drop = [writer = std::move(writer_)]() mutable { writer.reset(); };
      co_await blocking_.run(std::move(drop));
      co_return std::unexpected(std::move(*failure_));
    }
    co_return Pumped{hasher_.finish(), std::move(writer_)};
  }

 private:
  /// The next bytes of the body, a block's worth unless it ends; null when nothing is left.
  Task<Result<Block>> next_block() {
    auto block = std::make_shared<BlockBytes>();
    while (block->size < pump_block_bytes) {
      CAIRN_CO_TRY(piece, co_await source_());
      if (piece.empty()) {
        ended_ = true;
        if (received_ != size_bytes_) co_return size_mismatch(size_bytes_, received_, false);
        break;
      }
      received_ += piece.size();
      if (received_ > size_bytes_) co_return size_mismatch(size_bytes_, received_, true);
      block->size += piece.size();
      block->pieces.push_back(std::move(piece));
    }
    if (block->pieces.empty()) co_return Block{};
    co_return Block(std::move(block));
  }

  Task<Result<Pumped>> in_one_step(Block block, OpenWriter open_writer) {
    auto step = [block, open_writer = std::move(open_writer)]() -> Result<Pumped> {
      CAIRN_TRY(writer, open_writer());
      Sha256 hasher;
      if (block) {
        hash_block(hasher, *block);
        CAIRN_CHECK(write_block(*writer, *block));
      }
      return Pumped{hasher.finish(), std::move(writer)};
    };
    co_return co_await blocking_.run(std::move(step));
  }

  /// The first stage: gives every block to both others, then the end.
  Task<> feed(Block block) {
    while (block && !failure_) {
      co_await to_hash_.async_send({}, block, asio::use_awaitable);
      co_await to_write_.async_send({}, block, asio::use_awaitable);
      block.reset();
      if (ended_ || failure_) break;
      auto next = co_await next_block();
      if (next)
        block = std::move(*next);
      else
        failure_ = std::move(next).error();
    }
    co_await to_hash_.async_send({}, Block{}, asio::use_awaitable);
    co_await to_write_.async_send({}, Block{}, asio::use_awaitable);
  }

  // The others take blocks until the end even when something failed: `feed` never waits in vain.
  Task<> hash() {
    while (auto block = co_await to_hash_.async_receive(asio::use_awaitable)) {
      if (failure_) continue;
      auto step = [this, &block] { hash_block(hasher_, *block); };
      co_await blocking_.run(step);
    }
  }

  Task<> write() {
    while (auto block = co_await to_write_.async_receive(asio::use_awaitable)) {
      if (failure_) continue;
      auto step = [this, &block] { return write_block(*writer_, *block); };
      if (auto written = co_await blocking_.run(step); !written && !failure_)
        failure_ = std::move(written).error();
    }
  }

  Source source_;
  std::uint64_t size_bytes_;
  Blocking& blocking_;
  Channel to_hash_;
  Channel to_write_;
  std::unique_ptr<storage::Writer> writer_;
  Sha256 hasher_;
  std::uint64_t received_ = 0;
  bool ended_ = false;
  std::optional<Error> failure_;  ///< The first of any stage. Set on the caller's executor only.
};

}  // namespace

Failure size_mismatch(std::uint64_t expected, std::uint64_t got, bool more) {
  return fail(ErrorCode::unprocessable, "LfsSizeMismatch",
              "The file was announced with " + std::to_string(expected) + " bytes, but " +
                  (more ? "more" : std::to_string(got)) +
                  " came. Nothing was kept: send the whole file again.")
      .with("expected_bytes", std::to_string(expected))
      .with("got_bytes", std::to_string(got));
}

Task<Result<Pumped>> pump(Source source, std::uint64_t size_bytes, OpenWriter open_writer,
                          Blocking& blocking) {
  Pump pump(co_await asio::this_coro::executor, std::move(source), size_bytes, blocking);
  co_return co_await pump.run(std::move(open_writer));
}

}  // namespace cairn::lfs
