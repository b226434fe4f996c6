#include "hub/render/sanitize.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/text.h"
#include "hub/render/allow_list.h"
#include "hub/render/anchors.h"
#include "hub/render/html_tree.h"
#include "hub/render/links.h"

namespace cairn::render {
namespace {

/// Text for HTML, without the byte that marks links.
std::string written(std::string_view text) {
  std::string out = escape_html(text);
  std::erase(out, mark);
  return out;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return std::string(trim(out));
}

/// "240", "50%": what width and height may be.
bool is_length(std::string_view value) {
  if (value.ends_with("px")) return false;
  if (value.ends_with('%')) value.remove_suffix(1);
  auto number = parse_int(value);
  return number && *number > 0 && *number <= 10'000;
}

bool ends_with_any(std::string_view url, std::initializer_list<std::string_view> suffixes) {
  std::string path = to_lower_ascii(url.substr(0, url.find_first_of("?#")));
  for (auto suffix : suffixes)
    if (path.ends_with(suffix)) return true;
  return false;
}

std::span<GumboNode* const> children_of(const GumboNode& node) {
  const auto& list = node.v.element.children;
  return {reinterpret_cast<GumboNode* const*>(list.data), list.length};
}

/// gumbo looks at every open element for every tag, so its time grows with the square of the
/// depth. Start tags without their end tag are counted by name, and those that need none are not.
bool nests_too_deep(std::string_view html) {
  constexpr std::int64_t open_max = 1000;
  std::map<std::string, std::int64_t> open;
  std::int64_t sum = 0;
  for (auto at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    bool closes = at + 1 < html.size() && html[at + 1] == '/';
    std::string name;
    constexpr std::size_t name_bytes_max = 16;
    for (auto i = at + (closes ? 2 : 1); i < html.size() && name.size() < name_bytes_max; ++i) {
      char c = html[i];
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter) break;
      name += c;
    }
    name = to_lower_ascii(name);
    constexpr std::string_view endless[] = {"",   "p",  "li",  "td",    "tr",     "th",  "dt", "dd",
                                            "br", "hr", "img", "input", "source", "col", "wbr"};
    if (std::ranges::find(endless, name) != std::end(endless)) continue;
    auto& count = open[name];
    if (closes && count == 0) continue;
    count += closes ? -1 : 1;
    sum += closes ? -1 : 1;
    if (sum > open_max) return true;
  }
  return false;
}

struct Alert {
  std::string_view kind, title;
};
constexpr Alert alerts[] = {{"note", "Note"},
                            {"tip", "Tip"},
                            {"important", "Important"},
                            {"warning", "Warning"},
                            {"caution", "Caution"}};

/// Writes a tree anew. Used once.
class Writer {
 public:
  Writer(std::string_view folder, Pictures pictures) : folder_(folder), pictures_(pictures) {}

  Document run(const GumboNode& root) {
    write_children(root, 0);
    if (out_.html.size() > html_bytes_max) out_.truncated = true;
    return std::move(out_);
  }

 private:
  void write_children(const GumboNode& node, int depth) {
    for (auto* child : children_of(node)) write(*child, depth);
  }

  void write(const GumboNode& node, int depth) {
    // Everything open is closed all the same, so the page stays whole.
    if (out_.html.size() > html_bytes_max) return;
    switch (node.type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_WHITESPACE:
      case GUMBO_NODE_CDATA: {
        std::string_view text = node.v.text.text;
        if (&node == alert_mark_) text.remove_prefix(alert_mark_bytes_);
        out_.html += written(text);
        return;
      }
      case GUMBO_NODE_ELEMENT:
        if (depth > depth_max)
          out_.html += written(text_of(node, html_bytes_max));
        else
          write_element(node, depth);
        return;
      default:
        return;  // Comments, and templates, which hold what is not shown.
    }
  }

  void write_element(const GumboNode& node, int depth) {
    const auto& element = node.v.element;
    if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return;
    auto tag = tag_of(node);
    if (tag.empty()) return write_children(node, depth + 1);
    switch (fate_of(tag)) {
      case Fate::drop:
        return;
      case Fate::unwrap:
        return write_children(node, depth + 1);
      case Fate::special:
        return write_special(node, tag, depth);
      case Fate::keep:
        break;
    }
    if (tag.size() == 2 && tag[0] == 'h' && tag[1] != 'r') return write_heading(node, tag, depth);
    if (tag == "blockquote")
      if (auto kind = take_alert(node); !kind.empty()) return write_alert(node, kind, depth);
    if (tag == "p") take_summary(node);
    open(node, tag);
    if (is_void(tag)) return;
    write_children(node, depth + 1);
    close(tag);
  }

  /// The start tag with the attributes that it may have.
  void open(const GumboNode& node, std::string_view tag, std::string more = {}) {
    auto& html = out_.html;
    html += '<';
    html += tag;
    bool has_direction = false;
    const auto& list = node.v.element.attributes;
    for (unsigned i = 0; i < list.length; ++i) {
      const auto& found = *static_cast<const GumboAttribute*>(list.data[i]);
      std::string_view name = found.name, value = found.value;
      if (name == "id" && more.find(" id=") == more.npos) {
        if (auto id = anchors_.for_id(value); !id.empty()) add("id", id);
      }
      if (!allows(tag, name, value)) continue;
      has_direction = has_direction || name == "dir";
      add(name, value);
    }
    if (!has_direction && is_block_of_text(tag)) html += " dir=\"auto\"";
    html += more + ">";
  }
  void add(std::string_view name, std::string_view value) {
    out_.html += " " + std::string(name) + "=\"" + written(value) + "\"";
  }
  /// Of a URL with a mark in it.
  static std::string link_attribute(std::string_view name, std::string_view url) {
    return " " + std::string(name) + "=\"" + escape_html(url) + "\"";
  }
  void close(std::string_view tag) { out_.html += "</" + std::string(tag) + ">"; }

  void write_heading(const GumboNode& node, std::string_view tag, int depth) {
    constexpr std::size_t heading_bytes_max = 500;
    std::string text = one_line(text_of(node, heading_bytes_max));
    std::string id = anchors_.for_heading(text);
    open(node, tag, " id=\"" + written(id) + "\"");
    write_children(node, depth + 1);
    if (!in_link_)
      out_.html += "<a class=\"anchor\" href=\"#" + written(percent_encode(id)) +
                   "\" aria-hidden=\"true\" tabindex=\"-1\"></a>";
    close(tag);
    if (out_.headings.size() < headings_max && !text.empty())
      out_.headings.push_back({tag[1] - '0', id, text});
  }

  /// "note" of a quotation that begins "[!NOTE]", as GitHub's Markdown has it; then that mark will
  /// not be written. Empty for every other.
  std::string_view take_alert(const GumboNode& quotation) {
    const GumboNode* first = &quotation;
    for (std::string_view wanted : {"p", ""}) {
      auto children = children_of(*first);
      auto at = std::ranges::find_if(
          children, [](auto* child) { return child->type != GUMBO_NODE_WHITESPACE; });
      if (at == children.end()) return {};
      first = *at;
      if (!wanted.empty() && tag_of(*first) != wanted) return {};
    }
    if (first->type != GUMBO_NODE_TEXT) return {};
    std::string_view text = first->v.text.text;
    auto end = text.find(']');
    if (!text.starts_with("[!") || end == text.npos) return {};
    auto rest = text.substr(end + 1);
    auto line_end = std::min(rest.find_first_not_of(" \t"), rest.size());
    if (line_end < rest.size() && rest[line_end] != '\n') return {};
    for (const auto& [kind, title] : alerts) {
      if (to_lower_ascii(text.substr(2, end - 2)) != kind) continue;
      alert_mark_ = first;
      alert_mark_bytes_ = std::min(end + 1 + line_end + 1, text.size());
      return kind;
    }
    return {};
  }

  void write_alert(const GumboNode& node, std::string_view kind, int depth) {
    auto title = std::ranges::find(alerts, kind, &Alert::kind)->title;
    out_.html += "<div class=\"alert alert-" + std::string(kind) +
                 "\" role=\"note\"><p class=\"alert-title\">" + std::string(title) + "</p>";
    // What is said beside the text does not introduce it.
    bool outside = !in_alert_;
    in_alert_ = true;
    write_children(node, depth + 1);
    if (outside) in_alert_ = false;
    close("div");
  }

  /// The first paragraph that says something: neither badges nor links alone.
  void take_summary(const GumboNode& node) {
    if (!out_.summary.empty() || in_alert_) return;
    std::size_t plain = 0;
    for (auto* child : children_of(node))
      if (child->type == GUMBO_NODE_TEXT) plain += trim(child->v.text.text).size();
    constexpr std::size_t words_bytes_min = 15;
    if (plain < words_bytes_min) return;
    std::string text = one_line(text_of(node, 4 * summary_bytes_max));
    out_.summary = truncate_utf8(text, summary_bytes_max);
  }

  void write_formula(const GumboNode& node, bool display) {
    std::string tex = text_of(node, html_bytes_max);
    std::string dollars = display ? "$$" : "$";
    auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
    // "from $5 to $10" is about money.
    bool money = !display && (tex.empty() || blank(tex.front()) || blank(tex.back()));
    if (money) {
      out_.html += dollars + written(tex) + dollars;
      return;
    }
    out_.html += "<span class=\"math" + std::string(display ? " display" : "") + "\" data-tex=\"" +
                 written(tex) + "\">" + dollars + written(tex) + dollars + "</span>";
  }

  void write_special(const GumboNode& node, std::string_view tag, int depth) {
    if (tag == "a") return write_link(node, depth);
    if (tag == "img") return write_image(node, {});
    if (tag == "picture") return write_picture(node);
    if (tag == "video" || tag == "audio") return write_player(node, tag);
    if (tag == "table") return write_table(node, depth);
    if (tag == "iframe") return write_frame(node);
    if (tag == "x-equation") return write_formula(node, attribute(node, "type") == "display");
    if (tag == "input" && to_lower_ascii(attribute(node, "type")) == "checkbox") {
      bool checked = attribute(node, "checked").data() != nullptr;
      out_.html += std::string("<input type=\"checkbox\" disabled") + (checked ? " checked>" : ">");
    }
  }

  void write_link(const GumboNode& node, int depth) {
    auto link = read_link(attribute(node, "href"), folder_, Use::link);
    std::string name(attribute(node, "name"));
    std::string more;
    if (!name.empty() && attribute(node, "id").data() == nullptr)
      if (auto id = anchors_.for_id(name); !id.empty()) more += " id=\"" + written(id) + "\"";
    if (!link || in_link_) {
      open(node, "span", more);
      write_children(node, depth + 1);
      return close("span");
    }
    more += link_attribute("href", link->url);
    if (link->kind == Link::Kind::elsewhere) more += " rel=\"nofollow noopener noreferrer\"";
    open(node, "a", more);
    in_link_ = true;
    write_children(node, depth + 1);
    in_link_ = false;
    close("a");
  }

  /// @param theme  "only-dark", "only-light" or empty.
  void write_image(const GumboNode& node, std::string_view theme, std::string_view source = {}) {
    auto link = read_link(source.empty() ? attribute(node, "src") : source, folder_, Use::media);
    auto alt = attribute(node, "alt");
    if (!link) {
      out_.html += written(alt);
      return;
    }
    if (theme.empty() && link->fragment == "gh-dark-mode-only") theme = "only-dark";
    if (theme.empty() && link->fragment == "gh-light-mode-only") theme = "only-light";
    bool elsewhere = link->kind == Link::Kind::elsewhere;
    if (elsewhere && pictures_ == Pictures::ask) return write_elsewhere(link->url, alt, theme);
    for (std::string_view tag : {"video", "audio"}) {
      bool is = tag == "video"
                    ? ends_with_any(link->url, {".mp4", ".webm", ".mov", ".m4v"})
                    : ends_with_any(link->url, {".mp3", ".wav", ".ogg", ".flac", ".m4a"});
      if (!is) continue;
      if (elsewhere && pictures_ == Pictures::proxy) return write_elsewhere(link->url, alt, theme);
      out_.html += "<" + std::string(tag) + " controls preload=\"none\"" +
                   link_attribute("src", link->url) + " aria-label=\"" + written(alt) + "\">";
      return close(tag);
    }
    auto& html = out_.html;
    bool through_hub = elsewhere && pictures_ == Pictures::proxy;
    html += "<img" +
            link_attribute("src", through_hub ? std::string{mark, 'p'} + link->url : link->url);
    add("alt", alt);
    if (!theme.empty()) add("class", theme);
    for (const char* name : {"width", "height"})
      if (auto value = attribute(node, name); is_length(value)) add(name, value);
    for (const char* name : {"title", "align"})
      if (auto value = attribute(node, name); value.data() && allows("img", name, value))
        add(name, value);
    html += " loading=\"lazy\" decoding=\"async\">";
  }

  /// Nobody's browser tells another host what is read here.
  void write_elsewhere(std::string_view url, std::string_view alt, std::string_view theme) {
    std::string kind = "elsewhere" + std::string(theme.empty() ? "" : " ") + std::string(theme);
    out_.html += "<span class=\"" + kind + "\" data-src=\"" + written(url) +
                 "\"><span dir=\"auto\">" + written(alt) + "</span> <small>" +
                 written(host_of(url)) + "</small>";
    if (!in_link_)
      out_.html +=
          " <a href=\"" + written(url) + "\" rel=\"nofollow noopener noreferrer\">Show</a>";
    out_.html += "</span>";
  }

  /// Follows the page's theme, which need not be the system's.
  void write_picture(const GumboNode& node) {
    const GumboNode* image = nullptr;
    std::string dark, light;
    for (auto* child : children_of(node)) {
      auto tag = tag_of(*child);
      if (tag == "img") image = child;
      if (tag != "source") continue;
      std::string media = to_lower_ascii(attribute(*child, "media"));
      auto set = trim(attribute(*child, "srcset"));
      std::string first(set.substr(0, set.find_first_of(" ,")));
      if (media.find("dark") != media.npos) dark = first;
      if (media.find("light") != media.npos) light = first;
    }
    if (!image) return;
    if (dark.empty() && light.empty()) return write_image(*image, {});
    write_image(*image, "only-dark", dark);
    write_image(*image, "only-light", light);
  }

  void write_player(const GumboNode& node, std::string_view tag) {
    auto source = attribute(node, "src");
    for (auto* child : children_of(node))
      if (source.empty() && tag_of(*child) == "source") source = attribute(*child, "src");
    auto link = read_link(source, folder_, Use::media);
    if (!link) return;
    if (link->kind == Link::Kind::elsewhere && pictures_ != Pictures::allow)
      return write_elsewhere(link->url, attribute(node, "title"), {});
    std::string more = " controls preload=\"none\"" + link_attribute("src", link->url);
    for (const char* name : {"width", "height"})
      if (auto value = attribute(node, name); is_length(value))
        more += " " + std::string(name) + "=\"" + written(value) + "\"";
    open(node, tag, more);
    close(tag);
  }

  void write_table(const GumboNode& node, int depth) {
    out_.html += "<div class=\"table-scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\">";
    open(node, "table");
    write_children(node, depth + 1);
    out_.html += "</table></div>";
  }

  void write_frame(const GumboNode& node) {
    auto link = read_link(attribute(node, "src"), folder_, Use::link);
    if (!link || link->kind != Link::Kind::elsewhere || in_link_) return;
    auto title = attribute(node, "title");
    out_.html += "<a href=\"" + written(link->url) + "\" rel=\"nofollow noopener noreferrer\">" +
                 written(title.empty() ? host_of(link->url) : title) + "</a>";
  }

  std::string_view folder_;
  Pictures pictures_;
  Anchors anchors_;
  bool in_link_ = false;
  bool in_alert_ = false;
  const GumboNode* alert_mark_ = nullptr;  ///< The text that begins with the last alert's mark.
  std::size_t alert_mark_bytes_ = 0;
  Document out_;
};

}  // namespace

Document sanitize(std::string_view html, std::string_view folder, Pictures pictures) {
  if (nests_too_deep(html)) {
    Document out;
    out.html = "<pre>" + written(html) + "</pre>";
    return out;
  }
  HtmlTree tree(html);
  return Writer(folder, pictures).run(tree.root());
}

}  // namespace cairn::render
