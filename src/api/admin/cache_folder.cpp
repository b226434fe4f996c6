#include "api/admin/cache_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"

namespace cairn::api::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t ref_bytes_max = 200;
constexpr std::size_t tree_list_bytes_max = 64u << 20;
constexpr int folder_depth_max = 64;
constexpr std::size_t refs_max = 1000;

bool is_commit(std::string_view text) {
  return text.size() == 40 && is_lower_hex(text);
}

Failure unreadable(const std::string& path, const std::string& why) {
  return fail(ErrorCode::forbidden, "CacheUnreadable", path + " cannot be read: " + why + ".");
}

/// Entries of a folder, sorted; a link to a folder is an entry and not followed.
Result<std::vector<fs::directory_entry>> entries_of(const std::string& path) {
  std::error_code failed;
  std::vector<fs::directory_entry> out;
  for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed))
    out.push_back(*at);
  if (failed) return unreadable(path, failed.message());
  std::sort(out.begin(), out.end());
  return out;
}

bool is_real_folder(const fs::directory_entry& entry) {
  std::error_code failed;
  return entry.symlink_status(failed).type() == fs::file_type::directory;
}

/// The name of the blob that a link leads to: its first hop, for a blob may itself be a link into
/// the client's store for all repositories.
std::string blob_name(const fs::directory_entry& entry) {
  std::error_code failed;
  if (entry.symlink_status(failed).type() != fs::file_type::symlink) return {};
  std::string name = fs::read_symlink(entry.path(), failed).filename().string();
  bool is_hash = (name.size() == 64 || name.size() == 40) && is_lower_hex(name);
  return failed || !is_hash ? std::string() : name;
}

Result<> walk(const std::string& root, const std::string& folder, const std::string& prefix,
              int depth, Snapshot& out) {
  if (depth > folder_depth_max) return unreadable(folder, "its folders are too deep");
  CAIRN_TRY(entries, entries_of(folder));
  for (const auto& entry : entries) {
    std::string name = entry.path().filename().string();
    if (is_real_folder(entry)) {
      CAIRN_CHECK(walk(root, entry.path().string(), prefix + name + "/", depth + 1, out));
      continue;
    }
    if (out.files.size() >= snapshot_files_max)
      return unreadable(folder,
                        "it holds more than " + std::to_string(snapshot_files_max) + " files");
    CAIRN_TRY(file, CacheFile::open(root, entry.path().string()));
    out.files.push_back(
        {prefix + name, entry.path().string(), file->size_bytes(), blob_name(entry)});
  }
  return {};
}

std::string list_some(const std::vector<std::string>& paths) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(paths.size(), 3); ++i)
    out += (i ? ", " : "") + paths[i];
  return out + (paths.size() > 3 ? ", …" : "");
}

/// Holds the files that are there against the client's list of the commit, where it kept one.
void compare_with_list(const std::string& root, const std::string& folder, Snapshot& out) {
  auto file = CacheFile::open(root, folder + "/trees/" + out.revision + ".json");
  auto text = file ? (*file)->read_all(tree_list_bytes_max) : Result<std::string>("");
  auto list = parse_json(text ? *text : "");
  auto* top = list ? list->if_object() : nullptr;
  auto* version = top ? top->if_contains("format_version") : nullptr;
  auto* files = top ? top->if_contains("files") : nullptr;
  if (!version || *version != 1 || !files || !files->is_object()) return;
  out.listed = true;
  std::map<std::string_view, SnapshotFile*> there;
  for (auto& f : out.files) there[f.path] = &f;
  std::vector<std::string> missing;
  for (const auto& [path, info] : files->get_object()) {
    auto at = there.find(path);
    if (at == there.end()) {
      missing.emplace_back(path);
      continue;
    }
    if (!at->second->hash.empty() || !info.is_object()) continue;
    for (auto member : {"lfs_sha256", "blob_id"})
      if (auto* hash = info.get_object().if_contains(member); hash && hash->is_string()) {
        at->second->hash = std::string(hash->get_string());
        break;
      }
  }
  if (!missing.empty())
    out.problem = std::to_string(missing.size()) + " of its " +
                  std::to_string(files->get_object().size()) + " files were not downloaded (" +
                  list_some(missing) + ")";
}

Snapshot read_snapshot(const std::string& root, const std::string& folder,
                       const std::string& revision) {
  Snapshot out{.revision = revision, .files = {}, .problem = {}};
  if (auto walked = walk(root, folder + "/snapshots/" + revision, "", 0, out); !walked) {
    out.problem = walked.error().message;
    while (out.problem.ends_with('.')) out.problem.pop_back();
    return out;
  }
  if (out.files.empty()) {
    out.problem = "it holds no file";
    return out;
  }
  compare_with_list(root, folder, out);
  return out;
}

void read_refs(const std::string& root, const std::string& folder, const std::string& prefix,
               int depth, CacheEntry& out) {
  auto entries = entries_of(folder);
  if (!entries || depth > folder_depth_max) return;
  for (const auto& entry : *entries) {
    std::string name = prefix + entry.path().filename().string();
    if (is_real_folder(entry)) {
      read_refs(root, entry.path().string(), name + "/", depth + 1, out);
      continue;
    }
    auto file = CacheFile::open(root, entry.path().string());
    auto text = file ? (*file)->read_all(ref_bytes_max) : Result<std::string>("");
    if (text && is_commit(trim(*text)) && out.refs.size() < refs_max)
      out.refs[name] = std::string(trim(*text));
    else
      out.notes.push_back("refs/" + name + " holds no commit id");
  }
}

void read_snapshots(const std::string& root, const std::string& folder, CacheEntry& out) {
  auto entries = entries_of(folder + "/snapshots");
  if (!entries) {
    out.notes.emplace_back("it has no folder \"snapshots\"");
    return;
  }
  auto age = [](const fs::directory_entry& entry) {
    std::error_code failed;
    return std::pair(entry.last_write_time(failed), entry.path());
  };
  std::sort(entries->begin(), entries->end(),
            [&](const auto& a, const auto& b) { return age(a) < age(b); });
  for (const auto& entry : *entries) {
    std::string name = entry.path().filename().string();
    if (!is_real_folder(entry) || !is_commit(name))
      out.notes.push_back("snapshots/" + name + " is no snapshot of a commit");
    else
      out.snapshots.push_back(read_snapshot(root, folder, name));
  }
  auto main = out.refs.find("main");
  auto last = std::find_if(out.snapshots.begin(), out.snapshots.end(), [&](const Snapshot& s) {
    return main != out.refs.end() && s.revision == main->second;
  });
  if (last != out.snapshots.end()) std::rotate(last, last + 1, out.snapshots.end());
}

int count_interrupted(const std::string& folder) {
  auto blobs = entries_of(folder + "/blobs");
  if (!blobs) return 0;
  return static_cast<int>(std::count_if(blobs->begin(), blobs->end(), [](const auto& b) {
    return b.path().extension() == ".incomplete";
  }));
}

std::optional<CacheEntry> parse_folder_name(const std::string& folder) {
  auto first = folder.find("--");
  auto kind = repo::parse_plural(folder.substr(0, first));
  if (first == folder.npos || !kind) return std::nullopt;
  CacheEntry out;
  out.folder = folder;
  out.kind = *kind;
  std::string rest = folder.substr(first + 2);
  auto second = rest.find("--");
  if (second != rest.npos) out.owner = rest.substr(0, second);
  out.name = second == rest.npos ? rest : rest.substr(second + 2);
  bool plain = !out.name.empty() && folder.find('/') == folder.npos &&
               (second == rest.npos || !out.owner.empty());
  if (!plain) return std::nullopt;
  return out;
}

}  // namespace

Result<std::shared_ptr<CacheFile>> CacheFile::open(const std::string& root,
                                                   const std::string& path) {
  // Not blocking: a pipe in the way must not hold the hub.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0 && (errno == ENOENT || errno == ELOOP))
    return fail(ErrorCode::not_found, "CacheFileMissing", path + " leads to nothing.");
  if (descriptor < 0) return unreadable(path, std::strerror(errno));
  struct stat info{};
  std::shared_ptr<CacheFile> file(new CacheFile(descriptor, 0));
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return fail(ErrorCode::invalid_argument, "CacheUnreadable", path + " is no regular file.");
  file->size_bytes_ = static_cast<std::uint64_t>(info.st_size);
  // Asked of the open file, not of the path, so that no link can change in between.
  std::error_code failed;
  std::string real = fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor), failed);
  if (failed || !real.starts_with(root + "/"))
    return fail(ErrorCode::forbidden, "OutsideCache", path + " leads out of the cache folder.");
  return file;
}

CacheFile::~CacheFile() {
  ::close(descriptor_);
}

Result<std::string> CacheFile::read(std::size_t count) {
  std::string out(count, '\0');
  ssize_t got;
  do got = ::read(descriptor_, out.data(), count);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return fail(ErrorCode::unavailable, "CacheUnreadable",
                std::string("A file of the cache cannot be read: ") + std::strerror(errno) + ".");
  out.resize(static_cast<std::size_t>(got));
  return out;
}

Result<std::string> CacheFile::read_all(std::size_t bytes_max) {
  std::string out;
  for (;;) {
    CAIRN_TRY(piece, read(std::min<std::size_t>(bytes_max + 1, 1u << 20)));
    if (piece.empty()) return out;
    out += piece;
    if (out.size() > bytes_max)
      return fail(ErrorCode::too_large, "CacheUnreadable", "A file of the cache is too large.");
  }
}

Result<std::string> find_cache(const std::string& path) {
  std::error_code failed;
  fs::path root = fs::canonical(path, failed);
  if (!path.starts_with('/') || failed || !fs::is_directory(root, failed) || root == "/")
    return fail(ErrorCode::not_found, "CacheNotFound",
                path +
                    " is no folder that the hub can read. Name the client's cache folder by its "
                    "absolute path; the client's own is ~/.cache/huggingface/hub.");
  return root.string();
}

Result<std::vector<std::string>> list_entries(const std::string& root) {
  CAIRN_TRY(entries, entries_of(root));
  std::vector<std::string> out;
  for (const auto& entry : entries) {
    std::string name = entry.path().filename().string();
    if (is_real_folder(entry) && parse_folder_name(name)) out.push_back(name);
  }
  return out;
}

Result<CacheEntry> read_entry(const std::string& root, const std::string& folder) {
  auto out = parse_folder_name(folder);
  if (!out)
    return fail(ErrorCode::invalid_argument, "InvalidCacheEntry",
                "\"" + folder + "\" is not the name of an entry, like models--google--bert.");
  std::string path = root + "/" + folder;
  read_refs(root, path + "/refs", "", 0, *out);
  read_snapshots(root, path, *out);
  out->interrupted = count_interrupted(path);
  return std::move(*out);
}

}  // namespace cairn::api::admin
