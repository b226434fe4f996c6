#include "hub/lfs/lfs.h"

#include "hub/lfs/inner.h"
#include "hub/lfs/ticket.h"

namespace cairn::lfs {
// ---- What several files share ----

Failure object_not_found(const Sha256Digest& sha256) {
  return fail(ErrorCode::not_found, "LfsObjectNotFound",
              "This repository has no large file with SHA-256 " + sha256.hex() +
                  ". Upload it to this repository first.");
}

Failure upload_not_found() {
  return fail(ErrorCode::not_found, "UploadNotFound",
              "This upload has ended or expired. Begin it again with a Git LFS batch request.");
}

Failure wrong_size(const Linked& known, std::uint64_t size_bytes) {
  return fail(ErrorCode::unprocessable, "LfsSizeMismatch",
              "The large file " + known.sha256.hex() + " has " + std::to_string(known.size_bytes) +
                  " bytes, not " + std::to_string(size_bytes) + ". Send its real size.");
}

Result<Sha256Digest> hash_of(storage::Reader& reader) {
  constexpr std::uint64_t step = 1 << 20;
  Sha256 hasher;
  for (std::uint64_t at = 0; at < reader.size_bytes(); at += step) {
    CAIRN_TRY(bytes, reader.read({at, std::min(step, reader.size_bytes() - at)}));
    hasher.update(bytes);
  }
  return hasher.finish();
}

Result<OwnerId> Inner::allow(db::Tx& tx, RepoId repo, UserId user, Use use) const {
  if (!options.allow) return OwnerId{};
  return options.allow(tx, repo, user, use);
}

Result<> Inner::admit(db::Tx& tx, RepoId repo, OwnerId owner, UserId user,
                      std::uint64_t size_bytes) const {
  if (!options.admit) return {};
  return options.admit(tx, {user, owner, repo, "storage_bytes", size_bytes});
}

// ---- The facade ----

Lfs::Lfs(db::Database& database, storage::ObjectStore& store, Blocking& blocking,
         const Keyring& keyring, const Clock& clock, Options options)
    : inner_(
          std::make_unique<Inner>(database, store, blocking, keyring, clock, std::move(options))) {}

Lfs::~Lfs() = default;

const Options& Lfs::options() const {
  return inner_->options;
}

Result<Ticket> Lfs::open_ticket(std::string_view text,
                                std::initializer_list<Ticket::Kind> kinds) const {
  return unseal_ticket(inner_->keyring, text, kinds, inner_->clock.now());
}

// ---- Bytes out ----

Task<Result<Linked>> Lfs::verify(RepoId repo, Wanted file) {
  auto find = [repo, file](db::Tx& tx) -> Result<Linked> {
    auto known = linked(tx, repo, file.sha256);
    if (!known) return object_not_found(file.sha256);
    if (known->size_bytes != file.size_bytes) return wrong_size(*known, file.size_bytes);
    return *known;
  };
  co_return co_await inner_->database.read(find);
}

namespace {

/// @return `corrupt` when a linked object is not in the store: a reader can do nothing about it.
Result<Download> open_object(Inner& in, const Linked& file) {
  if (!file.key.text.starts_with("lfs/") && in.options.open_chunked) {
    CAIRN_TRY(chunked, in.options.open_chunked(file));
    return Download{chunked, file.size_bytes, file};
  }
  auto reader = in.store.open(file.key);
  if (!reader && reader.error().code == ErrorCode::not_found)
    return fail(ErrorCode::corrupt, "ObjectMissing",
                "The bytes of this large file are missing from the hub's storage. Ask an "
                "administrator to run cairn fsck.")
        .with("key", file.key.text);
  if (!reader) return fail(std::move(reader).error());
  return Download{std::shared_ptr<storage::Reader>(std::move(*reader)), file.size_bytes, file};
}

}  // namespace

Task<Result<Download>> Lfs::open(RepoId repo, Sha256Digest sha256) {
  auto find = [repo, sha256](db::Tx& tx) -> Result<Linked> {
    auto known = linked(tx, repo, sha256);
    if (!known) return object_not_found(sha256);
    return *known;
  };
  CAIRN_CO_TRY(file, co_await inner_->database.read(find));
  auto open = [in = inner_.get(), file] { return open_object(*in, file); };
  co_return co_await inner_->blocking.run(open);
}

Task<Result<Download>> Lfs::open(Ticket ticket) {
  if (inner_->options.allow) {
    auto ask = [this, ticket](db::Tx& tx) {
      return inner_->allow(tx, ticket.repo, ticket.user, Use::download);
    };
    CAIRN_CO_CHECK(co_await inner_->database.read(ask));
  }
  co_return co_await open(ticket.repo, ticket.sha256);
}

Task<Result<std::string>> Lfs::read(Download file, std::uint64_t offset, std::uint64_t count) {
  auto step = [reader = file.reader, offset, count] {
    return reader->read({offset, std::min<std::uint64_t>(count, 1 << 20)});
  };
  co_return co_await inner_->blocking.run(step);
}

}  // namespace cairn::lfs
