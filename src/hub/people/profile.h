#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hub/account/owners.h"
#include "platform/db/db.h"

namespace cairn::people {

constexpr std::size_t details_bytes_max = 2000;
constexpr std::size_t link_bytes_max = 500;
/// What an upload may have before it is re-encoded, and the picture after.
constexpr std::size_t avatar_upload_bytes_max = 5u << 20;
constexpr int avatar_pixels_max = 256;
constexpr std::size_t avatar_stored_bytes_max = 512u << 10;  // 256 × 256 × 4 bytes is half of it.

/// What is told about an owner beside its name.
struct Profile {
  account::Owner owner;
  std::string details;   ///< A few words; Markdown is not read.
  std::string homepage;  ///< http(s), or empty.
  /// Handles by network: "github", "twitter", "linkedin", "bluesky", "mastodon".
  std::map<std::string, std::string> socials;
};

/// Empty texts remove.
struct ProfileChange {
  std::optional<std::string> full_name, details, homepage;
  std::optional<std::map<std::string, std::string>> socials;  ///< All of them.
  std::optional<Visibility> default_visibility;               ///< Of new repositories.
};

/// @return `not_found`, word "OwnerNotFound".
[[nodiscard]] Result<Profile> find_profile(db::Tx& tx, OwnerId owner);

struct Avatar {
  std::string png;
  std::string digest;  ///< 16 hex digits; changes with the picture.
};
/// Of a living owner by its public id.
[[nodiscard]] std::optional<Avatar> find_avatar(db::Tx& tx, const PublicId& id);
/// Where a picture is: absolute, or a path on this hub ("/api/-/v1/avatars/…"); one is drawn for
/// those without.
[[nodiscard]] std::string avatar_path(const account::Profile& profile);

}  // namespace cairn::people
