#include "platform/http/port_owner.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace cairn::http {
namespace {

namespace fs = std::filesystem;

/// As links in /proc/<pid>/fd name them: "socket:[1234]". proc(5), /proc/net/tcp.
std::set<std::string> listening_sockets(std::uint16_t port) {
  std::set<std::string> out;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string number, local, remote, state, skip, inode;
      words >> number >> local >> remote >> state >> skip >> skip >> skip >> skip >> skip >> inode;
      auto colon = local.rfind(':');
      if (state != "0A" || colon == std::string::npos) continue;
      if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port)
        out.insert("socket:[" + inode + "]");
    }
  }
  return out;
}

bool holds(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code failed;
  for (fs::directory_iterator fd(process / "fd", failed), end; !failed && fd != end;
       fd.increment(failed)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(fd->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> port_owner(std::uint16_t port) {
  auto sockets = listening_sockets(port);
  if (sockets.empty()) return std::nullopt;
  std::error_code failed;
  for (fs::directory_iterator at("/proc", failed), end; !failed && at != end;
       at.increment(failed)) {
    auto pid = at->path().filename().string();
    if (!parse_int(pid) || !holds(at->path(), sockets)) continue;
    std::string name;
    std::getline(std::ifstream(at->path() / "comm"), name);
    return name + " (pid " + pid + ")";
  }
  return std::nullopt;
}

}  // namespace cairn::http
