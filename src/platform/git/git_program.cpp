#include "platform/git/git_program.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace cairn::git {
namespace {

/// The last lines git wrote to stderr that say something, cut for a message: which object first,
/// then what follows from it.
std::string reason(const process::Output& output) {
  constexpr std::size_t lines_max = 2;
  std::vector<std::string> last;
  for (auto line : split(output.err, '\n')) {
    std::string text(trim(line.substr(line.rfind('\r') + 1)));  // Progress overwrites itself.
    for (std::string_view prefix : {"fatal: ", "error: "})
      if (text.starts_with(prefix)) text.erase(0, prefix.size());
    if (text.empty()) continue;
    if (last.size() == lines_max) last.erase(last.begin());
    last.push_back(std::move(text));
  }
  if (last.empty()) return "it gave no reason";
  std::string out = last.front();
  for (std::size_t i = 1; i < last.size(); ++i) out += "; " + last[i];
  return std::string(truncate_utf8(out, 300));
}

/// What a failed run means: the disk first, since the same exit code says "bad pack" as well.
Failure program_failed(const process::Output& output, Failure otherwise) {
  if (output.err.contains("No space left on device") || output.err.contains("Disk quota exceeded"))
    return fail(ErrorCode::storage_full, "StorageFull",
                "The hub's disk is full, and nothing was saved. Free some room, then try again.");
  return std::move(otherwise)
      .with("exit_code", std::to_string(output.exit_code))
      .with("stderr", std::string(truncate_utf8(output.err, 2000)));
}

Failure refused(const process::Output& output) {
  return program_failed(output, fail(ErrorCode::unprocessable, "InvalidPack",
                                     "git does not accept the pack: " + reason(output) +
                                         ". Run `git fsck --strict` where it comes from."));
}

Result<process::Output> run(process::Command command, Duration deadline) {
  command.deadline = deadline;
  return process::run(command);
}

/// The name at the end of what index-pack ("pack\t<name>\n") and pack-objects ("<name>\n") print.
Result<Sha1Digest> printed_name(const process::Output& output) {
  auto text = trim(output.out);
  if (auto tab = text.rfind('\t'); tab != std::string_view::npos) text.remove_prefix(tab + 1);
  auto name = Sha1Digest::parse(text);
  if (!name)
    return fail(ErrorCode::internal, "ProgramFailed", "git gave an answer that is not understood.")
        .with("stdout", std::string(truncate_utf8(output.out, 300)));
  return *name;
}

std::vector<std::string> index_pack_arguments(const IndexPackOptions& options) {
  // Objects from 16 MiB on are checked without being held whole; other packs are mapped in windows,
  // so that a bound on the address space bounds what the pack unpacks to. Nothing is synced: what
  // is kept of the pack is written, and synced, by the object store.
  std::vector<std::string> out{"-c",        "core.bigFileThreshold=16m",
                               "-c",        "core.packedGitWindowSize=32m",
                               "-c",        "core.packedGitLimit=256m",
                               "-c",        "core.fsync=none",
                               "-c",        "pack.threads=2",
                               "index-pack"};
  if (options.strict) out.push_back("--strict");
  if (options.fix_thin) out.push_back("--fix-thin");
  if (options.bytes_max > 0) out.push_back("--max-input-size=" + std::to_string(options.bytes_max));
  return out;
}

}  // namespace

process::Command git_command(const std::string& folder, std::vector<std::string> arguments) {
  process::Command command;
  command.argv = {"git"};
  for (auto& argument : arguments) command.argv.push_back(std::move(argument));
  command.directory = folder;
  command.environment = {
      {"GIT_DIR", folder},  // No search upwards, and no question of who owns the folder.
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_CONFIG_GLOBAL", "/dev/null"},
      {"GIT_ATTR_NOSYSTEM", "1"},
      {"GIT_NO_REPLACE_OBJECTS", "1"},  // refs/replace/ of a stranger changes nothing.
      {"GIT_TERMINAL_PROMPT", "0"},
      {"GIT_ALLOW_PROTOCOL", "https:http"},
      {"HOME", "/nonexistent"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin"},
      {"LC_ALL", "C"},
  };
  return command;
}

process::Command index_pack_command(const std::string& folder, const IndexPackOptions& options) {
  auto arguments = index_pack_arguments(options);
  arguments.push_back("--stdin");
  auto command = git_command(folder, std::move(arguments));
  command.deadline = options.deadline;
  command.nice = options.nice;
  command.memory_bytes_max = options.memory_bytes_max;
  return command;
}

Result<PackFile> index_pack_result(const std::string& folder, const process::Output& output) {
  if (output.exit_code != 0) return refused(output);
  CAIRN_TRY(name, printed_name(output));
  return PackFile{folder + "/objects/pack/pack-" + name.hex() + ".pack", name};
}

Result<PackFile> index_pack(const std::string& folder, std::string pack_bytes,
                            const IndexPackOptions& options) {
  auto command = index_pack_command(folder, options);
  command.input = std::move(pack_bytes);
  CAIRN_TRY(output, process::run(command));
  return index_pack_result(folder, output);
}

Result<PackFile> index_pack_file(const std::string& folder, const std::string& pack_path,
                                 const IndexPackOptions& options) {
  // index-pack knows no --end-of-options; an absolute path is no option either.
  if (!pack_path.starts_with('/') || !pack_path.ends_with(".pack"))
    return fail(ErrorCode::invalid_argument, "InvalidPackPath",
                "A pack has an absolute path that ends in .pack.");
  auto arguments = index_pack_arguments(options);
  arguments.push_back(pack_path);
  CAIRN_TRY(output, run(git_command(folder, std::move(arguments)), options.deadline));
  if (output.exit_code != 0) return refused(output);
  CAIRN_TRY(name, printed_name(output));
  return PackFile{pack_path, name};
}

namespace {

/// @param chosen  which objects: flags, and what they read from standard input.
Result<PackFile> run_pack_objects(const std::string& folder, const std::string& out_folder,
                                  const PackObjectsOptions& options, std::string chosen,
                                  std::string input) {
  auto command =
      git_command(folder, {"pack-objects", std::move(chosen), "--delta-base-offset", "--quiet",
                           "--threads=" + std::to_string(options.threads),
                           "--window-memory=" + std::to_string(options.window_memory_bytes),
                           "--end-of-options", out_folder + "/pack"});
  command.input = std::move(input);
  command.nice = 5;  // Nobody waits for it.
  CAIRN_TRY(output, run(std::move(command), options.deadline));
  if (output.exit_code != 0)
    return program_failed(output, fail(ErrorCode::internal, "ProgramFailed",
                                       "git could not merge the packs of a repository."));
  CAIRN_TRY(name, printed_name(output));
  return PackFile{out_folder + "/pack-" + name.hex() + ".pack", name};
}

}  // namespace

Result<PackFile> pack_objects(const std::string& folder, const std::string& out_folder,
                              const PackObjectsOptions& options) {
  std::string packs;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder + "/objects/pack", failed))
    if (file.path().extension() == ".pack") packs += file.path().filename().string() + "\n";
  if (failed)
    return fail(ErrorCode::not_found, "FileNotFound", "The folder of the packs is missing.")
        .with("path", folder);
  return run_pack_objects(folder, out_folder, options, "--stdin-packs", std::move(packs));
}

Result<PackFile> pack_reachable_objects(const std::string& folder, const std::string& out_folder,
                                        const PackObjectsOptions& options) {
  return run_pack_objects(folder, out_folder, options, "--all", "");
}

Result<PackFile> pack_selected(const std::string& folder, const std::string& out_folder,
                               const std::vector<Oid>& objects, const PackObjectsOptions& options) {
  std::string names;
  names.reserve(objects.size() * (oid_hex + 1));
  for (const auto& oid : objects) names += oid.hex() + "\n";
  // Without a flag that chooses, the names are read as they are.
  return run_pack_objects(folder, out_folder, options, "--quiet", std::move(names));
}

Result<std::vector<std::string>> write_clone_index(const std::string& folder,
                                                   const Sha1Digest& preferred, Duration deadline) {
  auto write = [&](std::vector<std::string> arguments) -> Result<> {
    auto command = git_command(folder, std::move(arguments));
    command.nice = 10;  // Nobody waits for it.
    CAIRN_TRY(output, run(std::move(command), deadline));
    if (output.exit_code == 0) return {};
    return program_failed(output, fail(ErrorCode::internal, "ProgramFailed",
                                       "git could not index the packs of a repository."));
  };
  CAIRN_CHECK(write({"-c", "pack.threads=1", "multi-pack-index", "write", "--bitmap",
                     "--preferred-pack=pack-" + preferred.hex() + ".pack", "--no-progress"}));
  CAIRN_CHECK(write({"commit-graph", "write", "--reachable", "--no-progress"}));
  std::vector<std::string> out{folder + "/objects/info/commit-graph"};
  for (const auto& file : std::filesystem::directory_iterator(folder + "/objects/pack"))
    if (file.path().filename().string().starts_with("multi-pack-index"))
      out.push_back(file.path().string());
  return out;
}

Result<FsckReport> fsck(const std::string& folder, Duration deadline) {
  constexpr std::size_t problems_max = 1000;
  CAIRN_TRY(
      output,
      run(git_command(folder, {"fsck", "--strict", "--full", "--no-dangling", "--no-progress"}),
          deadline));
  FsckReport out;
  for (const auto& text : {output.out, output.err})
    for (auto line : split(text, '\n')) {
      // "notice: HEAD points to an unborn branch": an empty repository is healthy.
      if (trim(line).empty() || line.starts_with("notice: ")) continue;
      if (out.problems.size() < problems_max) out.problems.emplace_back(line);
    }
  if (output.exit_code != 0 && out.problems.empty())
    out.problems.push_back("git fsck ended with exit code " + std::to_string(output.exit_code));
  out.clean = out.problems.empty();
  return out;
}

}  // namespace cairn::git
