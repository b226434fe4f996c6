#include "hub/render/document.h"

#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace cairn::render {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Places places{"/ada/bert/blob/main", "/ada/bert/tree/main", "/ada/bert/resolve/main",
                    [](std::string_view url) { return "/hub?" + percent_encode(url); }};

std::string html_of(std::string_view markdown, std::string_view folder = "",
                    Pictures pictures = Pictures::ask) {
  return place_links(render_markdown(markdown, folder, pictures).html, places);
}

TEST(Render, GitHubsTablesTasksStrikethroughAndLinks) {
  auto html = html_of(
      "| a | b |\n|--:|---|\n| 1 | ~~2~~ |\n\n- [x] done\n- [ ] open\n\nhttps://example.org/x");
  EXPECT_THAT(html, HasSubstr("<div class=\"table-scroll\" role=\"region\" aria-label=\"Table\" "
                              "tabindex=\"0\"><table>"));
  EXPECT_THAT(html, HasSubstr("<th align=\"right\" dir=\"auto\">a</th>"));
  EXPECT_THAT(html, HasSubstr("<del>2</del>"));
  EXPECT_THAT(html, HasSubstr("<input type=\"checkbox\" disabled checked>"));
  EXPECT_THAT(html,
              HasSubstr("<a href=\"https://example.org/x\" rel=\"nofollow noopener noreferrer\">"));
}

TEST(Render, ATablesRuleMayBeShort) {
  for (const char* rule : {"|--|--|", "|-|:-:|", "--|-", "| - | -- |\r"}) {
    auto html = html_of("| a | b |\n" + std::string(rule) + "\n| 1 | 2 |");
    EXPECT_THAT(html, ::testing::AllOf(HasSubstr("<table>"), HasSubstr(">2</td>"))) << rule;
  }
  EXPECT_THAT(html_of("```\n|a|\n|--|\n```"), HasSubstr("|a|\n|--|\n"));
  EXPECT_THAT(html_of("    |a|\n    |--|"), HasSubstr("|a|\n|--|\n"));
  EXPECT_THAT(html_of("words\n--"), HasSubstr("<h2"));
}

TEST(Render, FrontMatterAndCommentsAreNotShown) {
  EXPECT_EQ(html_of("---\nlicense: mit\n---\n<!-- secret -->\nhello"),
            "\n<p dir=\"auto\">hello</p>\n");
  EXPECT_THAT(html_of("---\r\na: 1\r\n---\r\nhi"), Not(HasSubstr("a: 1")));
  // Which never ends: it is text.
  EXPECT_THAT(html_of("---\nhello"), HasSubstr("hello"));
}

TEST(Render, AlertsSayWhatTheyAre) {
  auto document = render_markdown("> [!WARNING]\n> It **breaks** things.\n\nThe card's own words.",
                                  "", Pictures::ask);
  EXPECT_THAT(document.html, HasSubstr("<div class=\"alert alert-warning\" role=\"note\"><p "
                                       "class=\"alert-title\">Warning</p>"));
  EXPECT_THAT(document.html, HasSubstr("<p dir=\"auto\">It <strong>breaks</strong> things.</p>"));
  EXPECT_THAT(document.html, Not(HasSubstr("[!")));
  EXPECT_EQ(document.summary, "The card's own words.");
  for (const char* plain : {"> [!WARNING] on one line", "> [!NOTHING]\n> x", "> text\n> [!NOTE]",
                            "> [NOTE]\n> x", "[!NOTE]\nx"})
    EXPECT_THAT(html_of(plain), Not(HasSubstr("alert"))) << plain;
  EXPECT_THAT(html_of("> [!tip]\n>\n> - one"), HasSubstr("alert-tip"));
}

TEST(Render, FootnotesLeadThereAndBack) {
  auto html = html_of(
      "A claim[^b] and another[^a], again[^b].\n\n[^a]: From *a* paper.\n"
      "[^b]: First\n    line.\n\n    Second paragraph.\n\nAfter.");
  EXPECT_THAT(html, HasSubstr("A claim<sup><a id=\"fnref-1\" href=\"#fn-1\""));
  EXPECT_THAT(html, HasSubstr("another<sup><a id=\"fnref-2\" href=\"#fn-2\""));
  EXPECT_THAT(html, HasSubstr("again<sup><a id=\"fnref-1-2\" href=\"#fn-1\""));
  EXPECT_THAT(html, HasSubstr("id=\"fn-2\""));
  EXPECT_THAT(html, HasSubstr("href=\"#fnref-2\">↩</a></p>"));
  EXPECT_THAT(html, HasSubstr("Second paragraph."));
  EXPECT_LT(html.find("After."), html.find("First"));
  EXPECT_THAT(html, Not(HasSubstr("[^")));
}

TEST(Render, WhatIsNoFootnoteStaysAsItIs) {
  EXPECT_THAT(html_of("A claim[^1]."), HasSubstr("[^1]"));
  EXPECT_THAT(html_of("`x[^1]` and \\[^1]\n\n```\n[^1]\n```\n\n[^1]: note"),
              ::testing::AllOf(HasSubstr("<code>x[^1]</code>"), HasSubstr("<code>[^1]\n</code>")));
  // Code that never ends does not take the notes.
  EXPECT_THAT(html_of("a[^1]\n\n[^1]: note\n\n```\nopen"),
              ::testing::AllOf(HasSubstr("<code>open\n</code>"), HasSubstr("</span>note")));
  EXPECT_THAT(html_of("[^<script>]: x\n\na[^<script>]"), Not(HasSubstr("<script>")));
}

TEST(Render, TheHundredthFootnoteHasItsParagraphsToo) {
  std::string text;
  for (int i = 1; i <= 100; ++i) text += "[^" + std::to_string(i) + "] ";
  for (int i = 1; i <= 100; ++i)
    text += "\n\n[^" + std::to_string(i) + "]: first\n\n    second " + std::to_string(i) + ".";
  auto html = html_of(text);
  EXPECT_THAT(html, HasSubstr("<p dir=\"auto\">second 100.</p>"));
  EXPECT_THAT(html, Not(HasSubstr("<pre>")));
}

TEST(Render, MarksOfFootnotesThatNeverEndTakeNoTime) {
  std::string text = "[^1]: note\n\n";
  while (text.size() < markdown_bytes_max) text += "[^";
  auto start = std::clock();
  auto document = render_markdown(text, "", Pictures::ask);
  EXPECT_LT(std::clock() - start, 3 * CLOCKS_PER_SEC);
  EXPECT_THAT(document.html, HasSubstr("[^[^"));
}

TEST(Render, HeadingsHaveAnchorsInAnyScript) {
  auto document = render_markdown(
      "# Über uns!\n\n## 数据 集\n\n## Привет Мир\n\n## x\n\n## x\n\n# First\n\n# 🎉", "",
      Pictures::ask);
  std::vector<std::string> ids;
  for (const auto& heading : document.headings) ids.push_back(heading.id);
  EXPECT_THAT(ids, ::testing::ElementsAre("über-uns", "数据-集", "привет-мир", "x", "x-1",
                                          "card-first", "section"));
  EXPECT_EQ(document.headings[1].level, 2);
  EXPECT_EQ(document.headings[0].text, "Über uns!");
  EXPECT_THAT(document.html, HasSubstr("<h2 dir=\"auto\" id=\"数据-集\">"));
}

TEST(Render, RelativeLinksLeadToFilesAndFoldersOfTheRevision) {
  auto html = html_of(
      "[a](x.md#top) [b](../up/) [c](/ada/other) ![d](img/p.png) [e](../../../y.md) [f](#z)",
      "docs");
  EXPECT_THAT(html, HasSubstr("href=\"/ada/bert/blob/main/docs/x.md#top\""));
  EXPECT_THAT(html, HasSubstr("href=\"/ada/bert/tree/main/up\""));
  EXPECT_THAT(html, HasSubstr("href=\"/ada/other\""));
  EXPECT_THAT(html, HasSubstr("src=\"/ada/bert/resolve/main/docs/img/p.png\""));
  EXPECT_THAT(html, HasSubstr("href=\"/ada/bert/blob/main/y.md\""));
  EXPECT_THAT(html, HasSubstr("href=\"#z\""));
}

TEST(Render, NamesOfFilesAreEncodedOnce) {
  EXPECT_THAT(html_of("![](<a b/ü.png>)"), HasSubstr("/ada/bert/resolve/main/a%20b/%C3%BC.png"));
  EXPECT_THAT(html_of("![](a%20b.png)", "x#y"), HasSubstr("/resolve/main/x%23y/a%20b.png"));
}

TEST(Render, PicturesOfOtherHostsAreAFrame) {
  auto html = html_of("![A plot](https://elsewhere.example/p.png)");
  EXPECT_THAT(html, HasSubstr("class=\"elsewhere\""));
  EXPECT_THAT(html, HasSubstr("A plot"));
  EXPECT_THAT(html, HasSubstr("<small>elsewhere.example</small>"));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html_of("![A](//elsewhere.example/p.png)"), Not(HasSubstr("<img")));
  EXPECT_THAT(html_of("![A](https://elsewhere.example/p.png)", "", Pictures::allow),
              HasSubstr("<img src=\"https://elsewhere.example/p.png\""));
  // A link within a link is none.
  auto badge = html_of("[![b](https://elsewhere.example/b.svg)](https://ci.example)");
  EXPECT_EQ(badge.find("<a "), badge.rfind("<a "));
}

TEST(Render, PicturesOfOtherHostsMayComeThroughTheHub) {
  auto html = html_of("![A & B](https://elsewhere.example/p.png?a=1&b='2'#gh-dark-mode-only)", "",
                      Pictures::proxy);
  EXPECT_THAT(html, HasSubstr("<img src=\"/hub?" +
                              percent_encode("https://elsewhere.example/p.png?a=1&b=%272%27"
                                             "#gh-dark-mode-only") +
                              "\" alt=\"A &amp; B\" class=\"only-dark\""));
  EXPECT_THAT(html_of("![A](p.png)", "", Pictures::proxy),
              HasSubstr("\"/ada/bert/resolve/main/p.png\""));
  // What plays is no picture.
  for (std::string_view text : {"![A](https://elsewhere.example/p.mp4)",
                                "<video src=\"https://elsewhere.example/p.webm\"></video>"})
    EXPECT_THAT(html_of(text, "", Pictures::proxy), HasSubstr("class=\"elsewhere\"")) << text;
  // Nobody writes the mark of such an address.
  EXPECT_THAT(html_of("![A](\xffphttps://elsewhere.example/p.png) \xffp", "", Pictures::proxy),
              Not(HasSubstr("/hub?")));
}

TEST(Render, PicturesFollowTheTheme) {
  EXPECT_THAT(html_of("![x](a.png#gh-dark-mode-only)"), HasSubstr("class=\"only-dark\""));
  auto html = html_of(
      "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"d.png 2x\">"
      "<img src=\"l.png\" width=\"200\" onerror=alert(1)></picture>");
  EXPECT_THAT(html, HasSubstr("resolve/main/d.png\" alt=\"\" class=\"only-dark\" width=\"200\""));
  EXPECT_THAT(html, HasSubstr("resolve/main/l.png\" alt=\"\" class=\"only-light\""));
}

TEST(Render, FormulasKeepTheirSource) {
  auto html = html_of("Euler: $e^{i\\pi} < 0$ and\n\n$$\\sum_i x_i$$");
  EXPECT_THAT(html, HasSubstr("<span class=\"math\" data-tex=\"e^{i\\pi} &lt; 0\">"));
  EXPECT_THAT(html, HasSubstr("<span class=\"math display\" data-tex=\"\\sum_i x_i\">"));
  EXPECT_THAT(html_of("It costs $5 and later $10."), HasSubstr("$5 and later $10"));
  EXPECT_THAT(html_of("It costs $5 and later $10."), Not(HasSubstr("data-tex")));
}

TEST(Render, CodeKeepsItsLanguage) {
  EXPECT_THAT(html_of("```c++\na < b\n```"),
              HasSubstr("<pre><code class=\"language-c++\">a &lt; b\n"));
  EXPECT_THAT(html_of("```\"onload=x\ny\n```"), Not(HasSubstr("class=")));
}

TEST(Render, MediaBecomePlayersAndFramesLinks) {
  EXPECT_THAT(
      html_of("![demo](demo.mp4)"),
      HasSubstr("<video controls preload=\"none\" src=\"/ada/bert/resolve/main/demo.mp4\""));
  EXPECT_THAT(html_of("<audio src=a.wav autoplay></audio>"),
              HasSubstr("<audio controls preload=\"none\""));
  EXPECT_THAT(html_of("<audio src=a.wav autoplay></audio>"), Not(HasSubstr("autoplay")));
  EXPECT_THAT(html_of("<iframe src=\"https://video.example/v\"></iframe>"),
              HasSubstr("<a href=\"https://video.example/v\""));
}

TEST(Render, TheSummaryIsTheFirstParagraphThatSaysSomething) {
  auto summary = [](std::string_view text) {
    return render_markdown(text, "", Pictures::ask).summary;
  };
  EXPECT_EQ(
      summary(
          "# Bert\n\n[![b](https://x.example/b.svg)](y)\n\nA *small* model\nof language.\n\nMore."),
      "A small model of language.");
  EXPECT_EQ(summary("# Only a title"), "");
}

TEST(Render, LongAndDeepTextsAreCutAndStayWhole) {
  auto long_text = render_markdown(std::string(3 << 20, 'a'), "", Pictures::ask);
  EXPECT_TRUE(long_text.truncated);
  std::string deep, deeper;
  for (int i = 0; i < 200; ++i) deep += "<div>";
  for (int i = 0; i < 20'000; ++i) deeper += "<div><b></x>";
  auto html = html_of(deep + "the end");
  EXPECT_THAT(html, HasSubstr("the end"));
  EXPECT_LT(html.size(), 2000u);
  // Texts so deep are shown as they are. No matcher: it would print them.
  html = html_of(deeper + "the end");
  EXPECT_TRUE(html.starts_with("<pre>&lt;div&gt;") && html.contains("the end"));
  EXPECT_THAT(html_of(std::string(50'000, '>') + "x"), HasSubstr("x"));
}

TEST(Render, BytesThatAreNoTextDoNoHarm) {
  std::string text =
      "a\xff"
      "b c ![x](\xff"
      "r/etc) \xc3";
  text[3] = '\0';
  auto document = render_markdown(text, "", Pictures::ask);
  EXPECT_TRUE(is_valid_utf8(place_links(document.html, places)));
}

/// Without the values of attributes: what is left of a tag are names.
std::string tags_of(std::string_view html) {
  std::string out;
  bool in_tag = false, in_value = false;
  for (char c : html) {
    if (!in_tag) in_tag = c == '<';
    if (!in_tag) continue;
    if (c == '"') in_value = !in_value;
    if (!in_value) out += c;
    if (c == '>' && !in_value) in_tag = false;
  }
  return out;
}

/// What no page may hold, whatever the text was.
void expect_harmless(std::string_view text) {
  for (auto pictures : {Pictures::ask, Pictures::allow, Pictures::proxy}) {
    auto html = to_lower_ascii(html_of(text, "", pictures));
    auto tags = tags_of(html);
    for (std::string_view bad :
         {"<script", "<style",   "<iframe",      "<form", "<object",   "<embed",    "<svg",
          "<math",   "<base",    "<meta",        "<link", "<template", "<textarea", "<button",
          " style=", " srcdoc=", " formaction=", " on",   " srcset=",  " xlink",    " name="})
      EXPECT_EQ(tags.find(bad), tags.npos) << bad << " of " << text << "\n" << html;
    for (std::string_view bad : {"href=\"javascript", "src=\"javascript",
                                 "href=\"data:", "src=\"data:", "href=\"vbscript"})
      EXPECT_EQ(html.find(bad), html.npos) << bad << " of " << text << "\n" << html;
  }
}

TEST(Render, NothingOfStrangersRuns) {
  for (std::string_view text :
       {"<script>alert(1)</script>",
        "<ScRiPt src=//x.example></sCrIpT>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)>",
        "<math><mtext></p><img src onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\" \x01javascript:alert(1)\">x</a>",
        "<a href=\"java\tscript:alert(1)\">x</a>",
        "<a href=\"jav&#x0A;ascript:alert(1)\">x</a>",
        "<a href=\"&#106;avascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "[x](<java\nscript:alert(1)>)",
        "[x](JaVaScRiPt:alert(1))",
        "![x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<iframe src=javascript:alert(1)>",
        "<object data=x></object><embed src=x>",
        "<form action=/login><input name=password><button>Go</button></form>",
        "<base href=//x.example>",
        "<meta http-equiv=refresh content=\"0;url=//x.example\">",
        "<link rel=stylesheet href=//x.example>",
        "<style>body{display:none}</style>",
        "<p style=\"position:fixed;inset:0\">x</p>",
        "<div class=\"fixed modal\" id=\"cairn-page\">x</div>",
        "<table background=javascript:alert(1)><tr><td style=x>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<template><img src=x onerror=alert(1)></template>",
        "<title><img src=x onerror=alert(1)></title>",
        "<textarea></textarea><img src=x onerror=alert(1)>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php <script>alert(1)</script> ?>",
        "<x onclick=alert(1)>y</x>",
        "<a href=x onmouseover=alert(1)>",
        "<video src=x onerror=alert(1)><source onerror=alert(1) src=y></video>",
        "<details open ontoggle=alert(1)>",
        "<img src=\"x` `<script>alert(1)</script>\"` `>",
        "<img \"\"\"><script>alert(1)</script>\">",
        "<<script>alert(1)//<</script>",
        "<a\x0chref=javascript:alert(1)>",
        "<img/src=x/onerror=alert(1)>",
        "```\"><script>alert(1)</script>\nx\n```",
        "`<script>alert(1)</script>`",
        "$<script>alert(1)</script>$",
        "# <script>alert(1)</script>",
        "[a]: javascript:alert(1)\n\n[a]",
        "<javascript:alert(1)>",
        "| <script>alert(1)</script> |\n|---|",
        "<select><style></select><img src=x onerror=alert(1)></style>",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<isindex action=javascript:alert(1)>",
        "<image src=x onerror=alert(1)>",
        "<body onload=alert(1)>",
        "<frameset onload=alert(1)>",
        "<marquee onstart=alert(1)>x</marquee>",
        "<input autofocus onfocus=alert(1)>",
        "<x-equation type=\"display\"><script>alert(1)</script></x-equation>",
        "<xmp><script>alert(1)</script></xmp>",
        "<plaintext><script>alert(1)</script>",
        "<a href=\"\\\\x.example\">",
        "<img src=\"/\\x.example/y\">"})
    expect_harmless(text);
}

TEST(Render, AnAddressThatLeavesTheHubIsKnown) {
  for (std::string_view url : {"/\\x.example/y.png", "\\\\x.example/y.png", "//x.example/y.png",
                               "https:x.example/y.png", "HTTPS:\\\\x.example/y.png"})
    EXPECT_THAT(html_of("<img src='" + std::string(url) + "'>"),
                HasSubstr("<small>x.example</small>"))
        << url;
}

TEST(Render, ACardOf100KilobytesTakesMilliseconds) {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i)
    text += "## Section " + std::to_string(i) +
            "\n\nSome *words* with `code`, a [link](file.md) and $x^2$.\n\n| a | b |\n|---|---|\n| "
            "1 | 2 |\n\n"
            "```python\nprint(1)\n```\n\n<div align=\"center\"><img src=\"a.png\"></div>\n\n";
  auto begin = std::clock();
  auto document = render_markdown(text, "", Pictures::ask);
  double took_ms = 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("100 KB: %.1f ms, %zu bytes of HTML\n", took_ms, document.html.size());
  EXPECT_LT(took_ms, 1000);
}

}  // namespace
}  // namespace cairn::render
