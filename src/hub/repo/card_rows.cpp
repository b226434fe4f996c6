#include "hub/repo/card_rows.h"

namespace cairn::repo {
namespace {

CardInfo info_of(RepoKind kind, card::Card& card, std::string_view readme, card::FileFacts files) {
  CardInfo out;
  out.files = std::move(files);
  out.fields =
      card::card_fields(card_kind(kind), card.data, readme.substr(card.body_offset), &out.files);
  out.data = std::move(card.data);
  return out;
}

}  // namespace

CardInfo card_of(RepoKind kind, std::string_view readme, card::FileFacts files) {
  auto card = card::parse_card(readme);
  return info_of(kind, card, readme, std::move(files));
}

Result<CardInfo> checked_card_of(RepoKind kind, std::string_view readme, card::FileFacts files) {
  auto card = card::parse_card(readme);
  card::check_fields(card_kind(kind), card);
  if (card.errors.empty()) return info_of(kind, card, readme, std::move(files));
  std::string text = "Invalid metadata in README.md.";
  for (const auto& problem : card.errors) {
    text += "\n- ";
    if (problem.line) text += "line " + std::to_string(problem.line) + ": ";
    text += problem.message;
  }
  return fail(ErrorCode::invalid_argument, "InvalidCard", std::move(text));
}

Result<CardInfo> card_at(history::History& history, RepoKind kind, RepoId repo,
                         const history::CommitInfo& commit, card::FileFacts files) {
  auto entry = history.entry(commit, "README.md");
  if (!entry && entry.error().code != ErrorCode::not_found) return fail(entry.error());
  if (!entry || entry->is_folder() || entry->lfs || entry->size_bytes > readme_bytes_max)
    return card_of(kind, "", std::move(files));
  CAIRN_TRY(text, history.blob(repo, entry->oid, readme_bytes_max));
  return card_of(kind, *text, std::move(files));
}

}  // namespace cairn::repo
