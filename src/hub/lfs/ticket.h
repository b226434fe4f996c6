#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/keyring.h"
#include "hub/lfs/lfs.h"

/// Inside the module: tickets as URL-safe text. Sealed rather than signed in the open, because they
/// hold numbers of rows, which never leave the hub; the seal authenticates and names its key.
namespace cairn::lfs {

[[nodiscard]] std::string seal_ticket(const Keyring& keyring, const Ticket& ticket);

/// @return as Lfs::open_ticket.
[[nodiscard]] Result<Ticket> unseal_ticket(const Keyring& keyring, std::string_view text,
                                           std::initializer_list<Ticket::Kind> kinds, Time now);

}  // namespace cairn::lfs
