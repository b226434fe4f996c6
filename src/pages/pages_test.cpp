#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pages/address.h"
#include "pages/assets.h"
#include "pages/card.h"
#include "pages/document.h"
#include "pages/first.h"
#include "pages/needs.h"
#include "pages/notebook.h"

namespace cairn::pages {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PageAddress, ValuesAreEncodedAsBrowsersDo) {
  // What encodeURIComponent gives.
  EXPECT_EQ(segment("a b/ü!~*'()-_.c"), "a%20b%2F%C3%BC!~*'()-_.c");
  EXPECT_EQ(encoded_path("a b/c#d"), "a%20b/c%23d");
  EXPECT_EQ(address_in(RepoKind::dataset, "ada/squad", "tree", "refs/pr/1", "x y"),
            "/datasets/ada/squad/tree/refs%2Fpr%2F1/x%20y");
}

TEST(PageAddress, NobodyIsSentToAnotherHost) {
  EXPECT_TRUE(is_local("/ada/bert?x=1"));
  for (const char* bad : {"", "//evil.example", "/\\evil.example", "https://evil.example", "ada"})
    EXPECT_FALSE(is_local(bad)) << bad;
}

TEST(PageDocument, DataCannotEndTheirScript) {
  EXPECT_EQ(script_safe(R"({"a":"</script><!--<script>"})"),
            R"({"a":"\u003c/script>\u003c!--\u003cscript>"})");
}

TEST(PageAssets, TheBestEncodingThatTheClientTakes) {
  Asset both{"plain", "zip", "br"}, zipped{"plain", "zip", ""}, plain{"plain", "", ""};
  EXPECT_EQ(choose_asset_encoding("gzip, deflate, br, zstd", both), "br");
  EXPECT_EQ(choose_asset_encoding("gzip, br;q=0.5", both), "gzip");
  EXPECT_EQ(choose_asset_encoding("br;q=0, gzip", both), "gzip");
  EXPECT_EQ(choose_asset_encoding("br", zipped), "");
  EXPECT_EQ(choose_asset_encoding("*", zipped), "gzip");
  EXPECT_EQ(choose_asset_encoding("", both), "");
  EXPECT_EQ(choose_asset_encoding("gzip, br", plain), "");
}

TEST(PageNeeds, ListsAskInTheAppsOrder) {
  auto request = http::Request::make(
      http::Method::get, "/models?sort=least_params&other=x%20y&library=b&library=a&unknown=1");
  ASSERT_TRUE(request);
  EXPECT_THAT(needs::list(RepoKind::model, *request),
              HasSubstr("/api/models?library=b&library=a&filter=x%20y&sort=num_parameters&direction"
                        "=1&expand=author"));
  EXPECT_EQ(needs::file({RepoKind::model, "a/b"}, "main", "x \"y\"").second,
            R"({"paths":["x \"y\""],"expand":true})");
}

TEST(PageFirst, NamesOfStrangersAreText) {
  Answer tree{
      200,
      R"([{"type":"file","path":"<img src=x onerror=alert(1)>"},{"type":"directory","path":"d"},7])",
      ""};
  auto html = first::folder(RepoKind::model, "a/b", "main", "", tree);
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("href=\"/a/b/tree/main/d\""));
  Answer list{200, R"([{"id":"a/<b>","pipeline_tag":"\"><script>"}])", ""};
  EXPECT_THAT(first::rows(RepoKind::model, list, "/models?cursor=\"x"), Not(HasSubstr("<script>")));
  Answer refused{403, R"({"error":"x"})", ""};
  EXPECT_EQ(first::rows(RepoKind::model, refused, ""), "<ul></ul>");
}

TEST(PageNotebook, MarkdownCellsKeepTheirNumbers) {
  using Cells = std::vector<std::pair<std::size_t, std::string>>;
  EXPECT_EQ(markdown_cells(R"({"cells":[{"cell_type":"code","source":"x"},
      {"cell_type":"markdown","source":["# One\n","two"]},7,{"cell_type":"markdown","source":"three"},
      {"cell_type":"markdown"}]})"),
            (Cells{{1, "# One\ntwo"}, {3, "three"}}));
  for (const char* none : {"", "[]", "{}", R"({"cells":1})", "{\"cells\":["})
    EXPECT_TRUE(markdown_cells(none).empty()) << none;
}

TEST(PageNotebook, WhatIsTooLongIsLeftToTheApp) {
  std::string cell = R"({"cell_type":"markdown","source":")" + std::string(200 << 10, 'x') + "\"}";
  EXPECT_EQ(markdown_cells("{\"cells\":[" + cell + "," + cell + "]}").size(), 1u);
  EXPECT_TRUE(markdown_cells("{\"cells\":[]," + std::string(3 << 20, ' ') + "}").empty());
}

TEST(PageCard, ASummaryIsCutBetweenWords) {
  render::Document document;
  document.summary =
      std::string(20, 'a') + " " + std::string(120, 'b') + " " + std::string(40, 'c');
  EXPECT_EQ(short_summary(document), std::string(20, 'a') + " " + std::string(120, 'b') + "…");
  document.summary = "short";
  EXPECT_EQ(short_summary(document), "short");
}

}  // namespace
}  // namespace cairn::pages
