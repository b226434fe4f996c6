#pragma once
#include "base/json.h"
#include "hub/imports/imports.h"
#include "platform/http/http.h"

/// Imports of repositories over the hub's API.
namespace cairn::api::imports {

namespace hub = cairn::imports;

struct Services {
  hub::Imports& imports;
};

void add_routes(http::Router& router, Services& services);

/// What a client sends to begin one.
struct ImportIn {
  std::string url;
  std::optional<std::string> type, name, visibility, token, username;
};
BOOST_DESCRIBE_STRUCT(ImportIn, (), (url, type, name, visibility, token, username))
/// @return `invalid_argument`, word "InvalidRequest", for unknown words.
[[nodiscard]] Result<hub::NewImport> decode(ImportIn in);
[[nodiscard]] json::object import_json(const hub::Import& import);

}  // namespace cairn::api::imports
