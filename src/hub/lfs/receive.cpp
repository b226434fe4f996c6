#include "base/log.h"
#include "hub/lfs/inner.h"
#include "hub/lfs/pump.h"

namespace cairn::lfs {
namespace {

std::optional<UserId> pusher_of(UserId user) {
  return user == UserId{} ? std::nullopt : std::optional(user);
}

}  // namespace

Result<> Slot::check() const {
  if (got_) return {};
  auto error = fail(ErrorCode::unavailable, "TooManyUploadsAtOnce",
                    "The hub is receiving as many large files as it can. Try again in a moment.")
                   .error();
  error.retry_after_s = 5;
  return std::unexpected(std::move(error));
}

Result<> check_length(const std::optional<std::uint64_t>& content_length, std::uint64_t expected) {
  if (content_length && *content_length != expected)
    return size_mismatch(expected, *content_length, false);
  return {};
}

Failure hash_mismatch(const Sha256Digest& expected, const Sha256Digest& got) {
  return fail(ErrorCode::unprocessable, "LfsHashMismatch",
              "The bytes received have SHA-256 " + got.hex() + ", but " + expected.hex() +
                  " was announced. Nothing was kept: send the file again.");
}

// ---- Linking ----

Task<Result<>> Inner::may_start(Place place) {
  if (!options.allow && !options.admit) co_return Result<>{};
  auto ask = [this, place](db::Tx& tx) -> Result<> {
    CAIRN_TRY(owner, allow(tx, place.repo, place.user, Use::upload));
    return admit(tx, place.repo, owner, place.user, place.file.size_bytes);
  };
  co_return co_await database.read(ask);
}

Task<Result<Linked>> Inner::settle(Place place, storage::Key fresh) {
  // Set when the function itself said no, which rolls back for certain. After trouble with the
  // engine the link may exist all the same: the bytes then stay until `collect` has proof.
  auto refused = std::make_shared<bool>(false);
  auto insert = [this, place, fresh, refused](db::Tx& tx) -> Result<Linked> {
    const auto& [repo, user, file, upload] = place;
    *refused = true;
    // Against a purge at the same moment: its unlinking sees this link, or this sees it gone.
    tx.lock_row(db::Lockable::repo, repo.value);
    CAIRN_TRY(owner, allow(tx, repo, user, Use::upload));
    if (!linked(tx, repo, file.sha256)) {
      CAIRN_CHECK(admit(tx, repo, owner, user, file.size_bytes));
      auto object = adopt_object(tx, "lfs", file.sha256, file.size_bytes, fresh);
      link(tx, repo, object, pusher_of(user));
    }
    if (!upload.hex.empty()) remove_upload(tx, upload);
    *refused = false;
    return *linked(tx, repo, file.sha256);
  };
  auto done = co_await database.write(insert);
  if (done ? done->key != fresh : *refused) {
    auto remove = [this, fresh] { return store.remove(fresh); };
    if (auto removed = co_await blocking.run(remove); !removed)
      log::error("lfs.remove", removed.error(), {{"key", fresh.text}});
  }
  co_return done;
}

// ---- Whole files ----

Task<Result<Linked>> Inner::receive_whole(Place place, Source source) {
  Slot slot(receiving, options.receiving_max);
  CAIRN_CO_CHECK(slot.check());
  CAIRN_CO_CHECK(co_await may_start(place));
  auto key = storage::make_key("lfs", place.file.sha256.hex());
  auto open_writer = [this, key] { return store.create(key); };
  CAIRN_CO_TRY(pumped,
               co_await pump(std::move(source), place.file.size_bytes, open_writer, blocking));
  bool right = pumped.sha256 == place.file.sha256;
  auto end = [writer = std::move(pumped.writer), right]() mutable -> Result<> {
    if (right) return writer->commit();
    writer.reset();  // leaves nothing
    return {};
  };
  CAIRN_CO_CHECK(co_await blocking.run(std::move(end)));
  if (!right) co_return hash_mismatch(place.file.sha256, pumped.sha256);
  auto linked_file = co_await settle(place, key);
  if (linked_file)
    log::info("lfs.upload.done", {{"repo", place.repo.value},
                                  {"sha256", place.file.sha256.hex()},
                                  {"size_bytes", place.file.size_bytes}});
  co_return linked_file;
}

Task<Result<Linked>> Lfs::receive(Ticket ticket, std::optional<std::uint64_t> content_length,
                                  Source source) {
  CAIRN_CO_CHECK(check_length(content_length, ticket.size_bytes));
  co_return co_await inner_->receive_whole(Inner::place_of(ticket), std::move(source));
}

Task<Result<Linked>> Lfs::add(RepoId repo, UserId user, Wanted file, Source source) {
  Inner::Place place{repo, user, file, {}};
  co_return co_await inner_->receive_whole(std::move(place), std::move(source));
}

}  // namespace cairn::lfs
