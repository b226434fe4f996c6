#include <cstdlib>

#include "hub/repo/commit_body.h"

// Any bytes, cut at any place. The first byte chooses the form and where the cut falls. Invariants:
// nothing crashes; a body in one piece and in two gives the same answer; what parses has sound
// paths (git::RepoPath is checked by construction) and stays within the limits.

namespace {

using namespace cairn;
using namespace cairn::repo;

class Counter final : public history::Staging {
 public:
  Result<git::Oid> add(std::string_view content) override {
    bytes_ += content.size();
    return git::object_id(git::ObjectType::blob, content);
  }
  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
};

struct Outcome {
  bool ok = false;
  std::size_t ops = 0;
  std::uint64_t bytes = 0;
  std::string summary, word;
  bool operator==(const Outcome&) const = default;
};

Outcome run(CommitBody::Format format, std::string_view first, std::string_view second) {
  auto staging = std::make_shared<Counter>();
  CommitBodyLimits limits;
  limits.file_bytes_max = 4096;
  limits.line_bytes_max = 8192;
  limits.ops_max = 100;
  CommitBody body(format, staging, limits);
  Outcome out;
  auto fed = body.feed(first);
  if (fed) fed = body.feed(second);
  if (!fed) return {.word = fed.error().word};
  auto request = body.finish();
  if (!request) return {.word = request.error().word};
  if (request->ops.size() > limits.ops_max) std::abort();
  return {true, request->ops.size(), staging->bytes(), request->header.summary, ""};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  auto format = data[0] & 1 ? CommitBody::Format::json : CommitBody::Format::ndjson;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t cut = text.empty() ? 0 : (data[0] >> 1) * text.size() / 128;
  auto whole = run(format, text, {});
  auto parts = run(format, text.substr(0, cut), text.substr(cut));
  // Which of several mistakes is met first may depend on the cut; whether there is one may not.
  if (whole.ok != parts.ok || (whole.ok && whole != parts)) std::abort();
  return 0;
}
