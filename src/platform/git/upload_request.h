#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "platform/git/oid.h"

/// What clients ask git's upload-pack for: gitprotocol-v2(5), and gitprotocol-pack(5) for the
/// protocols before it. Requests are parsed whole and written anew for the `git` program, so that
/// what was checked and what the program reads are the same.
namespace cairn::git {

enum class Protocol { v0, v1, v2 };
/// The highest version that the `Git-Protocol` header (or GIT_PROTOCOL) names and we know; v0
/// without one, as git decides.
[[nodiscard]] Protocol parse_protocol(std::string_view header);

/// Longest request that is read whole: 200 000 ids. A client names each ref it wants (100 000 at
/// most in one repository) and some thousands of commits it has.
constexpr std::size_t upload_request_bytes_max = 12u << 20;

/// "command=ls-refs".
struct LsRefsRequest {
  bool symrefs = false, peel = false, unborn = false;
  std::vector<std::string> prefixes;  ///< None: all refs.
};
/// Prefixes beyond these make the answer "all refs", as git does.
constexpr std::size_t ls_refs_prefixes_max = 65536;

/// "command=fetch", or the whole of a request of protocol 0 and 1.
struct FetchRequest {
  enum class End { open, flush, done };  ///< How it ends; protocol 2 knows only open and done.
  std::vector<Oid> wants, haves;
  std::vector<Oid> shallow;               ///< Commits whose parents the client lacks.
  std::vector<std::string> options;       ///< "thin-pack", "deepen 1", "filter blob:none"…
  std::vector<std::string> capabilities;  ///< Of the first want, protocol 0 and 1.
  End end = End::open;
};

/// "command=object-info" and others are not offered.
using CommandV2 = std::variant<LsRefsRequest, FetchRequest>;

/// @return `invalid_argument`, word "InvalidGitRequest" (what is wrong, in one line), also for an
///         argument that was not advertised; word "InvalidPktLine".
[[nodiscard]] Result<CommandV2> parse_command_v2(std::string_view body);
/// The same for protocols 0 and 1. An empty request (wants nothing) has no wants.
[[nodiscard]] Result<FetchRequest> parse_fetch_v0(std::string_view body);

/// For `git upload-pack --stateless-rpc`; what depends on the client's program alone (its name, the
/// session) is left out, so equal questions have equal text.
[[nodiscard]] std::string encode_fetch(const FetchRequest& request, Protocol protocol);

}  // namespace cairn::git
