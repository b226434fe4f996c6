#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "hub/lfs/inner.h"
#include "hub/lfs/pump.h"

/// Uploads in parts. On many nodes over one S3, the parts that a completion joins must be those
/// that it hashed: there the store pins them by their ETags. Here one process owns the folder, and
/// the Assembly refuses parts while they are joined.
namespace cairn::lfs {
namespace {

/// What a PUT hashes of the next parts before it is answered: about as long as writing it took.
constexpr std::uint64_t hash_per_part_bytes = 512ull << 20;
/// Clients give up after 10 s and ask again: their next request joins the wait.
constexpr std::chrono::milliseconds completion_wait{20'000};
constexpr std::chrono::milliseconds completion_poll{100};

struct OpenUpload {
  Upload upload;
  std::shared_ptr<storage::Multipart> parts;
  std::shared_ptr<Assembly> assembly;
};

/// @return `not_found`, word "UploadNotFound", when the store has swept it. Blocks.
Result<OpenUpload> open_upload(Inner& in, const Upload& upload) {
  CAIRN_TRY(parts, in.store.multipart(upload.in_parts->key, upload.in_parts->multipart_id));
  auto assembly = in.assemblies.find(upload.public_id);
  if (!assembly) {
    auto there = parts->parts();
    // Joined by a completion that died before it linked: hash_whole() finds the object.
    bool joined = !there && there.error().code == ErrorCode::not_found;
    if (!there && !joined) return fail(std::move(there).error());
    assembly = in.assemblies.open(upload.public_id, joined || !there->empty());
  }
  return OpenUpload{upload, std::shared_ptr<storage::Multipart>(std::move(parts)),
                    std::move(assembly)};
}

Failure busy() {
  auto error = fail(ErrorCode::unavailable, "UploadBusy",
                    "This upload's parts are being verified. Ask again in a few seconds.")
                   .error();
  error.retry_after_s = 3;
  return fail(std::move(error));
}

Failure part_missing(int count) {
  return fail(ErrorCode::unprocessable, "LfsPartMissing",
              "The upload has " + std::to_string(count) +
                  " parts, and not all have arrived. Send those that are missing, then complete it "
                  "again.");
}

/// Makes a received part durable and lets the whole's hash catch up. Blocks.
Result<> keep_part(OpenUpload& open, storage::Writer& writer, int number) {
  if (!open.assembly->begin_part(number)) return busy();
  auto committed = writer.commit();
  open.assembly->end_part(number, committed.has_value());
  if (committed) open.assembly->advance(*open.parts, hash_per_part_bytes);
  return committed;
}

/// @return the ETag: any text that is not empty would do, what counts is the hash of the whole.
Task<Result<std::string>> receive_into(Inner& in, OpenUpload open, int number,
                                       std::uint64_t size_bytes, Source source) {
  auto open_writer = [&open, number] { return open.parts->part(number); };
  CAIRN_CO_TRY(pumped, co_await pump(std::move(source), size_bytes, open_writer, in.blocking));
  auto keep = [&open, &pumped, number] { return keep_part(open, *pumped.writer, number); };
  CAIRN_CO_CHECK(co_await in.blocking.run(keep));
  co_return "\"" + pumped.sha256.hex() + "\"";
}

bool all_of(std::vector<int> parts, int count) {
  if (parts.size() != static_cast<std::size_t>(count)) return false;
  std::ranges::sort(parts);
  for (int i = 0; i < count; ++i)
    if (parts[static_cast<std::size_t>(i)] != i + 1) return false;
  return true;
}

/// Held while parts are hashed and joined.
class Completion {
 public:
  explicit Completion(std::shared_ptr<Assembly> assembly) : assembly_(std::move(assembly)) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() { assembly_->end_completion(); }

 private:
  std::shared_ptr<Assembly> assembly_;
};

/// The hash of what the parts are together, and whether they are one object already: an earlier
/// completion can have joined them and then died.
struct Whole {
  Sha256Digest sha256;
  bool joined = false;
};

Task<Result<Whole>> hash_whole(Inner& in, OpenUpload open) {
  auto joined = [&in, &open]() -> Result<std::optional<Sha256Digest>> {
    auto reader = in.store.open(open.upload.in_parts->key);
    if (!reader && reader.error().code == ErrorCode::not_found)
      return std::optional<Sha256Digest>{};
    if (!reader) return fail(std::move(reader).error());
    CAIRN_TRY(digest, hash_of(**reader));
    return std::optional(digest);
  };
  CAIRN_CO_TRY(known, co_await in.blocking.run(joined));
  if (known) co_return Whole{*known, true};
  // A part at a time: the pool's threads are shared.
  auto step = [&open] { return open.assembly->step(*open.parts, open.upload.in_parts->count); };
  for (bool done = false; !done;) {
    auto stepped = co_await in.blocking.run(step);
    if (!stepped && stepped.error().word == "PartNotFound")
      co_return part_missing(open.upload.in_parts->count);
    if (!stepped) co_return std::unexpected(std::move(stepped).error());
    done = *stepped;
  }
  co_return Whole{open.assembly->finish(), false};
}

/// @pre the completion is ours.
Task<Result<Linked>> verify_and_join(Inner& in, Ticket ticket, OpenUpload open) {
  CAIRN_CO_TRY(whole, co_await hash_whole(in, open));
  if (whole.sha256 != ticket.sha256) {
    CAIRN_CO_CHECK(co_await in.drop_upload(open.upload));
    co_return hash_mismatch(ticket.sha256, whole.sha256);
  }
  if (!whole.joined) {
    auto join = [&open] { return open.parts->complete(open.upload.in_parts->count); };
    CAIRN_CO_CHECK(co_await in.blocking.run(join));
  }
  auto settled = co_await in.settle(Inner::place_of(ticket), open.upload.in_parts->key);
  // Refused, and its bytes are gone: the next batch shall begin anew.
  if (!settled && settled.error().code != ErrorCode::unavailable)
    (void)co_await in.drop_upload(open.upload);
  if (settled) in.assemblies.forget(open.upload.public_id);
  co_return settled;
}

/// The upload in parts that a ticket names, or the file that it became.
struct Found {
  std::optional<Upload> upload;
  std::optional<Linked> file;
};

Task<Result<Found>> find(Inner& in, Ticket ticket) {
  auto look = [&in, ticket](db::Tx& tx) -> Result<Found> {
    CAIRN_CHECK(in.allow(tx, ticket.repo, ticket.user, Use::upload));
    auto upload = find_upload(tx, ticket.upload);
    if (upload && upload->in_parts && upload->size_bytes == ticket.size_bytes)
      return Found{std::move(upload), {}};
    auto file = linked(tx, ticket.repo, ticket.sha256);
    if (file && file->size_bytes == ticket.size_bytes) return Found{{}, std::move(file)};
    return upload_not_found();
  };
  co_return co_await in.database.read(look);
}

}  // namespace

Task<Result<>> Inner::drop_upload(Upload upload) {
  auto remove = [id = upload.public_id](db::Tx& tx) -> Result<> {
    remove_upload(tx, id);
    return {};
  };
  CAIRN_CO_CHECK(co_await database.write(remove));
  assemblies.forget(upload.public_id);
  if (!upload.in_parts) co_return Result<>{};
  auto in_use = [key = upload.in_parts->key](db::Tx& tx) -> Result<bool> {
    return key_in_use(tx, key);
  };
  CAIRN_CO_TRY(needed, co_await database.read(in_use));
  auto abort = [this, parts = *upload.in_parts, needed]() -> Result<> {
    auto begun = store.multipart(parts.key, parts.multipart_id);
    if (begun) CAIRN_CHECK((*begun)->abort());
    return needed ? Result<>{} : store.remove(parts.key);
  };
  co_return co_await blocking.run(abort);
}

Task<Result<std::string>> Lfs::receive_part(Ticket ticket,
                                            std::optional<std::uint64_t> content_length,
                                            Source source) {
  Inner& in = *inner_;
  Slot slot(in.receiving, in.options.receiving_max);
  CAIRN_CO_CHECK(slot.check());
  CAIRN_CO_TRY(found, co_await find(in, ticket));
  if (!found.upload || ticket.part < 1 || ticket.part > found.upload->in_parts->count)
    co_return upload_not_found();
  auto part_bytes = found.upload->in_parts->part_bytes;
  auto before = static_cast<std::uint64_t>(ticket.part - 1) * part_bytes;
  auto expected = std::min(part_bytes, ticket.size_bytes - before);
  CAIRN_CO_CHECK(check_length(content_length, expected));

  auto open_it = [&in, &found] { return open_upload(in, *found.upload); };
  auto open = co_await in.blocking.run(open_it);
  auto etag = open ? co_await receive_into(in, *open, ticket.part, expected, std::move(source))
                   : Result<std::string>(std::unexpected(open.error()));
  // Swept from the store: without its row the next batch begins anew.
  if (!etag && etag.error().word == "UploadNotFound") (void)co_await in.drop_upload(*found.upload);
  co_return etag;
}

Task<Result<Linked>> Lfs::complete(Ticket ticket, std::vector<int> parts) {
  Inner& in = *inner_;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (auto waited = completion_wait.zero();; waited += completion_poll) {
    CAIRN_CO_TRY(found, co_await find(in, ticket));
    if (found.file) co_return std::move(*found.file);
    if (!all_of(parts, found.upload->in_parts->count))
      co_return part_missing(found.upload->in_parts->count);
    auto open_it = [&in, &found] { return open_upload(in, *found.upload); };
    auto open = co_await in.blocking.run(open_it);
    if (!open) {
      if (open.error().word == "UploadNotFound") (void)co_await in.drop_upload(*found.upload);
      co_return std::unexpected(std::move(open).error());
    }
    if (open->assembly->begin_completion()) {
      Completion completion(open->assembly);
      co_return co_await verify_and_join(in, ticket, *open);
    }
    if (waited >= completion_wait) co_return busy();
    timer.expires_after(completion_poll);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

}  // namespace cairn::lfs
