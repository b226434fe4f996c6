#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/history/history.h"
#include "hub/repo/repos.h"
#include "platform/db/db.h"

/// What the files of a push are checked for.
namespace cairn::push {

/// A large file that the push names.
struct Named {
  std::string path;  ///< The first.
  history::LargeFile file;
};

struct Content {
  /// Lines for the user's terminal that say what is wrong and what helps; empty when nothing is.
  std::vector<std::string> problems;
  std::string refusal;       ///< In a few words, beside each ref.
  std::vector<Named> large;  ///< Each SHA-256 once.
};

/// Looks at every new file. Blocks.
/// @return errors of Incoming::walk.
[[nodiscard]] Result<Content> check_content(history::Incoming& incoming,
                                            std::uint64_t blob_bytes_max);

/// Those that were never uploaded to this repository, or with another size.
[[nodiscard]] std::vector<Named> not_uploaded(db::Tx& tx, RepoId repo,
                                              const std::vector<Named>& all, std::size_t from,
                                              std::size_t count);
void say_not_uploaded(Content& content, const std::vector<Named>& missing);

/// The card of a commit, and lines about what is wrong with it. Blocks.
struct Card {
  repo::CardInfo info;
  std::vector<std::string> warnings;
};
[[nodiscard]] Result<Card> card_of_commit(history::Incoming& incoming, RepoKind kind,
                                          const history::CommitInfo& commit);

}  // namespace cairn::push
