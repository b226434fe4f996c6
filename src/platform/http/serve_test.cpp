#include "platform/http/serve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http/testing.h"

namespace cairn::http {
namespace {

using Kind = Ranges::Kind;

TEST(Ranges, FollowsTheForms) {
  EXPECT_EQ(parse_ranges("bytes=0-4", 10).list, (std::vector<ByteRange>{{0, 5}}));
  EXPECT_EQ(parse_ranges("bytes=7-", 10).list, (std::vector<ByteRange>{{7, 3}}));
  EXPECT_EQ(parse_ranges("bytes=-3", 10).list, (std::vector<ByteRange>{{7, 3}}));
  EXPECT_EQ(parse_ranges("Bytes = 0-0 , -1", 10).list, (std::vector<ByteRange>{{0, 1}, {9, 1}}));
  EXPECT_EQ(parse_ranges("bytes=5-99999999999999999999999", 10).list,
            (std::vector<ByteRange>{{5, 5}}));
  EXPECT_EQ(parse_ranges("bytes=-100", 10).list, (std::vector<ByteRange>{{0, 10}}));
}

TEST(Ranges, OutsideTheSizeIsUnsatisfiable) {
  for (auto text : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"})
    EXPECT_EQ(parse_ranges(text, 10).kind, Kind::unsatisfiable) << text;
  EXPECT_EQ(parse_ranges("bytes=0-", 0).kind, Kind::unsatisfiable);
  // One that can be followed is enough.
  EXPECT_EQ(parse_ranges("bytes=20-30,0-0", 10).list.size(), 1u);
}

TEST(Ranges, MalformedOnesAreIgnored) {
  for (auto text : {"", "bytes", "bytes=", "bytes=,", "bytes=a-b", "bytes=4-2", "bytes=-",
                    "bytes=1", "bytes=+1-2", "bytes=1-2-3", "lines=0-4", "bytes=0-1;2-3"})
    EXPECT_EQ(parse_ranges(text, 10).kind, Kind::none) << text;
}

TEST(Ranges, TooManyOrOverlappingGetTheWhole) {
  std::string many = "bytes=0-0";
  for (int i = 1; i <= 16; ++i) many += "," + std::to_string(i) + "-" + std::to_string(i);
  EXPECT_EQ(parse_ranges(many, 100).kind, Kind::none);
  EXPECT_EQ(parse_ranges("bytes=0-,0-,0-", 100).kind, Kind::none);
}

Response get(Headers headers, Method method = Method::get, ByteSource source = "0123456789") {
  auto request = Request::make(method, "/", std::move(headers));
  Representation what{.size_bytes = 10,
                      .etag = "\"v1\"",
                      .content_type = "text/plain",
                      .last_modified = Time{784'111'777'000'000},  // Sun, 06 Nov 1994 08:49:37 GMT
                      .headers = {{"X-Repo-Commit", "c0ffee"}}};
  return serve(*request, what, std::move(source));
}

TEST(Serve, WholeWithItsValidators) {
  auto response = get({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.text(), "0123456789");
  EXPECT_EQ(response.headers.get("ETag"), "\"v1\"");
  EXPECT_EQ(response.headers.get("Accept-Ranges"), "bytes");
  EXPECT_EQ(response.headers.get("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(response.headers.get("X-Repo-Commit"), "c0ffee");
}

TEST(Serve, OneRangeIsA206) {
  auto response = get({{"Range", "bytes=2-4"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.text(), "234");
  EXPECT_EQ(response.headers.get("Content-Range"), "bytes 2-4/10");
}

TEST(Serve, SeveralRangesAreMultipart) {
  auto response = get({{"Range", "bytes=0-1,8-9"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_TRUE(response.headers.get("Content-Type").starts_with("multipart/byteranges; boundary="));
  auto& pieces = std::get<Pieces>(response.body);
  ASSERT_EQ(pieces.size(), 5u);
  EXPECT_EQ(std::get<std::string>(pieces[1]), "01");
  EXPECT_THAT(std::get<std::string>(pieces[2]),
              ::testing::HasSubstr("Content-Range: bytes 8-9/10"));
}

TEST(Serve, RangeOutsideIsA416WithTheSize) {
  auto response = get({{"Range", "bytes=10-"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(response.headers.get("Content-Range"), "bytes */10");
  EXPECT_EQ(response.headers.get("X-Repo-Commit"), "c0ffee");
}

TEST(Serve, HeadIgnoresTheRange) {
  auto response = get({{"Range", "bytes=2-4"}}, Method::head);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body_size(), 10u);
}

TEST(Serve, IfRangeKeepsTheRangeOnlyForTheSameBytes) {
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "\"v1\""}}).status, 206);
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "\"v2\""}}).status, 200);
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "W/\"v1\""}}).status, 200);
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status,
            206);
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "Sun, 06 Nov 1994 08:49:38 GMT"}}).status,
            200);
}

TEST(Serve, PreconditionsInTheirOrder) {
  struct Case {
    Headers headers;
    int status;
  };
  for (const auto& [headers, status] : std::vector<Case>{
           {{{"If-None-Match", "\"v1\""}}, 304},
           {{{"If-None-Match", "W/\"v1\""}}, 304},
           {{{"If-None-Match", "\"a,b\", \"v1\""}}, 304},
           {{{"If-None-Match", "*"}}, 304},
           {{{"If-None-Match", "\"v2\""}}, 200},
           {{{"If-None-Match", "v1"}}, 200},
           {{{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}, 304},
           {{{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}, 200},
           {{{"If-Modified-Since", "yesterday"}}, 200},
           // The date does not count beside the tag.
           {{{"If-None-Match", "\"v2\""}, {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}},
            200},
           {{{"If-Match", "\"v1\""}}, 200},
           {{{"If-Match", "\"v2\""}}, 412},
           {{{"If-Match", "W/\"v1\""}}, 412},
           {{{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}, 412},
           {{{"If-None-Match", "\"v1\""}, {"Range", "bytes=0-1"}}, 304}})
    EXPECT_EQ(get(headers).status, status) << headers.begin()->second;
}

TEST(Serve, FilesAreSlicedNotRead) {
  auto owner = std::make_shared<int>(1);
  auto response = get({{"Range", "bytes=2-4"}}, Method::get, FileSlice{7, 100, 10, owner});
  auto& slice = std::get<FileSlice>(response.body);
  EXPECT_EQ(slice.descriptor, 7);
  EXPECT_EQ(slice.offset, 102u);
  EXPECT_EQ(slice.count, 3u);
  EXPECT_EQ(slice.owner, owner);
}

TEST(Serve, StoresWithoutDescriptorsAreReadPieceByPiece) {
  ReadAt read = [](std::uint64_t offset, std::uint64_t count) -> Task<Result<std::string>> {
    co_return std::string("0123456789").substr(offset, std::min<std::uint64_t>(count, 2));
  };
  Router router;
  router.add(Route{
      .pattern = "/", .operation = "read", .handler = [read](Request& request) -> Task<Response> {
        return [](ReadAt r, Request& q) -> Task<Response> {
          co_return serve(q, {.size_bytes = 10}, r);
        }(read, request);
      }});
  auto response = testing::send(router, Method::get, "/", {{"Range", "bytes=1-7"}});
  EXPECT_EQ(response.text(), "1234567");
}

}  // namespace
}  // namespace cairn::http
