#include "api/lfs/ssh_wire.h"

#include <gtest/gtest.h>

namespace cairn::api::lfs {
namespace {

using git::Pkt;
using git::PktKind;

Pkt line(std::string text) {
  return {PktKind::data, std::move(text) + "\n"};
}
const Pkt flush{PktKind::flush}, delim{PktKind::delim};
const std::string oid(64, 'a');

Result<std::optional<SshMessage>> read(SshMessageReader& reader, const std::vector<Pkt>& packets) {
  Result<std::optional<SshMessage>> out = std::optional<SshMessage>{};
  for (const auto& packet : packets) {
    EXPECT_TRUE(out && !*out) << "over before its last packet";
    out = reader.add(packet);
  }
  return out;
}

TEST(LfsSshMessage, HasACommandArgumentsAndLines) {
  SshMessageReader reader;
  auto got = read(reader, {line("batch"), line("refname=refs/heads/a=b"), line("nothing"), delim,
                           line(oid + " 12"), line("x=y"), flush});
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->command, "batch");
  EXPECT_EQ((*got)->operand, "");
  EXPECT_EQ((*got)->argument("refname"), "refs/heads/a=b");
  EXPECT_EQ((*got)->argument("nothing"), "");
  EXPECT_EQ((*got)->lines, (SshLines{oid + " 12", "x=y"}));
  EXPECT_FALSE((*got)->has_data);
  // Nothing of it is in the next.
  got = read(reader, {line("unlock 1 2"), flush});
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->operand, "1 2");
  EXPECT_TRUE((*got)->arguments.empty() && (*got)->lines.empty());
  EXPECT_TRUE(reader.empty());
}

TEST(LfsSshMessage, OfDataEndsBeforeTheData) {
  SshMessageReader reader;
  auto got = read(reader, {line("put-object " + oid), line("size=3"), delim});
  ASSERT_TRUE(got && *got);
  EXPECT_TRUE((*got)->has_data);
  EXPECT_EQ((*got)->operand, oid);
  EXPECT_TRUE(reader.empty());
  got = read(reader, {line("put-object " + oid), flush});
  ASSERT_TRUE(got && *got);
  EXPECT_FALSE((*got)->has_data);
}

TEST(LfsSshMessage, RefusesWhatIsNone) {
  for (const auto& packets :
       std::vector<std::vector<Pkt>>{{flush},
                                     {delim},
                                     {line("")},
                                     {line(" x")},
                                     {line("batch"), delim, delim},
                                     {Pkt{PktKind::response_end}},
                                     {line("batch"), Pkt{PktKind::response_end}}}) {
    SshMessageReader reader;
    auto got = read(reader, packets);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().word, "InvalidLfsMessage");
  }
}

TEST(LfsSshMessage, HasAtMostSoManyLinesOfSoManyBytes) {
  SshMessageReader reader;
  std::vector<Pkt> packets{line("batch"), delim};
  packets.resize(2 + ssh_lines_max, line("x"));
  ASSERT_TRUE(read(reader, packets));
  auto got = reader.add(line("x"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().word, "LfsMessageTooLarge");
  SshMessageReader other;
  EXPECT_TRUE(other.add(line("lock")));
  EXPECT_TRUE(other.add(line(std::string(ssh_line_bytes_max, 'x'))));
  EXPECT_EQ(other.add(line(std::string(ssh_line_bytes_max + 1, 'x'))).error().word,
            "LfsMessageTooLarge");
}

TEST(LfsSshAnswer, IsPacketsWithOneLineEach) {
  EXPECT_EQ(ssh_answer(200), "000fstatus 200\n0000");
  EXPECT_EQ(ssh_answer(201, {"a=b"}), "000fstatus 201\n0008a=b\n0000");
  EXPECT_EQ(ssh_answer(404, {}, SshLines{}), "000fstatus 404\n00010000");
  EXPECT_EQ(ssh_answer(404, {}, SshLines{"no\nluck"}), "000fstatus 404\n0001000cno luck\n0000");
}

TEST(LfsSshBatch, BecomesTheBatchOfHttp) {
  SshMessage message;
  message.command = "batch";
  message.arguments = {{"refname", "refs/heads/main"}, {"transfer", "ssh"}};
  message.lines = {oid + " 12 key=value", oid + " 0"};
  auto batch = decode_ssh_batch(message, "upload");
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->operation, "upload");
  EXPECT_EQ(*batch->hash_algo, "sha256");
  EXPECT_EQ(*batch->ref->name, "refs/heads/main");
  ASSERT_EQ(batch->objects.size(), 2u);
  EXPECT_EQ(batch->objects[0].size, 12);
  for (std::string bad : {"", "x", "a b", "a  1"}) {
    message.lines = {bad};
    EXPECT_EQ(decode_ssh_batch(message, "upload").error().word, "InvalidLfsMessage") << bad;
  }
}

TEST(LfsSshBatch, TakesTheSizeOfOneObjectFromEitherPlace) {
  SshMessage message;
  message.command = "verify-object";
  message.operand = oid + " 7";
  EXPECT_EQ(decode_ssh_object(message, "upload")->objects[0].size, 7);
  message.operand = oid;
  EXPECT_FALSE(decode_ssh_object(message, "upload"));
  message.arguments["size"] = "8";
  EXPECT_EQ(decode_ssh_object(message, "upload")->objects[0].size, 8);
}

TEST(LfsSshBatch, RefusesAnUploadAsAWholeAndADownloadByTheObject) {
  BatchActions actions;
  actions.upload = BatchAction{"https://hub/api/-/v1/lfs/upload/TICKET", {}, {}, {}};
  EXPECT_EQ(ticket_of(*actions.upload), "TICKET");
  BatchResponse answer{"basic",
                       {{oid, 1, {}, actions, {}},
                        {oid, 2, {}, {}, {}},
                        {oid, 3, {}, {}, BatchError{404, "Not here."}}}};
  auto down = encode_ssh_batch(answer, "download");
  EXPECT_EQ(down.lines, (SshLines{oid + " 1 download", oid + " 2 noop", oid + " 3 download"}));
  EXPECT_FALSE(down.refused);
  auto up = encode_ssh_batch(answer, "upload");
  ASSERT_TRUE(up.refused);
  EXPECT_EQ(up.refused->code, 404);
  EXPECT_TRUE(up.lines.empty());
}

}  // namespace
}  // namespace cairn::api::lfs
