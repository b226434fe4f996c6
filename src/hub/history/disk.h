#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

/// Inside the module: files of packs on this node's disk.
namespace cairn::history {

/// A name that nothing has, in a folder that is made when missing.
[[nodiscard]] std::string temporary_name(const std::string& folder);
/// `storage_full` or `unavailable`, word "DiskTrouble", by errno.
[[nodiscard]] Failure disk_trouble(std::string_view what, const std::string& path);
/// @return as disk_trouble(), here and below.
[[nodiscard]] Result<std::string> read_file(const std::string& path);
[[nodiscard]] Result<> write_file(const std::string& path, std::string_view bytes);

}  // namespace cairn::history
