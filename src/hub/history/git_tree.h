#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "hub/history/history.h"
#include "platform/git/object_source.h"

/// The files of a commit as git's trees tell: what sheets are made of, and what answers for them
/// until they are built.
namespace cairn::history {

/// A file or submodule of a tree with what its blob tells: size, and whether it is a pointer.
/// `path` is the name. No last commit. @return as ObjectSource::header.
[[nodiscard]] Result<SheetEntry> file_entry(const git::ObjectSource& source,
                                            const git::TreeEntry& entry);

/// As find_path (pages.h), without last commits and without the sizes of folders.
[[nodiscard]] Result<SheetEntry> find_path_in_trees(const git::ObjectSource& source,
                                                    const CommitInfo& commit,
                                                    std::string_view path);
/// As list_tree (pages.h), likewise. Its positions and those of list_tree are the same, so a
/// listing may go on in the other.
[[nodiscard]] Result<TreePage> list_trees(const git::ObjectSource& source, const CommitInfo& commit,
                                          const TreeQuery& query);

}  // namespace cairn::history
