#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "platform/git/git_program.h"
#include "platform/git/object.h"
#include "platform/git/pack.h"
#include "platform/git/path.h"

/// What the tests of this module share.
namespace cairn::git::testing {

/// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn-git-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] std::string path(std::string_view name = {}) const {
    return name.empty() ? path_ : path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}
inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs the real git in a bare folder; a failure of git fails the test.
inline std::string git_says(const std::string& folder, std::vector<std::string> arguments,
                            std::string input = {}) {
  auto command = git_command(folder, std::move(arguments));
  command.input = std::move(input);
  auto output = process::run(command);
  if (!output) {
    ADD_FAILURE() << output.error().message;
    return {};
  }
  EXPECT_EQ(output->exit_code, 0) << output->err;
  return output->out;
}

inline Signature ada(std::int64_t seconds = 1'767'322'800) {
  return {"Ada Lovelace", "ada@users.noreply.hub.example", seconds, 60};
}

/// A file in the history made below.
struct TestFile {
  std::string name;
  std::string content;
  FileMode mode = FileMode::regular;
};

/// Adds one commit with these files in its root folder.
inline Oid add_commit(PackBuilder& builder, const std::vector<TestFile>& files,
                      std::vector<Oid> parents = {}, std::string message = "Change\n") {
  std::vector<TreeEntry> entries;
  for (const auto& file : files)
    entries.push_back({file.mode, file.name, builder.add(ObjectType::blob, file.content)});
  Oid tree = builder.add(ObjectType::tree, *encode_tree(std::move(entries)));
  CommitData commit{tree, std::move(parents), ada(), ada(), "", std::move(message)};
  return builder.add(ObjectType::commit, *encode_commit(commit));
}

}  // namespace cairn::git::testing
