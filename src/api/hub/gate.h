#pragma once
#include <string>

#include "api/hub/hub.h"

/// Whether somebody may come in at all, before any handler runs.
namespace cairn::api::hub {

/// Whether a session's cookie speaks for its user in this request. Cookies come along with requests
/// that other sites make, so they count for reading pages and data; for a write, and for what gives
/// out credentials or bytes to programs (git, LFS, CAS), the page proves that it is ours.
/// @return `forbidden`, word "CsrfTokenMissing", for a write without the proof.
[[nodiscard]] Result<bool> cookie_counts(const Services& services, const http::Request& request,
                                         std::string_view cookie);

/// @return `forbidden`, word "PasswordNeeded"; `unauthenticated`, word "Unauthenticated", on a hub
///         that shows strangers nothing; `unavailable`, word "Maintenance", for a write.
[[nodiscard]] Result<> check_gate(const Services& services, const http::Request& request,
                                  const account::Actor& actor);

/// The last of these alone: for who came another way, as over SSH.
[[nodiscard]] Result<> check_maintenance(const Services& services, const http::Request& request);

/// Counts requests per actor; after the actor is known. Answers carry RateLimit headers.
/// @return (from the hook) `rate_limited`, word "RateLimited".
void add_rate_limits(http::Router& router, const Services& services);
/// Counts requests whose credentials were wrong, per address; before the actor is known.
void add_rate_limits_of_failures(http::Router& router, const Services& services);

}  // namespace cairn::api::hub
