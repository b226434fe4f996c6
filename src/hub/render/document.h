#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

/// Strangers' Markdown as HTML that is safe on a page of the hub: plain functions, for the child
/// process that runs them and for tests.
namespace cairn::render {

/// Raised whenever the same text gives other HTML: what was kept under another version is not used.
constexpr int version = 3;

/// Longer text is cut at the end of a line. Ten times the longest cards there are.
constexpr std::size_t markdown_bytes_max = 1u << 20;
/// What one text may become: links grow, and tables of empty cells.
constexpr std::size_t html_bytes_max = 8u << 20;
/// Elements within elements; what is deeper keeps its text alone.
constexpr int depth_max = 100;
constexpr std::size_t headings_max = 500;
constexpr std::size_t summary_bytes_max = 300;

/// What is done with pictures of other hosts.
enum class Pictures {
  ask,    ///< A frame with the alternative text, the host and a link takes their place.
  allow,  ///< The browser loads them.
  proxy,  ///< The hub does, see `Places::picture`; of players a frame takes the place.
};

struct Heading {
  std::int64_t level = 1;
  std::string id;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Heading, (), (level, id, text))

struct Document {
  /// UTF-8, but for the marks of links into the repository: the byte 0xFF and a letter, see
  /// `place_links`.
  std::string html;
  std::vector<Heading> headings;
  std::string summary;     ///< The first words, as plain text; may be empty.
  bool truncated = false;  ///< The text was longer than `markdown_bytes_max`.
};

/// Renders a whole file: front matter and comments are left out.
/// @param folder  of the file in its repository, "" or "a/b": where relative links begin.
[[nodiscard]] Document render_markdown(std::string_view markdown, std::string_view folder,
                                       Pictures pictures);

/// Where the links of a document lead.
struct Places {
  std::string blob, tree,
      resolve;  ///< "/ada/bert/blob/main", percent-encoded, without '/' at the end.
  /// Where the hub shows a picture of another host, ready for an attribute: for `Pictures::proxy`.
  std::function<std::string(std::string_view url)> picture = {};
};
[[nodiscard]] std::string place_links(std::string_view html, const Places& places);

/// `&`, `<`, `>` and quotes, for text and for attribute values.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace cairn::render
