#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/git/oid.h"
#include "platform/git/upload_request.h"

/// What a server tells of its refs before it is asked for objects.
namespace cairn::git {

struct AdvertisedRef {
  std::string name;
  Oid oid;
  std::optional<Oid> peeled;  ///< Of an annotated tag: what it leads to.
};

/// The refs a client may read, at one moment.
struct RefView {
  std::span<const AdvertisedRef> refs;  ///< Sorted by name, without HEAD; not kept.
  std::string head_ref;                 ///< What HEAD points at; may be missing among `refs`.

  /// What HEAD leads to.
  [[nodiscard]] const AdvertisedRef* head() const;
};

/// Of `info/refs` and of a connection's start: all refs, and what the server can do.
/// @param protocol  v0 or v1, which differ in a line "version 1" at the start.
/// @param agent     "cairn/1.2.3"
[[nodiscard]] std::string encode_upload_advertisement(const RefView& view, Protocol protocol,
                                                      std::string_view agent);
/// The same for protocol 2, which tells no refs.
[[nodiscard]] std::string encode_capabilities_v2(std::string_view agent);
/// The answer to "command=ls-refs".
[[nodiscard]] std::string encode_ls_refs(const RefView& view, const LsRefsRequest& request);

}  // namespace cairn::git
