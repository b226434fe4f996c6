#include "api/lfs/lfs.h"

#include "api/lfs/wire.h"
#include "base/text.h"

namespace cairn::api::lfs {
namespace {

namespace hub = cairn::lfs;
using Kind = hub::Ticket::Kind;

constexpr std::pair<RepoKind, std::string_view> url_prefixes[] = {{RepoKind::model, "/"},
                                                                  {RepoKind::dataset, "/datasets/"},
                                                                  {RepoKind::space, "/spaces/"},
                                                                  {RepoKind::kernel, "/kernels/"}};

// ---- Batches ----

struct Protocol {
  hub::Lfs& large_files;
  RepoGate& gate;
};

/// git-lfs says "multipart" when it has an agent for that, which then gets every file of the batch.
hub::TakesParts takes_parts(const http::Request& request, const BatchRequest& batch) {
  using hub::TakesParts;
  if (!batch.transfers ||
      std::ranges::find(*batch.transfers, "multipart") == batch.transfers->end())
    return TakesParts::none;
  return request.header("User-Agent").starts_with("git-lfs/") ? TakesParts::whole_batch
                                                              : TakesParts::each_large;
}

/// The well-formed objects of a batch; the others are answered where they stand.
std::vector<hub::Wanted> wanted_of(const std::vector<CheckedObject>& objects) {
  std::vector<hub::Wanted> wanted;
  for (const auto& object : objects)
    if (object.wanted) wanted.push_back(*object.wanted);
  return wanted;
}

/// @param plans   of the well-formed objects, in order.
/// @param encode  encode_upload or encode_download.
template <class Plan, class Encode>
std::vector<BatchObject> encode_all(const BatchRequest& batch,
                                    const std::vector<CheckedObject>& objects,
                                    const std::vector<Plan>& plans, Encode encode) {
  std::vector<BatchObject> out;
  auto plan = plans.begin();
  for (std::size_t i = 0; i < objects.size(); ++i)
    out.push_back(objects[i].error ? encode_refusal(batch.objects[i], *objects[i].error)
                                   : encode(batch.objects[i], *plan++));
  return out;
}

Task<Result<BatchResponse>> plan_uploads(Protocol protocol, const http::Request& request,
                                         RepoGate::Opened repo, BatchRequest batch,
                                         std::vector<CheckedObject> objects) {
  CAIRN_CO_TRY(plans, co_await protocol.large_files.plan_uploads(repo.repo, repo.owner, repo.user,
                                                                 wanted_of(objects),
                                                                 takes_parts(request, batch)));
  bool any_parts = std::ranges::any_of(
      plans, [](const hub::UploadPlan& plan) { return !plan.part_urls.empty(); });
  co_return BatchResponse{.transfer = any_parts ? "multipart" : "basic",
                          .objects = encode_all(batch, objects, plans, encode_upload)};
}

Task<Result<BatchResponse>> plan_downloads(Protocol protocol, RepoGate::Opened repo,
                                           BatchRequest batch, std::vector<CheckedObject> objects) {
  CAIRN_CO_TRY(plans, co_await protocol.large_files.plan_downloads(repo.repo, repo.user,
                                                                   wanted_of(objects)));
  co_return BatchResponse{.transfer = "basic",
                          .objects = encode_all(batch, objects, plans, encode_download)};
}

/// Xet for those who offer it. What is here is judged by this repository alone, as always.
Task<Result<BatchResponse>> plan_chunked(Protocol protocol, RepoGate::Opened repo,
                                         BatchRequest batch, std::vector<CheckedObject> objects,
                                         RepoGate::ChunkedUpload upload) {
  CAIRN_CO_TRY(plans, co_await protocol.large_files.plan_downloads(repo.repo, repo.user,
                                                                   wanted_of(objects)));
  auto encode = [&upload](const ObjectId& asked, const hub::DownloadPlan& plan) {
    return encode_chunked(asked, plan, upload);
  };
  co_return BatchResponse{.transfer = "xet", .objects = encode_all(batch, objects, plans, encode)};
}

bool takes_chunks(const BatchRequest& batch) {
  return batch.operation == "upload" && batch.transfers &&
         std::ranges::find(*batch.transfers, "xet") != batch.transfers->end();
}

std::string branch_of(const BatchRequest& batch) {
  std::string name = batch.ref && batch.ref->name ? *batch.ref->name : "main";
  constexpr std::string_view heads = "refs/heads/";
  return name.starts_with(heads) ? name.substr(heads.size()) : name;
}

std::string moved_location(const http::Request& request, std::string_view prefix,
                           const std::string& name) {
  std::string location = std::string(prefix) + name + ".git/info/lfs/objects/batch";
  if (!request.query_string().empty()) location += "?" + std::string(request.query_string());
  return location;
}

Task<Result<http::Response>> answer_batch(Protocol protocol, RepoKind kind, std::string_view prefix,
                                          http::Request& request) {
  CAIRN_CO_TRY(batch, co_await request.read_json<BatchRequest>(batch_bytes_max));
  CAIRN_CO_CHECK(check_batch(batch));
  bool upload = batch.operation == "upload";
  std::string name(request.param("ns"));  // None: an alias, which redirects.
  name += (name.empty() ? "" : "/") + std::string(request.param("name"));
  // Clients do not say that an upload is for a pull request (hub-api.md, trap 47).
  auto action = upload ? access::Action::create_pr : access::Action::read_content;
  CAIRN_CO_TRY(repo, co_await protocol.gate.open(request, kind, name, action));
  if (repo.moved_to) co_return http::redirect(307, moved_location(request, prefix, *repo.moved_to));

  std::vector<CheckedObject> objects;
  for (const auto& object : batch.objects) objects.push_back(check_object(object));
  if (takes_chunks(batch)) {
    if (auto chunked = protocol.gate.chunked_upload(repo, kind, name, branch_of(batch))) {
      CAIRN_CO_TRY(answer, co_await plan_chunked(protocol, repo, batch, objects, *chunked));
      co_return json_response(200, to_json(answer));
    }
  }
  auto response = upload ? co_await plan_uploads(protocol, request, repo, batch, objects)
                         : co_await plan_downloads(protocol, repo, batch, objects);
  if (!response) co_return std::unexpected(std::move(response).error());
  co_return json_response(200, to_json(*response));
}

// ---- Signed URLs ----

Task<Result<http::Response>> put_bytes(hub::Lfs& large_files, http::Request& request) {
  // A client that got URLs of parts and sends the whole all the same is welcome.
  CAIRN_CO_TRY(ticket, large_files.open_ticket(request.param("ticket"),
                                               {Kind::whole, Kind::part, Kind::complete}));
  hub::Source source = [&request] { return request.read_some(); };
  auto response = http::empty(200);
  if (ticket.kind == Kind::part) {
    CAIRN_CO_TRY(etag, co_await large_files.receive_part(ticket, request.content_length(), source));
    response.headers.set("ETag", etag);
  } else {
    CAIRN_CO_TRY(file, co_await large_files.receive(ticket, request.content_length(), source));
    response.headers.set("ETag", "\"" + file.sha256.hex() + "\"");
  }
  co_return response;
}

Failure other_object() {
  return fail(ErrorCode::unprocessable, "LfsObjectMismatch",
              "This URL was signed for another object than the one in the body.");
}

Task<Result<http::Response>> complete(hub::Lfs& large_files, http::Request& request) {
  CAIRN_CO_TRY(ticket, large_files.open_ticket(request.param("ticket"), {Kind::complete}));
  CAIRN_CO_TRY(body, co_await request.read_json<CompletionRequest>(completion_bytes_max));
  if (body.oid != ticket.sha256.hex()) co_return other_object();
  std::vector<int> parts;
  for (const auto& part : body.parts) parts.push_back(part.partNumber);
  CAIRN_CO_CHECK(co_await large_files.complete(ticket, std::move(parts)));
  co_return json_response(200, json::object{});
}

Task<Result<http::Response>> verify(hub::Lfs& large_files, http::Request& request) {
  CAIRN_CO_TRY(ticket, large_files.open_ticket(request.param("ticket"), {Kind::verify}));
  CAIRN_CO_TRY(body, co_await request.read_json<ObjectId>());
  if (body.oid != ticket.sha256.hex() || body.size != static_cast<std::int64_t>(ticket.size_bytes))
    co_return other_object();
  hub::Wanted file{ticket.sha256, ticket.size_bytes};
  CAIRN_CO_CHECK(co_await large_files.verify(ticket.repo, file));
  co_return json_response(200, json::object{});
}

Task<Result<http::Response>> download(hub::Lfs& large_files, http::Request& request) {
  CAIRN_CO_TRY(ticket, large_files.open_ticket(request.param("ticket"), {Kind::download}));
  CAIRN_CO_TRY(object, co_await large_files.open(ticket));
  http::Representation what;
  what.size_bytes = object.size_bytes;
  what.etag = "\"" + ticket.sha256.hex() + "\"";
  // Strangers' bytes: nothing of them runs in a browser.
  what.headers = {{"X-Content-Type-Options", "nosniff"},
                  {"Content-Security-Policy", "sandbox; default-src 'none'"},
                  {"Content-Disposition", "attachment"},
                  {"Cache-Control", "private, no-cache"}};
  if (int fd = object.reader->descriptor(); fd >= 0)
    co_return http::serve(request, what, http::FileSlice{fd, 0, object.size_bytes, object.reader});
  http::ReadAt read = [&large_files, object](std::uint64_t offset, std::uint64_t count) {
    return large_files.read(object, offset, count);
  };
  co_return http::serve(request, what, std::move(read));
}

std::string signed_pattern(std::string_view path) {
  return std::string(path) + "{ticket}";
}

}  // namespace

void add_routes(http::Router& router, hub::Lfs& large_files, RepoGate& gate) {
  Protocol protocol{large_files, gate};
  for (const auto& [kind, prefix] : url_prefixes) {
    auto batch = [protocol, kind, prefix](http::Request& request) {
      return answer_batch(protocol, kind, prefix, request);
    };
    for (const char* name : {"{ns}/{name}", "{name}"})
      router.add({.method = http::Method::post,
                  .pattern = std::string(prefix) + name + ".git/info/lfs/objects/batch",
                  .operation = "lfs.batch." + std::string(to_string(kind)),
                  .summary = "Where to send large files, or to get them from.",
                  .scope = "read",
                  .access = "repo.read_content",
                  .body_bytes_max = batch_bytes_max,
                  .handler = batch,
                  .request_schema = json_schema<BatchRequest>(),
                  .response_schema = json_schema<BatchResponse>(),
                  .encode_error = encode_error});
  }
  router.add({.method = http::Method::put,
              .pattern = signed_pattern(hub::upload_path),
              .operation = "lfs.upload",
              .summary = "Receives a large file, or a part of one. The URL is signed.",
              .access = "proof",
              .body_bytes_max = http::body_unlimited,
              .handler = [&large_files](
                             http::Request& request) { return put_bytes(large_files, request); },
              .secret_path = true,
              .encode_error = encode_error});
  router.add(
      {.method = http::Method::post,
       .pattern = signed_pattern(hub::upload_path),
       .operation = "lfs.complete",
       .summary = "Joins the parts of a large file. The URL is signed.",
       .access = "proof",
       .body_bytes_max = completion_bytes_max,
       .handler = [&large_files](http::Request& request) { return complete(large_files, request); },
       .request_schema = json_schema<CompletionRequest>(),
       .secret_path = true,
       .encode_error = encode_error});
  router.add(
      {.method = http::Method::post,
       .pattern = signed_pattern(hub::verify_path),
       .operation = "lfs.verify",
       .summary = "Whether the repository has the large file. The URL is signed.",
       .access = "proof",
       .handler = [&large_files](http::Request& request) { return verify(large_files, request); },
       .request_schema = json_schema<ObjectId>(),
       .secret_path = true,
       .encode_error = encode_error});
  router.add(
      {.method = http::Method::get,
       .pattern = signed_pattern(hub::download_path),
       .operation = "lfs.download",
       .summary = "The bytes of a large file. The URL is signed.",
       .access = "proof",
       .handler = [&large_files](http::Request& request) { return download(large_files, request); },
       .secret_path = true,
       .encode_error = encode_error});
}

}  // namespace cairn::api::lfs
