#include "hub/repo/commit_body.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace cairn::repo {
namespace {

class Kept final : public history::Staging {
 public:
  Result<git::Oid> add(std::string_view content) override {
    contents.emplace_back(content);
    bytes_ += content.size();
    return git::object_id(git::ObjectType::blob, content);
  }
  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }
  std::vector<std::string> contents;

 private:
  std::uint64_t bytes_ = 0;
};

struct Outcome {
  Result<CommitRequest> request;
  std::shared_ptr<Kept> staging;
};

Outcome read(std::string_view text, std::size_t step = 0,
             CommitBody::Format format = CommitBody::Format::ndjson, CommitBodyLimits limits = {}) {
  auto staging = std::make_shared<Kept>();
  CommitBody body(format, staging, limits);
  if (step == 0) step = text.size() + 1;
  for (std::size_t at = 0; at < text.size(); at += step)
    if (auto fed = body.feed(text.substr(at, step)); !fed)
      return {std::unexpected(fed.error()), staging};
  return {body.finish(), staging};
}

std::string word(std::string_view text, CommitBodyLimits limits = {},
                 CommitBody::Format format = CommitBody::Format::ndjson) {
  auto out = read(text, 0, format, limits);
  return out.request ? "" : out.request.error().word;
}

const std::string head = R"({"key":"header","value":{"summary":"s"}})"
                         "\n";
const std::string full =
    R"({"key":"header","value":{"summary":"Upload","description":"why","parentCommit":"abcde"}})"
    "\n"
    R"({"key":"file","value":{"content":"aGVsbG8=","path":"a.txt","encoding":"base64"}})"
    "\n\r\n"
    R"({"value":{"path":"b.txt","content":"größe"},"key":"file"})"
    "\r\n"
    R"({"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":7}})"
    "\n"
    R"({"key":"deletedFile","value":{"path":"old.txt"}})"
    "\n"
    R"({"key":"deletedFolder","value":{"path":"dir/"}})"
    "\n"
    R"({"key":"file","value":{"path":"to.txt","oldPath":"from.txt"}})";

TEST(CommitBody, AValueThatIsNoTextWhereOneBelongsIsRefused) {
  // Passed over, the first would be a commit without a parent, the second an empty file.
  EXPECT_EQ(word(R"({"key":"header","value":{"summary":"s","parentCommit":5}})"),
            "InvalidCommitBody");
  for (const char* value : {"1", "1.5", "true", "[]", "{}", "18446744073709551615"})
    for (const char* member : {"path", "content", "encoding"}) {
      auto other = std::string(member) == "path" ? "content" : "path";
      auto line = std::string(R"({"key":"file","value":{")") + other + R"(":"x",")" + member +
                  "\":" + value + "}}";
      EXPECT_EQ(word(head + line), "InvalidCommitBody") << line;
    }
  for (const char* size : {R"("1")", "true", "-1", "1.5", "18446744073709551615"})
    EXPECT_EQ(word(head + R"({"key":"lfsFile","value":{"path":"x","oid":")" + std::string(64, 'a') +
                   R"(","size":)" + size + "}}"),
              "InvalidCommitBody")
        << size;
  EXPECT_EQ(word(R"({"summary":"s","deletedFiles":[5]})", {}, CommitBody::Format::json),
            "InvalidCommitBody");
  EXPECT_EQ(word(R"({"summary":["s"]})", {}, CommitBody::Format::json), "InvalidCommitBody");
  // Null is as if the member were not there.
  EXPECT_EQ(word(R"({"key":"header","value":{"summary":"s","parentCommit":null}})"), "");
}

TEST(CommitBody, ReadsEveryKindOfLineWhereverItIsCut) {
  for (std::size_t step : {0u, 1u, 2u, 3u, 7u, 64u}) {
    auto out = read(full, step);
    ASSERT_TRUE(out.request) << out.request.error().message;
    const auto& request = *out.request;
    EXPECT_EQ(request.header.summary, "Upload");
    EXPECT_EQ(request.header.description, "why");
    EXPECT_EQ(request.header.parent, "abcde");
    ASSERT_EQ(request.ops.size(), 6u);
    EXPECT_EQ(out.staging->contents, (std::vector<std::string>{"hello", "größe"}));
    EXPECT_EQ(std::get<PutFile>(request.ops[0]).path.text(), "a.txt");
    EXPECT_EQ(std::get<PutFile>(request.ops[0]).size_bytes, 5u);
    EXPECT_EQ(std::get<PutLarge>(request.ops[2]).size_bytes, 7u);
    EXPECT_EQ(std::get<Delete>(request.ops[3]).path.text(), "old.txt");
    EXPECT_EQ(std::get<Delete>(request.ops[4]).path.text(), "dir");
    EXPECT_EQ(std::get<Rename>(request.ops[5]).from.text(), "from.txt");
  }
}

TEST(CommitBody, HeaderIsKnownBeforeTheRestArrives) {
  CommitBody body(CommitBody::Format::ndjson, std::make_shared<Kept>());
  EXPECT_EQ(body.header(), nullptr);
  ASSERT_TRUE(body.feed(head.substr(0, 20)));
  EXPECT_EQ(body.header(), nullptr);
  ASSERT_TRUE(body.feed(head.substr(20)));
  ASSERT_NE(body.header(), nullptr);
  EXPECT_EQ(body.header()->summary, "s");
}

TEST(CommitBody, ReadsTheOlderSingleObject) {
  auto text =
      R"({"files":[{"path":"a","content":"eA==","encoding":"base64"},{"path":"b","content":""}],
    "summary":"s","description":"d","lfsFiles":[{"path":"w","oid":
    "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}],
    "deletedFiles":["x","y"],"deletedEntries":[{"path":"z"}],"other":[{"path":"q"},[1,[2]]]})";
  for (std::size_t step : {0u, 1u, 5u}) {
    auto out = read(text, step, CommitBody::Format::json);
    ASSERT_TRUE(out.request) << out.request.error().message;
    EXPECT_EQ(out.request->header.summary, "s");
    EXPECT_EQ(out.request->ops.size(), 6u);
    EXPECT_EQ(out.staging->contents, (std::vector<std::string>{"x", ""}));
  }
}

TEST(CommitBody, BrokenInputIsRefusedWithAReason) {
  struct Case {
    std::string text, word;
  };
  const std::vector<Case> cases = {
      {"", "InvalidCommitBody"},
      {"\n\n", "InvalidCommitBody"},
      {"[]\n", "InvalidCommitBody"},
      {"7\n", "InvalidCommitBody"},
      {"{\"key\":\"header\"}\n", "InvalidCommitBody"},
      {"{\"key\":\"header\",\"value\":[]}\n", "InvalidCommitBody"},
      {head + head, "InvalidCommitBody"},
      {R"({"key":"file","value":{"path":"a","content":""}})", "InvalidCommitBody"},
      {head + R"({"key":"copyFile","value":{"path":"a"}})", "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":"a"}})", "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"content":"a"}})", "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":7,"content":"a"}})", "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":"a","content":null}})", "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":"a","content":"a*b","encoding":"base64"}})",
       "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":"a","content":"YQ","encoding":"base64"}})",
       "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":"a","content":"YQ==","encoding":"hex"}})",
       "InvalidCommitBody"},
      {head + R"({"key":"lfsFile","value":{"path":"a","oid":"12"}})", "InvalidCommitBody"},
      {head + R"({"key":"lfsFile","value":{"path":"a","algo":"md5","oid":"12"}})",
       "InvalidCommitBody"},
      {head + R"({"key":"deletedFolder","value":{"path":"/"}})", "InvalidCommitBody"},
      {head + R"({"key":"file","value":{"path":"a/../b","content":""}})", "InvalidPath"},
      {head + R"({"key":"file","value":{"path":".git/config","content":""}})", "InvalidPath"},
      {head + R"({"key":"file","value":{"path":"a\\b","content":""}})", "InvalidPath"},
      {head + R"({"key":"file","value":{"path":"a","content":")", "InvalidJson"},
      {head + "{\"key\":\"file\",\"value\":{\"path\":\"a\",\"content\":\"\xff\"}}", "InvalidJson"},
      {head + "{} {}\n", "InvalidJson"},
      {head + "nonsense\n", "InvalidJson"},
      {head + std::string(100, '['), "InvalidJson"},
  };
  for (const auto& c : cases) EXPECT_EQ(word(c.text), c.word) << c.text;
  auto refused = read(head + "\n" + R"({"key":"file","value":{"path":"a"}})");
  EXPECT_TRUE(refused.request.error().message.starts_with("Line 3: "))
      << refused.request.error().message;
}

TEST(CommitBody, LimitsHoldWhileBytesArrive) {
  CommitBodyLimits limits;
  limits.file_bytes_max = 300;
  auto file = [&](std::size_t size) {
    return head + R"({"key":"file","value":{"path":"big.txt","encoding":"base64","content":")" +
           base64_encode(std::string(size, 'x')) + "\"}}\n";
  };
  EXPECT_EQ(word(file(300), limits), "");
  EXPECT_EQ(word(file(301), limits), "FileTooLarge");
  EXPECT_EQ(word(file(100'000).substr(0, 2000), limits), "FileTooLarge");
  limits = {};
  limits.line_bytes_max = 100;
  EXPECT_EQ(word(head + std::string(50, ' ') + "{" + std::string(101, ' '), limits), "LineTooLong");
  limits = {};
  limits.ops_max = 2;
  std::string gone = R"({"key":"deletedFile","value":{"path":"a"}})"
                     "\n";
  EXPECT_EQ(word(head + gone + gone, limits), "");
  EXPECT_EQ(word(head + gone + gone + gone, limits), "TooManyOperations");
  limits = {};
  limits.bytes_max = 3;
  EXPECT_EQ(word(full, limits), "CommitTooLarge");
  limits = {};
  limits.summary_bytes_max = 3;
  EXPECT_EQ(word(full, limits), "SummaryTooLong");
}

TEST(CommitBody, UnknownMembersAndDeepValuesAreIgnored) {
  auto out =
      read(R"({"key":"header","value":{"summary":"s","more":{"path":"x","summary":["y"]}},"v":1})"
           "\n"
           R"({"key":"file","value":{"path":"a","content":"b","mode":{"content":"no"}}})");
  ASSERT_TRUE(out.request) << out.request.error().message;
  EXPECT_EQ(out.request->header.summary, "s");
  EXPECT_EQ(out.staging->contents, std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace cairn::repo
