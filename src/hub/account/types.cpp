#include "hub/account/types.h"

namespace cairn {
namespace {

constexpr RepoKind repo_kinds[] = {RepoKind::model, RepoKind::dataset, RepoKind::space,
                                   RepoKind::kernel};
constexpr Visibility visibilities[] = {Visibility::public_, Visibility::private_,
                                       Visibility::protected_};

}  // namespace

std::string_view to_string(OwnerKind kind) {
  return kind == OwnerKind::user ? "user" : "org";
}

std::string_view to_string(RepoKind kind) {
  switch (kind) {
    case RepoKind::model:
      return "model";
    case RepoKind::dataset:
      return "dataset";
    case RepoKind::space:
      return "space";
    case RepoKind::kernel:
      return "kernel";
  }
  return "model";
}

std::string_view to_string(Visibility visibility) {
  switch (visibility) {
    case Visibility::public_:
      return "public";
    case Visibility::private_:
      return "private";
    case Visibility::protected_:
      return "protected";
  }
  return "private";
}

std::optional<RepoKind> parse_repo_kind(std::string_view text) {
  for (RepoKind kind : repo_kinds)
    if (to_string(kind) == text) return kind;
  return std::nullopt;
}

std::optional<Visibility> parse_visibility(std::string_view text) {
  for (Visibility visibility : visibilities)
    if (to_string(visibility) == text) return visibility;
  return std::nullopt;
}

}  // namespace cairn
