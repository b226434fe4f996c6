#pragma once
// What owners.cpp, apply.cpp and account.cpp share: checks of single values, rows to nouns.
#include <optional>
#include <string>
#include <string_view>

#include "hub/account/store.h"

namespace cairn::account {

User to_user(const store::OwnerRow& row);
Organization to_organization(const store::OwnerRow& row);

/// Links and clients still ask for the old name of a renamed owner: for so long nobody else has it.
constexpr Duration old_name_kept = days(90);
/// @param who  takes the name; may take an old one of their own back.
/// @return `conflict`, word "NameTaken", when a living, deleted or renamed owner has the name.
Result<> check_name_free(db::Tx& tx, std::string_view name, std::optional<OwnerId> who = {});
/// Empty text becomes the fallback.
Result<std::string> check_full_name(std::string_view text, std::string_view fallback);
/// Empty text becomes nothing.
Result<std::optional<std::string>> check_email(std::string_view text);

/// A value as whoever made it may have chosen it: visible ASCII, at most `token_bytes_max`.
bool is_token_value(std::string_view value);
Sha256Digest token_hash(std::string_view value);
std::string token_hint(std::string_view value);
bool is_token_name(std::string_view name);
/// "hf_" and 34 letters and digits.
std::string new_token_value();
Failure token_not_found();

/// A session cookie's value.
std::string new_cookie();
/// As a row holds it.
Seen bounded(Seen seen);

/// Argon2id (libsodium, "interactive": 64 MiB, about 0.1 s). For blocking threads.
std::string hash_password(std::string_view password);
bool verify_password(const std::string& hash, std::string_view password);
/// Bytes that no password may lack, or have more of.
Result<> check_password(std::string_view password);

}  // namespace cairn::account
