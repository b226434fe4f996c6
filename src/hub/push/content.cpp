#include "hub/push/content.h"

#include <unordered_set>

#include "base/text.h"
#include "hub/card/card.h"
#include "hub/lfs/links.h"
#include "hub/repo/card_rows.h"

namespace cairn::push {
namespace {

// A terminal shows a few lines; the rest is a count.
constexpr std::size_t lines_max = 10;

std::string binary_bytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

/// The pattern that a person would give to `git lfs track` for this file: its kind, else itself.
std::string pattern_of(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  auto dot = name.rfind('.');
  bool has_kind = dot != name.npos && dot > 0 && dot + 1 < name.size();
  return has_kind ? "*" + std::string(name.substr(dot)) : std::string(path);
}

void add_rest(std::vector<std::string>& lines, std::size_t all) {
  if (all > lines_max) lines.push_back("  and " + std::to_string(all - lines_max) + " more");
}

}  // namespace

Result<Content> check_content(history::Incoming& incoming, std::uint64_t blob_bytes_max) {
  Content out;
  std::vector<history::NewFile> too_large;
  std::size_t too_large_count = 0;
  std::unordered_set<Sha256Digest> seen;
  auto visit = [&](const history::NewFile& file) -> Result<> {
    if (file.size_bytes > blob_bytes_max && ++too_large_count <= lines_max)
      too_large.push_back(file);
    if (file.large && seen.insert(file.large->sha256).second)
      out.large.push_back({file.path, *file.large});
    return {};
  };
  CAIRN_CHECK(incoming.walk(visit));
  if (too_large.empty()) return out;
  out.refusal = "files above " + binary_bytes(blob_bytes_max) + " need Git LFS";
  out.problems.push_back("error: files above " + binary_bytes(blob_bytes_max) +
                         " are kept by Git LFS, and these came without it:");
  for (const auto& file : too_large)
    out.problems.push_back("  " + file.path + " (" + human_bytes(file.size_bytes) + ")");
  add_rest(out.problems, too_large_count);
  std::string patterns;
  std::unordered_set<std::string> tracked;
  for (const auto& file : too_large) {
    auto pattern = pattern_of(file.path);
    if (!tracked.insert(pattern).second) continue;
    out.problems.push_back("  git lfs track \"" + pattern + "\"");
    patterns += (patterns.empty() ? "" : ",") + pattern;
  }
  out.problems.push_back("Commits that have them already are rewritten by:");
  out.problems.push_back("  git lfs migrate import --include=\"" + patterns + "\"");
  return out;
}

std::vector<Named> not_uploaded(db::Tx& tx, RepoId repo, const std::vector<Named>& all,
                                std::size_t from, std::size_t count) {
  std::vector<Named> out;
  for (std::size_t i = from; i < std::min(all.size(), from + count); ++i) {
    auto link = lfs::linked(tx, repo, all[i].file.sha256);
    if (!link || link->size_bytes != all[i].file.size_bytes) out.push_back(all[i]);
  }
  return out;
}

void say_not_uploaded(Content& content, const std::vector<Named>& missing) {
  content.refusal = "large files were not uploaded";
  content.problems.push_back("error: " + std::to_string(missing.size()) + " large file" +
                             (missing.size() == 1 ? " was" : "s were") +
                             " never uploaded to this repository:");
  for (std::size_t i = 0; i < std::min(missing.size(), lines_max); ++i)
    content.problems.push_back("  " + missing[i].path + " (" +
                               human_bytes(missing[i].file.size_bytes) + ", " +
                               missing[i].file.sha256.hex() + ")");
  add_rest(content.problems, missing.size());
  content.problems.push_back("Upload them, then push again:");
  content.problems.push_back("  git lfs push --all origin");
}

Result<Card> card_of_commit(history::Incoming& incoming, RepoKind kind,
                            const history::CommitInfo& commit) {
  std::string text;
  auto entry = incoming.entry(commit, "README.md");
  if (!entry && entry.error().code != ErrorCode::not_found) return fail(entry.error());
  bool readable = entry && !entry->is_folder() && entry->mode != git::FileMode::submodule &&
                  !entry->lfs && entry->size_bytes <= repo::readme_bytes_max;
  if (readable) {
    CAIRN_TRY(content, incoming.read(entry->oid, repo::readme_bytes_max));
    text = std::move(content);
  }
  Card out{repo::card_of(kind, text), {}};
  auto checked = repo::checked_card_of(kind, text);
  if (!checked) {
    for (auto line : split(checked.error().message, '\n'))
      out.warnings.push_back("warning: " + std::string(line));
    out.warnings.emplace_back("The push is accepted; correct README.md with the next one.");
  }
  return out;
}

}  // namespace cairn::push
