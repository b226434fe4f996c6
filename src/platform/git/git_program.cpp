#include "platform/git/git_program.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace cairn::git {
namespace {

/// The last line git wrote to stderr that says something, cut for a message.
std::string reason(const process::Output& output) {
  std::string last = "it gave no reason";
  for (auto line : split(output.err, '\n'))
    if (auto text = trim(line); !text.empty()) last = text;
  for (std::string_view prefix : {"fatal: ", "error: "})
    if (last.starts_with(prefix)) last.erase(0, prefix.size());
  return std::string(truncate_utf8(last, 300));
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
  std::vector<std::string> out{"index-pack"};
  if (options.strict) out.push_back("--strict");
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

Result<PackFile> index_pack(const std::string& folder, std::string pack_bytes,
                            const IndexPackOptions& options) {
  auto arguments = index_pack_arguments(options);
  arguments.push_back("--stdin");
  auto command = git_command(folder, std::move(arguments));
  command.input = std::move(pack_bytes);
  CAIRN_TRY(output, run(std::move(command), options.deadline));
  if (output.exit_code != 0) return refused(output);
  CAIRN_TRY(name, printed_name(output));
  return PackFile{folder + "/objects/pack/pack-" + name.hex() + ".pack", name};
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

Result<PackFile> pack_objects(const std::string& folder, const std::string& out_folder,
                              const PackObjectsOptions& options) {
  auto command =
      git_command(folder, {"pack-objects", "--stdin-packs", "--delta-base-offset", "--quiet",
                           "--threads=" + std::to_string(options.threads),
                           "--window-memory=" + std::to_string(options.window_memory_bytes),
                           "--end-of-options", out_folder + "/pack"});
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder + "/objects/pack", failed))
    if (file.path().extension() == ".pack") command.input += file.path().filename().string() + "\n";
  if (failed)
    return fail(ErrorCode::not_found, "FileNotFound", "The folder of the packs is missing.")
        .with("path", folder);
  CAIRN_TRY(output, run(std::move(command), options.deadline));
  if (output.exit_code != 0)
    return program_failed(output, fail(ErrorCode::internal, "ProgramFailed",
                                       "git could not merge the packs of a repository."));
  CAIRN_TRY(name, printed_name(output));
  return PackFile{out_folder + "/pack-" + name.hex() + ".pack", name};
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
