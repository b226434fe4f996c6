#pragma once
#include <string_view>

#include "hub/history/history.h"
#include "hub/repo/repos.h"

/// From README.md to what rows keep of it.
namespace cairn::repo {

/// README.md of a commit: larger ones have no card. Front matter alone may have 1 MiB.
constexpr std::size_t readme_bytes_max = 8u << 20;

/// A README of `kind` as rows keep it; a broken front matter gives a card without data.
[[nodiscard]] CardInfo card_of(RepoKind kind, std::string_view readme, card::FileFacts files = {});

/// For authors: the front matter must be sound.
/// @return `invalid_argument`, word "InvalidCard", a message per line.
[[nodiscard]] Result<CardInfo> checked_card_of(RepoKind kind, std::string_view readme,
                                               card::FileFacts files = {});

/// The card at a commit; without README.md the one of an empty text. Blocks.
[[nodiscard]] Result<CardInfo> card_at(history::History& history, RepoKind kind, RepoId repo,
                                       const history::CommitInfo& commit,
                                       card::FileFacts files = {});

}  // namespace cairn::repo
