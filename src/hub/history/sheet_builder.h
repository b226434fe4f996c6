#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/pages.h"

namespace cairn::history {

/// A parent of the commit whose sheet is built.
struct BuiltParent {
  git::Oid tree;
  SheetId sheet;
};

/// Builds sheets from git's trees, for commits that did not come through an Editor: commit by
/// commit, parents first. The same history gives the same sheets, whoever builds them.
///
/// The last commit of a path follows git's rule (TREESAME): of the first parent that has the same
/// object at that path, else the commit itself; so a listing agrees with `git log -1 -- path`.
/// One thread at a time.
class SheetBuilder {
 public:
  /// @param load  pages that are stored; those built here and not yet taken are known as well.
  SheetBuilder(const git::ObjectSource& source, PageLoader load);

  /// @return the root sheet; its new pages wait in `take_pages`.
  [[nodiscard]] Result<SheetId> build(const git::Oid& commit, const git::Oid& tree,
                                      const std::vector<BuiltParent>& parents);

  /// Of the pages that wait.
  [[nodiscard]] std::size_t page_bytes() const { return page_bytes_; }
  /// The new pages, in an order in which each is complete: what it names comes before it.
  [[nodiscard]] std::vector<EncodedPage> take_pages();

 private:
  /// A folder as one parent has it. Entries in git's order; empty when it has none there.
  struct Before;
  struct Built {
    SheetId sheet;
    std::uint64_t size_bytes = 0, files = 0;
  };
  Result<Built> folder(const git::Oid& commit, const git::Oid& tree, const std::vector<Before>&);
  Result<SheetEntry> entry(const git::Oid& commit, const git::TreeEntry& in_tree,
                           const std::vector<const SheetEntry*>& before);

  const git::ObjectSource& source_;
  PageLoader stored_;
  PageLoader load_;
  std::unordered_map<SheetId, std::shared_ptr<const Page>> fresh_;
  std::vector<EncodedPage> pages_;
  std::size_t page_bytes_ = 0;
};

}  // namespace cairn::history
