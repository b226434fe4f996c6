#include "platform/git/transfer.h"

#include <filesystem>
#include <utility>

#include "base/text.h"
#include "platform/git/file.h"
#include "platform/git/path.h"
#include "platform/process/stoppable.h"

namespace cairn::git {
namespace {

// Nobody waits at the other end; a server that is silent ends it much sooner.
constexpr Duration transfer_time_max = hours(24);
constexpr int silence_max_s = 120;
constexpr Duration local_time_max = hours(2);
// Refs of the largest public repositories are some 100 000; a line has about 100 bytes.
constexpr std::size_t refs_bytes_max = 64u << 20;
constexpr std::size_t words_max = 4, words_bytes_max = 300;

/// git that speaks to another server.
process::Command remote_command(const std::string& folder, const Remote& remote,
                                std::vector<std::string> arguments) {
  auto command = git_command(folder, std::move(arguments));
  std::vector<std::pair<std::string, std::string>> settings = {
      {"http.proxy", remote.proxy},
      // Whoever asked has followed them, with the address checked and without the secret.
      {"http.followRedirects", "false"},
      {"http.lowSpeedLimit", "1"},
      {"http.lowSpeedTime", std::to_string(silence_max_s)},
      {"protocol.version", "2"},
      {"fetch.unpackLimit", "1"},  // Always a pack.
      {"core.fsync", "none"},      // It can be fetched again.
      {"core.hooksPath", "/dev/null"},
      {"transfer.bundleURI", "false"}};
  if (!remote.authorization.empty())
    settings.emplace_back("http.extraHeader", "Authorization: " + remote.authorization);
  auto& environment = command.environment;
  environment["GIT_CONFIG_COUNT"] = std::to_string(settings.size());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    environment["GIT_CONFIG_KEY_" + std::to_string(i)] = settings[i].first;
    environment["GIT_CONFIG_VALUE_" + std::to_string(i)] = settings[i].second;
  }
  environment["GIT_ALLOW_PROTOCOL"] = remote.url.substr(0, remote.url.find(':'));
  environment["GIT_HTTP_USER_AGENT"] = "git/2 (cairn import)";
  command.deadline = transfer_time_max;
  command.nice = 5;
  command.file_bytes_max = remote.pack_bytes_max;
  return command;
}

Failure transfer_failed(std::string_view words) {
  return fail(ErrorCode::unavailable, "GitTransferFailed",
              "git could not read the source: " +
                  (words.empty() ? std::string("it gave no reason") : std::string(words)) + ".");
}

/// "<oid>[ \t]<name>" per line; what is no branch or tag is left out.
void add_ref(RemoteRefs& out, std::string_view oid, std::string_view name) {
  auto value = Oid::parse(oid);
  bool wanted = name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
  if (value && wanted && check_ref_name(name)) out.refs.push_back({std::string(name), *value});
}

Failure not_a_repository(const std::string& path, std::string_view why) {
  return fail(ErrorCode::invalid_argument, "NotARepository", path + " " + std::string(why));
}

Result<process::Output> run_local(process::Command command, const std::atomic<bool>& stop) {
  command.deadline = local_time_max;
  command.nice = 5;
  // A partial clone must not fetch what it lacks by its own configuration.
  command.environment["GIT_NO_LAZY_FETCH"] = "1";
  command.environment["GIT_ALLOW_PROTOCOL"] = "none";
  return process::run_unless_stopped(command, stop);
}

Failure incomplete(const process::Output& output) {
  return fail(ErrorCode::unprocessable, "InvalidPack",
              "The source is not complete: " +
                  std::string(truncate_utf8(trim(output.err), words_bytes_max)) +
                  ". Run `git fsck` there.");
}

std::optional<ObjectType> type_of(std::string_view word) {
  for (auto type : {ObjectType::commit, ObjectType::tree, ObjectType::blob, ObjectType::tag})
    if (to_string(type) == word) return type;
  return std::nullopt;
}

/// Lines of what a program writes, however its pieces are cut.
class Lines {
 public:
  template <class Visit>
  void feed(std::string_view bytes, Visit visit) {
    rest_ += bytes;
    std::size_t at = 0;
    for (std::size_t end; (end = rest_.find('\n', at)) != rest_.npos; at = end + 1)
      visit(std::string_view(rest_).substr(at, end - at));
    rest_.erase(0, at);
  }

 private:
  std::string rest_;
};

}  // namespace

Result<RemoteRefs> list_remote(const std::string& folder, const Remote& remote,
                               const std::atomic<bool>& stop) {
  auto command = remote_command(folder, remote,
                                {"ls-remote", "--quiet", "--symref", "--end-of-options", remote.url,
                                 "HEAD", "refs/heads/*", "refs/tags/*"});
  command.output_bytes_max = refs_bytes_max;
  command.deadline = minutes(10);
  CAIRN_TRY(output, process::run_unless_stopped(command, stop));
  ProgressReader reader([](const TransferProgress&) {});
  reader.feed(output.err + "\n");
  if (output.exit_code != 0) return transfer_failed(reader.last_words());
  RemoteRefs out;
  for (auto line : split(output.out, '\n')) {
    auto tab = line.find('\t');
    if (tab == line.npos) continue;
    auto name = line.substr(tab + 1);
    constexpr std::string_view symbolic = "ref: ";
    if (line.starts_with(symbolic) && name == "HEAD")
      out.head = line.substr(symbolic.size(), tab - symbolic.size());
    else if (!name.ends_with("^{}"))
      add_ref(out, line.substr(0, tab), name);
  }
  return out;
}

std::optional<TransferProgress> parse_progress(std::string_view line) {
  if (line.starts_with("remote: ")) line.remove_prefix(8);
  auto colon = line.find(": ");
  auto open = line.find('(', colon == line.npos ? 0 : colon);
  auto slash = line.find('/', open == line.npos ? 0 : open);
  auto close = line.find(')', slash == line.npos ? 0 : slash);
  if (colon == line.npos || open == line.npos || slash == line.npos || close == line.npos ||
      !line.substr(colon, open - colon).contains('%'))
    return std::nullopt;
  auto done = parse_int(line.substr(open + 1, slash - open - 1));
  auto total = parse_int(line.substr(slash + 1, close - slash - 1));
  if (!done || !total || *done < 0 || *total < 0) return std::nullopt;
  return TransferProgress{std::string(line.substr(0, colon)), static_cast<std::uint64_t>(*done),
                          static_cast<std::uint64_t>(*total)};
}

ProgressReader::ProgressReader(std::function<void(const TransferProgress&)> tell)
    : tell_(std::move(tell)) {}

void ProgressReader::feed(std::string_view bytes) {
  for (char c : bytes) {
    if (c != '\n' && c != '\r') {
      if (rest_.size() < 4096) rest_ += c;
      continue;
    }
    line(rest_);
    rest_.clear();
  }
}

void ProgressReader::line(std::string_view text) {
  if (auto progress = parse_progress(text)) return tell_(*progress);
  std::string words(trim(text));
  for (std::string_view prefix : {"fatal: ", "error: "})
    if (words.starts_with(prefix)) words.erase(0, prefix.size());
  // "remote: Enumerating objects: 5, done." is progress without a number.
  if (words.empty() || words.ends_with("done.") || words.starts_with("From ") ||
      words.starts_with("* "))
    return;
  if (words_.size() == words_max) words_.erase(words_.begin());
  words_.push_back(std::move(words));
}

std::string ProgressReader::last_words() {
  if (!rest_.empty()) line(std::exchange(rest_, {}));
  std::string out;
  for (const auto& words : words_) out += (out.empty() ? "" : "; ") + words;
  while (out.ends_with('.')) out.pop_back();
  if (!is_valid_utf8(out)) return "its words are not text";
  return std::string(truncate_utf8(out, words_bytes_max));
}

Result<> fetch_refs(const std::string& folder, const Remote& remote,
                    const std::vector<std::string>& refs,
                    const std::function<void(const TransferProgress&)>& tell,
                    const std::atomic<bool>& stop) {
  auto command = remote_command(
      folder, remote,
      {"fetch", "--progress", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head",
       "--no-recurse-submodules", "--stdin", "--end-of-options", remote.url});
  for (const auto& ref : refs) command.input += "+" + ref + ":" + ref + "\n";
  ProgressReader reader(tell);
  command.take_errors = [&](std::string_view bytes) { reader.feed(bytes); };
  CAIRN_TRY(output, process::run_unless_stopped(command, stop));
  if (output.exit_code != 0) return transfer_failed(reader.last_words());
  return {};
}

Result<LocalRepository> open_local(const std::string& path, const std::atomic<bool>& stop) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  LocalRepository out;
  out.git_folder = fs::is_directory(path + "/.git", ignored) ? path + "/.git" : path;
  if (!path.starts_with('/') || !fs::is_regular_file(out.git_folder + "/HEAD", ignored) ||
      !fs::is_directory(out.git_folder + "/objects", ignored))
    return not_a_repository(path,
                            "is no git repository that the hub can read. Name its folder, at the "
                            "hub's machine.");
  if (fs::exists(out.git_folder + "/shallow", ignored))
    return not_a_repository(path, "is a shallow clone. Run git fetch --unshallow there first.");
  CAIRN_TRY(listed, run_local(git_command(out.git_folder,
                                          {"for-each-ref", "--format=%(objectname) %(refname)",
                                           "refs/heads", "refs/tags"}),
                              stop));
  if (listed.exit_code != 0) return incomplete(listed);
  for (auto line : split(listed.out, '\n'))
    if (auto space = line.find(' '); space != line.npos)
      add_ref(out.refs, line.substr(0, space), line.substr(space + 1));
  CAIRN_TRY(head,
            run_local(git_command(out.git_folder, {"symbolic-ref", "--quiet", "HEAD"}), stop));
  if (head.exit_code == 0) out.refs.head = trim(head.out);
  return out;
}

Result<> borrow_objects(const std::string& folder, const std::string& git_folder) {
  if (git_folder.contains('\n') || git_folder.starts_with('"'))
    return not_a_repository("The folder", "has a name that git cannot note.");
  return write_new_file(folder + "/objects/info/alternates", git_folder + "/objects\n");
}

Result<> each_reachable(const std::string& folder,
                        const std::function<void(const ObjectInfo&)>& visit,
                        const std::atomic<bool>& stop) {
  auto walk = git_command(folder, {"rev-list", "--objects", "--no-object-names", "--all"});
  constexpr std::size_t line_bytes = 2 * sizeof(Oid) + 1;
  std::string names;
  walk.take_output = [&](std::string_view bytes) {
    names += bytes;
    return names.size() <= reachable_max * line_bytes;
  };
  CAIRN_TRY(walked, run_local(std::move(walk), stop));
  if (names.size() > reachable_max * line_bytes)
    return fail(ErrorCode::too_large, "TooManyObjects",
                "The source has more than " + std::to_string(reachable_max) +
                    " objects. Import a part of its history.");
  if (walked.exit_code != 0) return incomplete(walked);
  if (names.empty()) return {};
  auto look = git_command(
      folder, {"cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", "--buffer"});
  look.input = std::move(names);
  Lines lines;
  bool whole = true;
  look.take_output = [&](std::string_view bytes) {
    lines.feed(bytes, [&](std::string_view line) {
      auto parts = split(line, ' ');
      if (parts.size() != 3) {
        whole = false;
        return;
      }
      auto oid = Oid::parse(parts[0]);
      auto type = type_of(parts[1]);
      auto size = parse_int(parts[2]);
      if (oid && type && size)
        visit({*oid, *type, static_cast<std::uint64_t>(*size)});
      else
        whole = false;
    });
    return true;
  };
  CAIRN_TRY(looked, run_local(std::move(look), stop));
  if (looked.exit_code != 0 || !whole) return incomplete(looked);
  return {};
}

Result<> each_content(const std::string& folder, const std::vector<Oid>& oids,
                      const std::function<void(const Oid&, std::string_view)>& visit,
                      const std::atomic<bool>& stop) {
  if (oids.empty()) return {};
  auto read = git_command(folder, {"cat-file", "--batch", "--buffer"});
  for (const auto& oid : oids) read.input += oid.hex() + "\n";
  std::string rest;
  bool whole = true;
  // "<oid> <type> <size>\n", so many bytes, "\n".
  read.take_output = [&](std::string_view bytes) {
    rest += bytes;
    std::size_t at = 0;
    while (whole) {
      auto end = rest.find('\n', at);
      if (end == rest.npos) break;
      auto parts = split(std::string_view(rest).substr(at, end - at), ' ');
      auto oid = Oid::parse(parts[0]);
      auto size = parts.size() == 3 ? parse_int(parts[2]) : std::nullopt;
      if (!oid || !size || *size < 0) {
        whole = false;
        break;
      }
      auto bytes_needed = static_cast<std::size_t>(*size) + 1;
      if (rest.size() - end - 1 < bytes_needed) break;
      visit(*oid, std::string_view(rest).substr(end + 1, bytes_needed - 1));
      at = end + 1 + bytes_needed;
    }
    rest.erase(0, at);
    return whole;
  };
  CAIRN_TRY(output, run_local(std::move(read), stop));
  if (!whole || output.exit_code != 0) return incomplete(output);
  return {};
}

process::Command pack_everything_command(const std::string& folder) {
  auto command = git_command(folder, {"pack-objects", "--all", "--stdout", "--delta-base-offset",
                                      "--quiet", "--threads=1"});
  command.deadline = local_time_max;
  command.nice = 5;
  command.environment["GIT_NO_LAZY_FETCH"] = "1";
  command.environment["GIT_ALLOW_PROTOCOL"] = "none";
  return command;
}

}  // namespace cairn::git
