#include "hub/pictures/pictures.h"

#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "base/text.h"

namespace cairn::pictures {
namespace {

using namespace std::string_literals;

const std::string png = "\x89PNG\r\n\x1a\n and so on"s;

class PicturesTest : public ::testing::Test {
 protected:
  Blocking blocking{2};
  Keyring keyring{{std::string(32, 'k')}};
  std::vector<std::string> asked;
  Result<std::string> answer = png;

  Pictures pictures(Duration failure_kept = minutes(5)) {
    Options options;
    options.failure_kept = failure_kept;
    options.fetch = [this](const std::string& url, std::size_t bytes_max) {
      EXPECT_EQ(bytes_max, picture_bytes_max);
      asked.push_back(url);
      return answer;
    };
    return Pictures(blocking, keyring, std::move(options));
  }
  static Result<PictureRef> get(Pictures& pictures, std::string signature, std::string url) {
    boost::asio::io_context io;
    auto got = boost::asio::co_spawn(io, pictures.get(std::move(signature), std::move(url), "ada"),
                                     boost::asio::use_future);
    io.run();
    return got.get();
  }
  /// As a browser does with what stands in the page.
  static std::string signature_in(std::string_view address) {
    constexpr std::string_view start = "/-/pictures/";
    EXPECT_TRUE(address.starts_with(start));
    address.remove_prefix(start.size());
    return std::string(address.substr(0, address.find('?')));
  }
};

TEST_F(PicturesTest, PictureOfASignedAddressIsAskedForOnce) {
  auto here = pictures();
  std::string url = "https://other.example/a b.png?x=\"1\"&y=2";
  auto address = here.address(url);
  EXPECT_EQ(address.substr(address.find('?')), "?url=" + percent_encode(url));
  EXPECT_EQ(address.find_first_of("\"<>& "), address.npos) << "ready for an attribute";
  for (int twice = 0; twice < 2; ++twice) {
    auto got = get(here, signature_in(address), url);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ((*got)->type, "image/png");
    EXPECT_EQ((*got)->bytes, png);
  }
  EXPECT_EQ(asked, std::vector{url});
}

TEST_F(PicturesTest, WhatNobodySignedIsNeverAskedFor) {
  auto here = pictures();
  auto good = signature_in(here.address("https://other.example/a.png"));
  for (const std::string& url : {"https://other.example/b.png"s, "http://169.254.169.254/"s, ""s})
    EXPECT_EQ(get(here, good, url).error().word, "InvalidPicture") << url;
  for (const std::string& signature :
       {""s, "x"s, keyring.sign("session", "https://other.example/a.png")})
    EXPECT_EQ(get(here, signature, "https://other.example/a.png").error().word, "InvalidPicture");
  EXPECT_TRUE(asked.empty());
}

TEST_F(PicturesTest, WhatIsNoPictureIsNotShownAndNotAskedForAgainAtOnce) {
  std::string url = "https://other.example/a.png";
  for (Result<std::string> no :
       {Result<std::string>("<!doctype html><script>alert(1)</script>"), Result<std::string>(""),
        Result<std::string>(fail(ErrorCode::forbidden, "AddressRefused", "no"))}) {
    answer = no;
    asked.clear();
    auto here = pictures();
    for (int twice = 0; twice < 2; ++twice)
      EXPECT_EQ(get(here, signature_in(here.address(url)), url).error().word, "PictureUnavailable");
    EXPECT_EQ(asked.size(), 1u);
  }
  auto soon = pictures(Duration{});
  asked.clear();
  EXPECT_FALSE(get(soon, signature_in(soon.address(url)), url));
  answer = png;
  EXPECT_TRUE(get(soon, signature_in(soon.address(url)), url));
  EXPECT_EQ(asked.size(), 2u);
}

TEST(PictureType, IsWhatTheFirstBytesSay) {
  const std::pair<std::string, std::string_view> known[] = {
      {png, "image/png"},
      {"\xff\xd8\xff\xe0 jfif", "image/jpeg"},
      {"GIF89a...", "image/gif"},
      {"RIFF\x10\0\0\0WEBPVP8 "s, "image/webp"},
      {"\0\0\0\x20"
       "ftypavif...."s,
       "image/avif"},
      {"<svg xmlns='…'>", "image/svg+xml"},
      {"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by -->\n<!DOCTYPE svg PUBLIC \"x\">\n<svg>",
       "image/svg+xml"}};
  for (const auto& [bytes, type] : known) EXPECT_EQ(type_of(bytes), type) << bytes;
  for (const std::string& bytes : {""s, "<html><svg>"s, "<?xml version='1.0'?><html>"s,
                                   "<!-- never closed <svg>"s, "RIFF"s, "RIFF\x10\0\0\0WAVEfmt "s,
                                   "\0\0\0\x20"
                                   "ftypisom...."s,
                                   "%PDF-1.7"s, "{\"a\":1}"s})
    EXPECT_FALSE(type_of(bytes)) << bytes;
}

}  // namespace
}  // namespace cairn::pictures
