#include "api/lfs/wire.h"

#include "base/text.h"

namespace cairn::api::lfs {
namespace {

BatchObject answer_to(const ObjectId& asked) {
  return {.oid = asked.oid, .size = asked.size, .authenticated = {}, .actions = {}, .error = {}};
}

BatchAction action(std::string href, std::int64_t expires_in_s, Time expires_at) {
  return {.href = std::move(href),
          .header = {},
          .expires_in = expires_in_s,
          .expires_at = to_rfc3339(expires_at)};
}

/// "chunk_size", then the parts in order: a client takes all other values as they come.
json::object parts_header(const cairn::lfs::UploadPlan& plan) {
  json::object header;
  header["chunk_size"] = std::to_string(plan.part_bytes);
  for (std::size_t i = 0; i < plan.part_urls.size(); ++i) {
    std::string number = std::to_string(i + 1);
    // Padded, so that clients that sort the keys as text keep the order too.
    header[std::string(5 - std::min<std::size_t>(5, number.size()), '0') + number] =
        plan.part_urls[i];
  }
  return header;
}

Failure invalid(std::string message) {
  return fail(ErrorCode::unprocessable, "InvalidBatch", std::move(message));
}

}  // namespace

CheckedObject check_object(const ObjectId& object) {
  auto digest = Sha256Digest::parse(object.oid);
  if (!digest)
    return {
        {},
        invalid("\"oid\" must be the SHA-256 of the content: 64 lower-case hex digits.").error()};
  if (object.size < 0) return {{}, invalid("\"size\" must not be negative.").error()};
  return {cairn::lfs::Wanted{*digest, static_cast<std::uint64_t>(object.size)}, {}};
}

Result<> check_batch(const BatchRequest& request) {
  if (request.operation != "upload" && request.operation != "download")
    return invalid("\"operation\" must be \"upload\" or \"download\".");
  // Python says sha256, JavaScript sha_256, git-lfs mostly nothing.
  std::string algorithm = request.hash_algo.value_or("sha256");
  if (algorithm != "sha256" && algorithm != "sha_256")
    return fail(ErrorCode::conflict, "HashAlgorithmUnsupported",
                "This hub knows large files by their SHA-256. Send \"hash_algo\": \"sha256\".");
  if (request.objects.size() > batch_objects_max)
    return fail(ErrorCode::too_large, "BatchTooLarge",
                "A batch holds at most " + std::to_string(batch_objects_max) +
                    " objects. Send several batches.");
  return {};
}

BatchObject encode_upload(const ObjectId& asked, const cairn::lfs::UploadPlan& plan) {
  if (plan.error) return encode_refusal(asked, *plan.error);
  auto out = answer_to(asked);
  if (plan.present) return out;
  BatchActions actions;
  actions.upload = action(plan.url, plan.expires_in_s, plan.expires_at);
  if (!plan.part_urls.empty()) actions.upload->header = parts_header(plan);
  actions.verify = action(plan.verify_url, plan.expires_in_s, plan.expires_at);
  out.authenticated = true;
  out.actions = std::move(actions);
  return out;
}

BatchObject encode_chunked(const ObjectId& asked, const cairn::lfs::DownloadPlan& plan,
                           const RepoGate::ChunkedUpload& upload) {
  if (plan.error && plan.error->code != ErrorCode::not_found)
    return encode_refusal(asked, *plan.error);
  auto out = answer_to(asked);
  if (!plan.error) return out;
  BatchActions actions;
  actions.upload = action(upload.href, upload.expires_in_s, upload.expires_at);
  actions.upload->header = upload.header;
  out.actions = std::move(actions);
  return out;
}

BatchObject encode_download(const ObjectId& asked, const cairn::lfs::DownloadPlan& plan) {
  if (plan.error) return encode_refusal(asked, *plan.error);
  auto out = answer_to(asked);
  BatchActions actions;
  actions.download = action(plan.url, plan.expires_in_s, plan.expires_at);
  out.authenticated = true;
  out.actions = std::move(actions);
  return out;
}

BatchObject encode_refusal(const ObjectId& asked, const Error& error) {
  auto out = answer_to(asked);
  out.error = BatchError{http_status(error.code), error.message};
  return out;
}

}  // namespace cairn::api::lfs
