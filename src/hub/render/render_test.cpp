#include "hub/render/render.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "platform/process/process.h"

namespace cairn::render {
namespace {

DocumentRef render(Renderer& renderer, Source source) {
  boost::asio::io_context io;
  auto made =
      boost::asio::co_spawn(io, renderer.render(std::move(source)), boost::asio::use_future);
  io.run();
  auto document = made.get();
  return document ? *document : nullptr;
}

Options fails(Duration failure_kept) {
  Options out;
  out.program.argv = {"sh", "-c", "exit 1"};
  out.failure_kept = failure_kept;
  return out;
}

TEST(Renderer, TextThatBreaksItsChildStandsAsItIsAndIsTriedAgainLater) {
  Blocking blocking(2);
  Source source{.markdown = "---\na: b\n---\n# x <y>\n", .key = "k"};
  for (Duration kept : {minutes(1), Duration{}}) {
    Renderer renderer(blocking, fails(kept));
    auto document = render(renderer, source);
    ASSERT_TRUE(document);
    EXPECT_EQ(document->html, "<pre># x &lt;y&gt;\n</pre>");
    EXPECT_EQ(renderer.metrics().failures, 1u);
    EXPECT_EQ(renderer.kept("k", "", Pictures::ask) != nullptr, kept == minutes(1));
    render(renderer, source);
    EXPECT_EQ(renderer.metrics().failures, kept == minutes(1) ? 1u : 2u);
  }
}

TEST(Renderer, ChildThatWentAwayWhileIdleIsReplaced) {
  Blocking blocking(2);
  Options options;
  // Answers one question (a length of 4 bytes, then a document's head alone) and ends.
  std::string head = R"({"headings":[],"summary":"","truncated":false})";
  ASSERT_EQ(head.size(), 056u);
  options.program.argv = {"sh", "-c",
                          "head -c 4 > /dev/null; printf '\\000\\000\\000\\056%s' '" + head + "'"};
  Renderer renderer(blocking, options);
  for (int i = 0; i < 3; ++i) {
    auto document = render(renderer, {.markdown = "x"});
    ASSERT_TRUE(document);
    EXPECT_EQ(document->html, "");
  }
  EXPECT_EQ(renderer.metrics().failures, 0u);
}

}  // namespace
}  // namespace cairn::render
