#include "hub/community/likes.h"

#include "hub/community/store.h"
#include "hub/repo/cursor.h"
#include "hub/repo/events.h"

namespace cairn::community {
namespace {

std::string seal(const Keyring& keyring, std::string_view route, std::string_view filters,
                 const store::LikeRow& last) {
  return repo::seal_cursor(keyring, route, filters,
                           json::array{last.created_at.us, last.repo.value, last.user.value});
}

Result<std::optional<store::LikeRow>> unseal(const Keyring& keyring, std::string_view route,
                                             std::string_view filters,
                                             const std::optional<std::string>& cursor) {
  if (!cursor) return std::optional<store::LikeRow>{};
  CAIRN_TRY(place, repo::open_cursor(keyring, route, filters, *cursor, 3));
  for (const auto& value : place)
    if (!value.is_int64()) return repo::invalid_cursor();
  return std::optional(store::LikeRow{RepoId{place[1].get_int64()}, UserId{place[2].get_int64()},
                                      Time{place[0].get_int64()}});
}

}  // namespace

Task<Result<>> Likes::change(Actor actor, RepoRef repo, bool give) {
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, access::Action::discuss));
    if (!actor.has_user()) return {};
    bool changed =
        give ? store::like(tx, current.id, actor.user) : store::unlike(tx, current.id, actor.user);
    if (!changed) return {};
    repos->add_likes(tx, current, give ? 1 : -1);
    repo::append_event(tx, actor, current, give ? "repo.liked" : "repo.unliked");
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Likes::like(Actor actor, RepoRef repo) {
  co_return co_await change(std::move(actor), std::move(repo), true);
}
Task<Result<>> Likes::unlike(Actor actor, RepoRef repo) {
  co_return co_await change(std::move(actor), std::move(repo), false);
}

Task<Result<LikePage<Liker>>> Likes::likers(RepoRef repo, int limit,
                                            std::optional<std::string> cursor) {
  auto filters = std::to_string(repo->id.value);
  CAIRN_CO_TRY(after, unseal(keyring_, "likers", filters, cursor));
  auto* keyring = &keyring_;
  auto read = [=](db::Tx& tx) -> Result<LikePage<Liker>> {
    LikePage<Liker> page;
    auto rows = store::likers(tx, repo->id, after, limit + 1);
    bool more = rows.size() > static_cast<std::size_t>(limit);
    if (more) rows.pop_back();
    for (const auto& row : rows)
      if (auto user = account::find_user(tx, row.user))
        page.items.push_back({std::move(*user), row.created_at});
    if (more) page.next = seal(*keyring, "likers", filters, rows.back());
    return page;
  };
  co_return co_await database_.read(read);
}

Task<Result<LikePage<Liked>>> Likes::liked(Actor actor, std::string name, int limit,
                                           std::optional<std::string> cursor) {
  auto* keyring = &keyring_;
  auto read = [=](db::Tx& tx) -> Result<LikePage<Liked>> {
    CAIRN_TRY(user, account::find_user(tx, name));
    auto filters = std::to_string(user.id.value);
    CAIRN_TRY(after, unseal(*keyring, "liked", filters, cursor));
    LikePage<Liked> page;
    auto rows = store::liked(tx, user.id, after, limit + 1);
    bool more = rows.size() > static_cast<std::size_t>(limit);
    if (more) rows.pop_back();
    for (const auto& row : rows) {
      auto repo = repo::find_repo(tx, row.repo);
      if (repo && access::decide(tx, actor, access::Action::see, *repo).allowed())
        page.items.push_back({std::move(*repo), row.created_at});
    }
    if (more) page.next = seal(*keyring, "liked", filters, rows.back());
    return page;
  };
  co_return co_await database_.read(read);
}

}  // namespace cairn::community
