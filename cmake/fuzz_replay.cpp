// Runs a fuzz target over files, without libFuzzer: each file and every way to cut it short. So
// the corpora are tested in every build; ./test deep fuzzes with libFuzzer and sanitizers.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Prefixes tried per file: all of a small one, evenly spread ones of a large one.
constexpr std::size_t cuts_max = 200;

void run(const std::vector<char>& bytes, std::size_t size) {
  // A copy of the exact size, so that a sanitizer sees a read past the end.
  std::vector<std::uint8_t> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER (each fuzz target has one)\n", argv[0]);
    return 2;
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1])) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
    run(bytes, bytes.size());
    std::size_t step = bytes.size() / cuts_max + 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) run(bytes, size);
    ++files;
  }
  std::printf("%zu files\n", files);
  return files > 0 ? 0 : 1;
}
