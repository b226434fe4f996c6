#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "platform/git/object.h"
#include "platform/git/path.h"

namespace cairn::git {
namespace {

Failure corrupt(std::string_view kind, std::string_view what) {
  return fail(ErrorCode::corrupt, "CorruptObject",
              "A " + std::string(kind) + " " + std::string(what) +
                  ". Ask the operator to run `cairn fsck`.");
}

// What git strips from both ends of a name (ident.c, "crud").
constexpr std::string_view crud = " .,:;<>\"\\'";

std::string clean_ident(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && c != '<' && c != '>') out += c;
  }
  auto first = out.find_first_not_of(crud);
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(crud) - first + 1);
}

Result<> check_message(std::string_view message, const char* word) {
  if (message.size() > message_bytes_max)
    return fail(
        ErrorCode::too_large, "MessageTooLarge",
        "The message is longer than " + std::to_string(message_bytes_max) + " bytes. Shorten it.");
  if (message.contains('\0'))
    return fail(ErrorCode::unprocessable, word, "The message has a NUL byte. Remove it.");
  return {};
}

/// Takes "key value\n" from the front.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  if (!text.starts_with(key) || text.size() <= key.size() || text[key.size()] != ' ') return {};
  auto end = text.find('\n');
  if (end == std::string_view::npos) return {};
  auto value = text.substr(key.size() + 1, end - key.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

std::optional<Oid> take_oid(std::string_view& text, std::string_view key) {
  auto line = take_line(text, key);
  if (!line) return {};
  auto oid = Oid::parse(*line);
  return oid ? std::optional(*oid) : std::nullopt;
}

std::string header(std::string_view key, std::string_view value) {
  return std::string(key) + " " + std::string(value) + "\n";
}

}  // namespace

std::string encode_signature(const Signature& signature) {
  std::string name = clean_ident(signature.name);
  if (name.empty()) name = "unknown";
  // git's tools read four digits; no place is further than 14 hours from Greenwich.
  int tz = std::clamp(signature.tz_minutes, -14 * 60, 14 * 60);
  int away = std::abs(tz);
  char zone[6] = {tz < 0 ? '-' : '+',
                  static_cast<char>('0' + away / 600),
                  static_cast<char>('0' + away / 60 % 10),
                  static_cast<char>('0' + away % 60 / 10),
                  static_cast<char>('0' + away % 10),
                  '\0'};
  return name + " <" + clean_ident(signature.email) + "> " +
         std::to_string(std::max<std::int64_t>(signature.seconds, 0)) + " " + zone;
}

Signature parse_signature(std::string_view line) {
  Signature out;
  auto open = line.find('<');
  out.name = trim(line.substr(0, open));
  if (open == std::string_view::npos) return out;
  // The last '>': old programs let one slip into an address.
  auto close = line.rfind('>');
  if (close == std::string_view::npos || close < open) close = line.size();
  out.email = line.substr(open + 1, close - open - 1);
  auto rest = trim(line.substr(std::min(close + 1, line.size())));
  auto space = rest.find(' ');
  // More than 18 digits is nonsense that overflows whoever adds to it.
  if (auto when = parse_int(rest.substr(0, space)); when && std::abs(*when) < 1'000'000'000'000)
    out.seconds = *when;
  if (space == std::string_view::npos) return out;
  auto zone = trim(rest.substr(space));
  if (zone.size() == 5 && (zone[0] == '+' || zone[0] == '-'))
    if (auto number = parse_int(zone.substr(1)); number && *number >= 0) {
      int minutes_east = static_cast<int>(*number / 100 * 60 + *number % 100);
      out.tz_minutes = zone[0] == '-' ? -minutes_east : minutes_east;
    }
  return out;
}

Result<std::string> encode_commit(const CommitData& commit) {
  auto invalid = [](const char* what) {
    return fail(ErrorCode::unprocessable, "InvalidCommit", what);
  };
  CAIRN_CHECK(check_message(commit.message, "InvalidCommit"));
  if (commit.parents.size() > commit_parents_max)
    return invalid("A commit has at most 16 parents. Merge in steps.");
  auto sorted = commit.parents;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    return invalid("A commit has the same parent twice. Name each once.");
  const std::string& extra = commit.extra_headers;
  if (!extra.empty() && (extra.front() == '\n' || extra.back() != '\n' || extra.contains("\n\n") ||
                         extra.contains('\0')))
    return invalid("The further headers of the commit are not whole lines. Leave them out.");
  std::string out = header("tree", commit.tree.hex());
  for (const auto& parent : commit.parents) out += header("parent", parent.hex());
  out += header("author", encode_signature(commit.author));
  out += header("committer", encode_signature(commit.committer));
  out += extra;
  out += '\n';
  out += commit.message;
  return out;
}

Result<CommitData> parse_commit(std::string_view content) {
  CommitData out;
  auto tree = take_oid(content, "tree");
  if (!tree) return corrupt("commit", "names no tree");
  out.tree = *tree;
  while (content.starts_with("parent ")) {
    auto parent = take_oid(content, "parent");
    if (!parent) return corrupt("commit", "has a parent that is no object id");
    out.parents.push_back(*parent);
  }
  auto author = take_line(content, "author");
  if (!author) return corrupt("commit", "has no author");
  auto committer = take_line(content, "committer");
  if (!committer) return corrupt("commit", "has no committer");
  out.author = parse_signature(*author);
  out.committer = parse_signature(*committer);
  // An empty line ends the headers; a commit without it has no message.
  std::size_t end = 0;
  while (end < content.size() && content[end] != '\n') {
    auto line = content.find('\n', end);
    end = line == std::string_view::npos ? content.size() : line + 1;
  }
  out.extra_headers = content.substr(0, end);
  out.message = content.substr(std::min(end + 1, content.size()));
  return out;
}

Result<std::string> encode_tag(const TagData& tag) {
  auto invalid = [](const char* what) {
    return fail(ErrorCode::unprocessable, "InvalidTag", what);
  };
  CAIRN_CHECK(check_message(tag.message, "InvalidTag"));
  if (!tag.tagger) return invalid("A tag needs a tagger.");
  if (!check_ref_name("refs/tags/" + tag.name))
    return invalid("The name of the tag is no valid ref name. Choose another name.");
  return header("object", tag.object.hex()) + header("type", to_string(tag.type)) +
         header("tag", tag.name) + header("tagger", encode_signature(*tag.tagger)) + "\n" +
         tag.message;
}

Result<TagData> parse_tag(std::string_view content) {
  TagData out;
  auto object = take_oid(content, "object");
  if (!object) return corrupt("tag", "names no object");
  out.object = *object;
  auto type = take_line(content, "type");
  bool known = false;
  for (auto candidate : {ObjectType::commit, ObjectType::tree, ObjectType::blob, ObjectType::tag})
    if (type == to_string(candidate)) {
      out.type = candidate;
      known = true;
    }
  if (!known) return corrupt("tag", "names an object of an unknown type");
  auto name = take_line(content, "tag");
  if (!name) return corrupt("tag", "has no name");
  out.name = *name;
  if (auto tagger = take_line(content, "tagger")) out.tagger = parse_signature(*tagger);
  if (content.starts_with('\n')) content.remove_prefix(1);
  out.message = content;
  return out;
}

}  // namespace cairn::git
