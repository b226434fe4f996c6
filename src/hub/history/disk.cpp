#include "hub/history/disk.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "base/random.h"

namespace cairn::history {

std::string temporary_name(const std::string& folder) {
  std::filesystem::create_directories(folder);
  return folder + "/" + hex_encode(random_bytes(12));
}

Failure disk_trouble(std::string_view what, const std::string& path) {
  return fail(errno == ENOSPC ? ErrorCode::storage_full : ErrorCode::unavailable, "DiskTrouble",
              "The hub could not " + std::string(what) + ". Try again later.")
      .with("path", path);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string out((std::istreambuf_iterator<char>(in)), {});
  if (!in.good() && !in.eof()) return disk_trouble("read a pack", path);
  return out;
}

Result<> write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return disk_trouble("write a pack", path);
  return {};
}

}  // namespace cairn::history
