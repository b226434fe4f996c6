#include "hub/render/footnotes.h"

#include <map>
#include <optional>
#include <vector>

#include "base/text.h"
#include "hub/render/lines.h"

namespace cairn::render {
namespace {

constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t notes_max = 1000;
/// Each reference becomes some 60 bytes of HTML.
constexpr std::size_t references_max = 5000;

/// "name" of "[^name]" at the front.
std::optional<std::string_view> name_at(std::string_view text) {
  if (!text.starts_with("[^")) return std::nullopt;
  // No further than a name goes: a line may be a megabyte of "[^".
  auto end = text.substr(0, 2 + name_bytes_max + 1).find(']');
  if (end == text.npos || end == 2) return std::nullopt;
  auto name = text.substr(2, end - 2);
  return name.find_first_of(" \t[") == name.npos ? std::optional(name) : std::nullopt;
}

struct Line {
  std::string_view text;
  bool is_code = false;
};

/// A note's words: the line after its name, lines that go on, and indented ones after blank ones.
struct Note {
  std::vector<std::string> lines;
  std::size_t number = 0;  ///< In the order of the text; 0 until it is named.
  std::size_t references = 0;
};

class Footnotes {
 public:
  explicit Footnotes(std::string_view markdown) {
    for (auto line : split(markdown, '\n')) lines_.push_back({line, fence_.takes(line)});
  }

  /// @return empty when there are none.
  std::optional<std::string> run() {
    take_notes();
    if (notes_.empty()) return std::nullopt;
    std::string out;
    for (const auto& line : lines_) {
      if (!line.text.data()) continue;
      bool plain = line.is_code || indent_of(line.text) >= 4;
      out += plain ? std::string(line.text) : with_references(line.text);
      out += '\n';
    }
    // Code that never ends would take the notes.
    return out + fence_.end() + list();
  }

 private:
  void take_notes() {
    for (std::size_t i = 0; i < lines_.size() && notes_.size() < notes_max; ++i) {
      auto text = lines_[i].text;
      if (lines_[i].is_code || indent_of(text) >= 4) continue;
      auto start = text.substr(std::min(text.find_first_not_of(' '), text.size()));
      auto name = name_at(start);
      if (!name || !start.substr(name->size() + 3).starts_with(':')) continue;
      auto [note, is_new] = notes_.try_emplace(std::string(*name));
      std::vector<std::string> words{std::string(trim(start.substr(name->size() + 4)))};
      lines_[i].text = {};
      i = take_more(i + 1, words) - 1;
      if (is_new) note->second.lines = std::move(words);
    }
  }

  /// The lines of a note after its first. @return the first line that is none of it.
  std::size_t take_more(std::size_t i, std::vector<std::string>& words) {
    bool after_blank = false;
    for (; i < lines_.size(); ++i) {
      auto text = lines_[i].text;
      if (is_blank(text)) {
        after_blank = true;
        continue;
      }
      bool indented = indent_of(text) >= 4;
      bool is_next = !indented && (after_blank || lines_[i].is_code || name_at(text));
      if (is_next) break;
      if (after_blank) words.emplace_back();
      after_blank = false;
      auto rest = text.starts_with('\t') ? text.substr(1) : text.substr(indented ? 4 : 0);
      words.emplace_back(rest);
      lines_[i].text = {};
    }
    return i;
  }

  /// A line with numbers in place of names; code in it stays.
  std::string with_references(std::string_view line) {
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
      if (line[at] == '`') {
        auto count = std::min(line.find_first_not_of('`', at), line.size()) - at;
        auto end = line.find(std::string(count, '`'), at + count);
        auto size = end == line.npos ? count : end + count - at;
        out += line.substr(at, size);
        at += size;
        continue;
      }
      bool escaped = at > 0 && line[at - 1] == '\\';
      auto name = escaped ? std::nullopt : name_at(line.substr(at));
      auto note = name ? notes_.find(*name) : notes_.end();
      if (note == notes_.end() || references_ == references_max) {
        out += line[at++];
        continue;
      }
      out += reference(note->second);
      at += name->size() + 3;
    }
    return out;
  }

  std::string reference(Note& note) {
    ++references_;
    if (note.number == 0) {
      order_.push_back(&note);
      note.number = order_.size();
    }
    auto number = std::to_string(note.number);
    std::string name = "fnref-" + number;
    if (note.references++ > 0) name += "-" + std::to_string(note.references);
    return "<sup><a href=\"#fn-" + number + "\" name=\"" + name + "\">" + number + "</a></sup>";
  }

  std::string list() {
    if (order_.empty()) return {};
    std::string out = "\n\n***\n\n";
    // Notes may name notes, which come after them.
    for (std::size_t i = 0; i < order_.size(); ++i) {
      auto number = std::to_string(i + 1);
      auto lines = order_[i]->lines;
      bool short_one = lines.size() == 1;
      // "1000. " is wider than the four columns of a note's own lines.
      std::string next = "\n" + std::string(std::max<std::size_t>(4, number.size() + 2), ' ');
      out += number + ". <a name=\"fn-" + number + "\"></a>";
      for (std::size_t l = 0; l < lines.size(); ++l)
        out += (l == 0 ? "" : next) + with_references(lines[l]);
      out += (short_one ? " " : "\n" + next) + "<a href=\"#fnref-" + number +
             "\" title=\"Back to the text\">↩</a>\n";
    }
    return out;
  }

  std::vector<Line> lines_;
  Fence fence_;
  std::map<std::string, Note, std::less<>> notes_;
  std::vector<Note*> order_;
  std::size_t references_ = 0;
};

}  // namespace

std::string with_footnotes(std::string_view markdown) {
  if (markdown.find("[^") == markdown.npos) return std::string(markdown);
  auto out = Footnotes(markdown).run();
  return out ? std::move(*out) : std::string(markdown);
}

}  // namespace cairn::render
