#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/lfs/lfs.h"
#include "base/json.h"
#include "hub/lfs/lfs.h"
#include "platform/http/http.h"

/// Inside the module: the protocol's JSON. Members that are not there are left out, never null:
/// the Python client's validator takes `"actions": null` for an error.
namespace cairn::api::lfs {

constexpr std::string_view media_type = "application/vnd.git-lfs+json";
/// Clients send 100 (git-lfs, JavaScript) to 256 (Python); an object takes some 120 bytes.
constexpr std::size_t batch_objects_max = 1000;
constexpr std::uint64_t batch_bytes_max = 1 << 20;
/// 10 000 parts with their ETags.
constexpr std::uint64_t completion_bytes_max = 2 << 20;

struct ObjectId {
  std::string oid;
  std::int64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(ObjectId, (), (oid, size))

struct BatchRef {
  std::optional<std::string> name;  ///< "main" or "refs/heads/main"; decides nothing here.
};
BOOST_DESCRIBE_STRUCT(BatchRef, (), (name))

struct BatchRequest {
  std::string operation;
  std::optional<std::vector<std::string>> transfers;
  std::optional<std::string> hash_algo;
  std::vector<ObjectId> objects;
  std::optional<BatchRef> ref;
};
BOOST_DESCRIBE_STRUCT(BatchRequest, (), (operation, transfers, hash_algo, objects, ref))

struct BatchAction {
  std::string href;
  /// Of uploads in parts: "chunk_size" and the parts' URLs, in order, and nothing else.
  std::optional<json::object> header;
  std::optional<std::int64_t> expires_in;
  std::optional<std::string> expires_at;
};
BOOST_DESCRIBE_STRUCT(BatchAction, (), (href, header, expires_in, expires_at))

struct BatchActions {
  std::optional<BatchAction> upload;
  std::optional<BatchAction> verify;
  std::optional<BatchAction> download;
};
BOOST_DESCRIBE_STRUCT(BatchActions, (), (upload, verify, download))

struct BatchError {
  int code = 0;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(BatchError, (), (code, message))

struct BatchObject {
  std::string oid;
  std::int64_t size = 0;
  /// The URLs need no credentials: git-lfs looks for none then.
  std::optional<bool> authenticated;
  std::optional<BatchActions> actions;  ///< Absent when there is nothing to do.
  std::optional<BatchError> error;
};
BOOST_DESCRIBE_STRUCT(BatchObject, (), (oid, size, authenticated, actions, error))

struct BatchResponse {
  std::string transfer;
  std::vector<BatchObject> objects;
  std::string hash_algo = "sha256";
};
BOOST_DESCRIBE_STRUCT(BatchResponse, (), (transfer, objects, hash_algo))

struct CompletedPart {
  int partNumber = 0;
  std::optional<std::string> etag;
};
BOOST_DESCRIBE_STRUCT(CompletedPart, (), (partNumber, etag))

struct CompletionRequest {
  std::string oid;
  std::vector<CompletedPart> parts;
};
BOOST_DESCRIBE_STRUCT(CompletionRequest, (), (oid, parts))

struct LockOwner {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(LockOwner, (), (name))

struct LockOut {
  std::string id, path, locked_at;
  LockOwner owner;
};
BOOST_DESCRIBE_STRUCT(LockOut, (), (id, path, locked_at, owner))

struct OneLock {
  LockOut lock;
  std::optional<std::string> message;  ///< With 409: why.
};
BOOST_DESCRIBE_STRUCT(OneLock, (), (lock, message))

struct LockList {
  std::vector<LockOut> locks;
  std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(LockList, (), (locks, next_cursor))

struct VerifyOut {
  std::vector<LockOut> ours, theirs;
  std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(VerifyOut, (), (ours, theirs, next_cursor))

/// What a wrong object of a batch is answered with; empty when it is well-formed.
struct CheckedObject {
  std::optional<cairn::lfs::Wanted> wanted;
  std::optional<Error> error;
};
[[nodiscard]] CheckedObject check_object(const ObjectId& object);
/// What must hold for the batch as a whole.
[[nodiscard]] Result<> check_batch(const BatchRequest& request);

[[nodiscard]] BatchObject encode_upload(const ObjectId& asked, const cairn::lfs::UploadPlan& plan);
/// @param plan   of the same object, as if it were wanted: without an error it is here already.
[[nodiscard]] BatchObject encode_chunked(const ObjectId& asked,
                                         const cairn::lfs::DownloadPlan& plan,
                                         const RepoGate::ChunkedUpload& upload);
[[nodiscard]] BatchObject encode_download(const ObjectId& asked,
                                          const cairn::lfs::DownloadPlan& plan);
[[nodiscard]] BatchObject encode_refusal(const ObjectId& asked, const Error& error);

/// The protocol's status for a code.
[[nodiscard]] int http_status(ErrorCode code);
[[nodiscard]] http::Response json_response(int status, const json::value& value);

}  // namespace cairn::api::lfs
