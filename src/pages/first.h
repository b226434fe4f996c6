#pragma once
#include <string>

#include "pages/visit.h"

/// What a page shows before the app draws it, and without: plain content as HTML.
namespace cairn::pages::first {

[[nodiscard]] std::string link(std::string_view address, std::string_view text);
/// The name of a repository as a heading, and its two tabs.
[[nodiscard]] std::string repo_head(RepoKind kind, std::string_view id, std::string_view revision);
/// A folder as links. @param entries  the answer of `tree`.
[[nodiscard]] std::string folder(RepoKind kind, std::string_view id, std::string_view revision,
                                 std::string_view path, const Answer& entries);
/// Repositories as links, and "Next". @param next  an address; empty: the last page.
[[nodiscard]] std::string rows(RepoKind kind, const Answer& list, std::string_view next);
[[nodiscard]] std::string commits(RepoKind kind, std::string_view id, const Answer& list);
/// What a commit says of itself, and the one before it as a link.
[[nodiscard]] std::string commit(RepoKind kind, std::string_view id,
                                 const history::CommitInfo& commit);
/// The commits between two revisions, and the names of the files that differ.
[[nodiscard]] std::string compared(RepoKind kind, std::string_view id, const Answer& comparison);
[[nodiscard]] std::string text(std::string_view text);

}  // namespace cairn::pages::first
