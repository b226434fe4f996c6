#pragma once
#include "api/hub/open.h"

namespace cairn::api::hub {

/// The picture of a user or organization: their own, or one drawn from the id.
[[nodiscard]] std::string avatar_url(const Services& services, const account::Profile& profile);
/// A user wherever one appears beside something: discussions, likers, members, requests.
[[nodiscard]] json::object user_json(const Services& services, const account::User& user);

/// A file or folder as `tree` and `paths-info` show it (hub-api.md, section 5).
[[nodiscard]] json::object entry_json(const repo::Entry& entry);

/// A commit as lists show it. @param formatted  also as HTML.
[[nodiscard]] json::object commit_json(const history::CommitInfo& commit, bool formatted);
/// `{state, reason, type, fingerprint?, user?}`: a member of our own, "signature", of a commit.
[[nodiscard]] json::object signature_json(const keys::CommitSignature& signature);

/// All that is known of a repository; with `expand` only `_id`, `id` and what was asked.
struct InfoShape {
  std::optional<repo::Expand> expand;
  bool siblings = true;
  bool blobs = false;  ///< Size, id and large-file data of every sibling.
};
/// One of `siblings`, as JSON text.
[[nodiscard]] json::object sibling_json(const history::SheetEntry& entry, bool blobs);
[[nodiscard]] json::object info_json(const Services& services, const repo::Info& info,
                                     const InfoShape& shape);
/// An item of a list: the short form, or what `full`, `cardData` and `config` add.
struct ItemShape {
  std::optional<repo::Expand> expand;
  bool full = false;
  bool card_data = false;
  bool config = false;
};
[[nodiscard]] json::object item_json(const Services& services, const repo::Info& info,
                                     const ItemShape& shape);

/// What `expand` asks for; empty without it.
/// @return `invalid_argument`, words "InvalidExpand", "InvalidQuery" when it stands beside another
///         way to ask.
[[nodiscard]] Result<std::optional<repo::Expand>> expand_of(const http::Request& request,
                                                            RepoKind kind);

}  // namespace cairn::api::hub
