#include "hub/repo/types.h"

#include "base/names.h"
#include "base/text.h"

namespace cairn::repo {
namespace {

struct KindWords {
  RepoKind kind;
  std::string_view plural, prefix;
};
constexpr KindWords kind_words[] = {
    {RepoKind::model, "models", ""},
    {RepoKind::dataset, "datasets", "datasets/"},
    {RepoKind::space, "spaces", "spaces/"},
    {RepoKind::kernel, "kernels", "kernels/"},
};

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// How many segments a special revision with raw slashes takes; 0 when it is none.
std::size_t special_segments(std::span<const std::string> segments) {
  if (segments.size() < 3 || segments[0] != "refs" || segments[2].empty()) return 0;
  if (segments[1] == "pr") return all_digits(segments[2]) ? 3 : 0;
  bool named = segments[1] == "convert" || segments[1] == "heads" || segments[1] == "tags";
  return named ? 3 : 0;
}

}  // namespace

std::string_view plural(RepoKind kind) {
  return kind_words[static_cast<int>(kind)].plural;
}
std::string_view url_prefix(RepoKind kind) {
  return kind_words[static_cast<int>(kind)].prefix;
}

std::optional<RepoKind> parse_plural(std::string_view text) {
  for (const auto& words : kind_words)
    if (words.plural == text) return words.kind;
  return std::nullopt;
}

card::RepoKind card_kind(RepoKind kind) {
  switch (kind) {
    case RepoKind::model:
      return card::RepoKind::model;
    case RepoKind::dataset:
      return card::RepoKind::dataset;
    case RepoKind::space:
      return card::RepoKind::space;
    case RepoKind::kernel:
      return card::RepoKind::kernel;
  }
  return card::RepoKind::model;
}

std::string RepoName::key() const {
  return name_key(owner) + "/" + name_key(name);
}

Result<RepoName> parse_repo_name(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0)
    return fail(ErrorCode::invalid_argument, "InvalidName",
                "A repository's full name has two parts, owner/name.");
  auto owner = text.substr(0, slash);
  // Leading underscores and reserved words: `apply` may have made such an owner.
  bool owner_ok = owner.size() <= 96 &&
                  owner.find_first_not_of(
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
                      std::string_view::npos;
  if (!owner_ok)
    return fail(ErrorCode::invalid_argument, "InvalidName",
                "An owner's name holds letters, digits, '-', '_' and '.' only.");
  CAIRN_TRY(name, check_repo_name(text.substr(slash + 1)));
  return RepoName{std::string(owner), std::move(name)};
}

std::string repo_url(std::string_view public_url, RepoKind kind, std::string_view name) {
  std::string url(public_url);
  url += "/";
  url += url_prefix(kind);
  url += name;
  return url;
}

RevisionPath split_revision(std::span<const std::string> segments) {
  std::size_t used = std::max<std::size_t>(special_segments(segments), 1);
  RevisionPath out;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    auto& part = i < used ? out.revision : out.path;
    if (i != 0 && i != used) part += '/';
    part += segments[i];
  }
  return out;
}

std::string Options::host() const {
  std::string_view rest = public_url;
  if (auto scheme = rest.find("://"); scheme != std::string_view::npos)
    rest.remove_prefix(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  // An IPv6 literal keeps its brackets, which RFC 5321 wants in an address anyway.
  if (auto colon = rest.rfind(':'); colon != std::string_view::npos && rest.back() != ']')
    rest = rest.substr(0, colon);
  return std::string(rest);
}

}  // namespace cairn::repo
