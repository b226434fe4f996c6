#include "api/cas/cas.h"

#include "api/cas/wire.h"
#include "base/log.h"
#include "base/text.h"

namespace cairn::api::cas {
namespace {

using xet::Xet;

Result<xet::Token> token_of(const Xet& files, const http::Request& request) {
  auto header = request.header("Authorization");
  constexpr std::string_view scheme = "bearer ";
  if (header.size() < scheme.size() || to_lower_ascii(header.substr(0, scheme.size())) != scheme)
    return fail(ErrorCode::unauthenticated, "XetTokenMissing",
                "This route needs a token of the store. Ask for one at the repository's "
                "xet-read-token or xet-write-token.");
  return files.open_token(trim(header.substr(scheme.size())));
}

/// The prefix says which kind of hash follows; clients send "default" for all, and the
/// specification has another one for chunks (7.6).
Result<> check_prefix(const http::Request& request) {
  auto prefix = request.param("prefix");
  if (prefix == "default" || prefix == "default-merkledb") return {};
  return fail(ErrorCode::not_found, "XetPrefixNotFound", "This store has no such prefix.");
}

// ---- Uploads ----

Task<Result<http::Response>> put_xorb(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(token, token_of(files, request));
  CAIRN_CO_CHECK(check_prefix(request));
  CAIRN_CO_TRY(hash, xet::Hash::parse(request.param("hash")));
  xet::Source source = [&request] { return request.read_some(); };
  CAIRN_CO_CHECK(co_await files.receive_xorb(token, hash, request.content_length(), source));
  // Whether the hub had it is nobody's business (10.3).
  co_return http::json(200, json::value(json::object{{"was_inserted", true}}));
}

Task<Result<std::shared_ptr<xet::Registration>>> receive_shard(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(token, token_of(files, request));
  xet::Source source = [&request] { return request.read_some(); };
  co_return co_await files.receive_shard(token, request.content_length(), source);
}

Task<Result<http::Response>> put_shard_v1(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(registration, co_await receive_shard(files, request));
  for (;;) {
    CAIRN_CO_TRY(progress, co_await files.step(registration));
    if (progress.done)
      co_return http::json(200, json::value(json::object{{"result", progress.is_new ? 1 : 0}}));
  }
}

/// What the shard's refusal can be is said before the first line; what follows is told in lines.
Task<Result<http::Response>> put_shard_v2(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(registration, co_await receive_shard(files, request));
  auto ended = std::make_shared<bool>(false);
  auto next = [&files, registration, ended]() -> Task<Result<std::string>> {
    if (*ended) co_return std::string();
    auto progress = co_await files.step(registration);
    *ended = !progress || progress->done;
    if (!progress) {
      log::error("xet.shard.failed", progress.error());
      co_return error_line(progress.error());
    }
    co_return progress->done ? result_line(*progress) : progress_line(*progress);
  };
  auto response = http::stream(200, "application/x-ndjson", std::move(next));
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("X-Accel-Buffering", "no");
  co_return response;
}

// ---- Downloads ----

using Encode = json::value (*)(const xet::Reconstruction&);

Task<Result<http::Response>> get_reconstruction(Xet& files, http::Request& request, Encode encode) {
  CAIRN_CO_TRY(token, token_of(files, request));
  CAIRN_CO_TRY(hash, xet::Hash::parse(request.param("file")));
  CAIRN_CO_TRY(span, parse_span(request.header("Range")));
  CAIRN_CO_TRY(made, co_await files.reconstruct(token, hash, span));
  auto response = http::json(200, encode(made));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Result<http::Response>> head_file(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(token, token_of(files, request));
  CAIRN_CO_TRY(hash, xet::Hash::parse(request.param("file")));
  CAIRN_CO_TRY(size, co_await files.file_size(token, hash));
  if (request.method() != http::Method::head)
    co_return fail(ErrorCode::not_found, "NotFound", "Ask with HEAD.");
  auto response = http::empty(200);
  response.head_size = size;
  co_return response;
}

Task<Result<http::Response>> get_chunk(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(token, token_of(files, request));
  CAIRN_CO_CHECK(check_prefix(request));
  CAIRN_CO_TRY(hash, xet::Hash::parse(request.param("hash")));
  auto shard = co_await files.find_chunk(token, hash);
  if (!shard) {
    // Clients repeat what fails with 5xx for minutes, while the upload waits; a miss costs them
    // nothing but bytes (7.6).
    if (shard.error().code != ErrorCode::not_found) log::error("xet.chunk.failed", shard.error());
    co_return fail(ErrorCode::not_found, "XetChunkNotFound", "No answer for this chunk.");
  }
  auto response = http::text(200, std::move(*shard), "application/octet-stream");
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Failure not_covered() {
  return fail(ErrorCode::forbidden, "RangeNotSigned",
              "The URL was signed for other bytes than the Range header names.");
}

Task<Result<http::Response>> get_transfer(Xet& files, http::Request& request) {
  CAIRN_CO_TRY(hash, xet::Hash::parse(request.param("hash")));
  auto value = [&request](std::string_view name) {
    return std::string(request.query(name).value_or(""));
  };
  CAIRN_CO_TRY(transfer,
               co_await files.open_transfer(hash, value("i"), value("r"), value("e"), value("s")));
  auto ranges = http::parse_ranges(request.header("Range"), transfer.body_bytes);
  if (ranges.kind != http::Ranges::Kind::some) co_return not_covered();
  for (const auto& range : ranges.list)
    if (range.first < transfer.range.first || range.first + range.count > transfer.range.end)
      co_return not_covered();
  http::Representation what;
  what.size_bytes = transfer.body_bytes;
  what.etag = "\"" + transfer.xorb.text() + "\"";
  what.headers = {{"Content-Security-Policy", "sandbox; default-src 'none'"},
                  {"Cache-Control", "private, max-age=3600, immutable"}};
  if (int fd = transfer.reader->descriptor(); fd >= 0)
    co_return http::serve(request, what,
                          http::FileSlice{fd, 0, transfer.body_bytes, transfer.reader});
  http::ReadAt read = [&files, reader = transfer.reader](std::uint64_t offset,
                                                         std::uint64_t count) {
    return files.read(reader, offset, count);
  };
  co_return http::serve(request, what, std::move(read));
}

Task<Result<http::Response>> no_route(http::Request&) {
  co_return fail(ErrorCode::not_found, "NotFound", "This store has no such route.");
}

http::Route route(http::Method method, std::string path, std::string operation, std::string summary,
                  http::Handler handler, std::uint64_t body_bytes_max = 1u << 20) {
  return {.method = method,
          .pattern = std::string(xet::cas_path) + path,
          .operation = "xet." + operation,
          .summary = std::move(summary),
          .scope = std::string(scope),
          .access = "proof",
          .body_bytes_max = body_bytes_max,
          .handler = std::move(handler),
          .encode_error = encode_error};
}

}  // namespace

void add_routes(http::Router& router, Xet& files) {
  using http::Method;
  using Call = Task<Result<http::Response>> (*)(Xet&, http::Request&);
  auto on = [&files](Call call) {
    return [&files, call](http::Request& request) { return call(files, request); };
  };
  // Clients before hf_xet 1.1 know no versions, and call things by their singular.
  for (const char* path : {"/v1/xorbs/{prefix}/{hash}", "/xorb/{prefix}/{hash}"})
    router.add(route(Method::post, path, "xorb", "Receives a xorb; all of it is verified.",
                     on(put_xorb), xet::xorb_upload_bytes_max));
  for (const char* path : {"/v1/shards", "/shards", "/shard/{prefix}/{hash}"})
    router.add(route(Method::post, path, "shard", "Receives a shard: which files there are now.",
                     on(put_shard_v1), xet::shard_bytes_max));
  router.add(route(Method::put, "/shard/{prefix}/{hash}", "shard",
                   "Receives a shard: which files there are now.", on(put_shard_v1),
                   xet::shard_bytes_max));
  router.add(route(Method::post, "/v2/shards", "shard_v2",
                   "Receives a shard, and tells how far it is.", on(put_shard_v2),
                   xet::shard_bytes_max));
  auto reconstruct = [&files](Encode encode) {
    return [&files, encode](http::Request& request) {
      return get_reconstruction(files, request, encode);
    };
  };
  for (const char* path : {"/v1/reconstructions/{file}", "/reconstruction/{file}"})
    router.add(route(Method::get, path, "reconstruction", "How to put a file together.",
                     reconstruct(reconstruction_v1)));
  router.add(route(Method::get, "/v2/reconstructions/{file}", "reconstruction_v2",
                   "How to put a file together.", reconstruct(reconstruction_v2)));
  router.add(route(Method::get, "/v1/files/{file}", "file", "The size of a file.", on(head_file)));
  for (const char* path : {"/v1/chunks/{prefix}/{hash}", "/chunk/{prefix}/{hash}"})
    router.add(route(Method::get, path, "chunk",
                     "Xorbs that hold the chunk, when the asking one may know them.",
                     on(get_chunk)));
  router.add(route(Method::get, "/v1/transfer/{hash}", "transfer",
                   "Bytes of a xorb. The URL is signed.", on(get_transfer)));
  for (auto method : {Method::get, Method::post, Method::put, Method::patch, Method::delete_})
    router.add(route(method, "/{rest...}", "none", "What this store does not have.", no_route));
}

}  // namespace cairn::api::cas
