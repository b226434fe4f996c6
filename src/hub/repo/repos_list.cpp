#include "base/names.h"
#include "base/text.h"
#include "hub/repo/cursor.h"
#include "hub/repo/list_store.h"
#include "hub/repo/parts.h"
#include "hub/repo/repos.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

constexpr std::size_t term_bytes_max = 256;
/// Trees up to this many files are kept in memory for `siblings`.
constexpr int sibling_page = 1000;

Failure invalid_query(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidQuery", std::move(message));
}

Result<> check_terms(const std::vector<std::string>& terms, std::string_view what) {
  if (terms.size() > list_terms_max)
    return invalid_query("A list takes at most 20 values of `" + std::string(what) + "`.");
  for (const auto& term : terms)
    if (term.size() > term_bytes_max || !is_valid_utf8(term) || term.contains('\0'))
      return invalid_query("`" + std::string(what) + "` is a text of at most 256 bytes.");
  return {};
}

/// Everything that decides which repositories a list holds, and in which order.
std::string filters_of(const ListQuery& query) {
  json::array filters;
  filters.emplace_back(static_cast<int>(query.kind));
  for (const auto* terms : {&query.search, &query.tags}) {
    json::array list;
    for (const auto& term : *terms) list.emplace_back(term);
    filters.emplace_back(std::move(list));
  }
  filters.emplace_back(query.author ? json::value(name_key(*query.author)) : json::value());
  filters.emplace_back(query.gated ? json::value(*query.gated) : json::value());
  filters.emplace_back(static_cast<int>(query.sort));
  filters.emplace_back(query.ascending);
  return json::serialize(filters);
}

std::string filters_of(const StorageQuery& query, OwnerId owner) {
  json::array filters{owner.value, query.by_storage, query.ascending};
  filters.emplace_back(query.kind ? json::value(static_cast<int>(*query.kind)) : json::value());
  for (const auto& term : query.search) filters.emplace_back(term);
  return json::serialize(filters);
}

std::string seal_place(const Keyring& keyring, std::string_view route, std::string_view filters,
                       const store::Place& place) {
  return seal_cursor(keyring, route, filters,
                     json::array{place.value, json::value(place.key), place.id.value});
}

Result<std::optional<store::Place>> open_place(const Keyring& keyring, std::string_view route,
                                               std::string_view filters,
                                               const std::optional<std::string>& cursor) {
  if (!cursor) return std::optional<store::Place>{};
  CAIRN_TRY(place, open_cursor(keyring, route, filters, *cursor, 3));
  if (!place[0].is_int64() || !place[1].is_string() || !place[2].is_int64())
    return invalid_cursor();
  return std::optional(store::Place{.value = place[0].get_int64(),
                                    .key = std::string(place[1].get_string()),
                                    .id = RepoId{place[2].get_int64()}});
}

/// What hub/access says about private ones, with the repositories that a token names looked up.
store::ListFilter filter_for(db::Tx& tx, const Actor& actor) {
  auto allowed = access::list_filter(tx, actor);
  store::ListFilter filter{
      .everything = allowed.everything, .owners = allowed.owners_json(), .repos = "[]"};
  json::array ids;
  for (const auto& entity : allowed.repos) {
    auto repo = entity.id ? store::find(tx, *entity.id)
                          : store::find(tx, entity.repo_kind, name_key(entity.name));
    if (repo && access::check(tx, actor, Action::see, *repo)) ids.emplace_back(repo->id.value);
  }
  filter.repos = json::serialize(ids);
  return filter;
}

struct ListRead {
  std::vector<RepoRef> repos;
  std::map<std::int64_t, CardInfo> cards;
  bool more = false;
};

std::vector<RepoRef> share(std::vector<Repo> rows) {
  std::vector<RepoRef> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(std::make_shared<const Repo>(std::move(row)));
  return out;
}

}  // namespace

std::optional<Sort> parse_sort(std::string_view word) {
  if (word == "createdAt" || word == "created_at") return Sort::created;
  if (word == "lastModified" || word == "last_modified") return Sort::updated;
  if (word == "downloads" || word == "downloadsAllTime") return Sort::downloads;
  if (word == "likes" || word == "likes30d") return Sort::likes;
  if (word == "trendingScore" || word == "trending_score") return Sort::trending;
  if (word == "id") return Sort::id;
  // Needs figures that no repository has yet; any stable order is right.
  if (word == "num_parameters" || word == "mainSize" || word == "datasetsServerInfo.numRows")
    return Sort::trending;
  return std::nullopt;
}

Task<Result<ListPage>> Repos::list(Actor actor, ListQuery query) {
  CAIRN_CO_CHECK(check_terms(query.search, "search"));
  CAIRN_CO_CHECK(check_terms(query.tags, "filter"));
  if (query.limit < 1) co_return invalid_query("`limit` is a number from 1 on.");
  query.limit = std::min(query.limit, list_limit_max);
  auto filters = filters_of(query);
  CAIRN_CO_TRY(after, open_place(parts_->keyring, "repos", filters, query.cursor));

  auto read = [actor, query, after](db::Tx& tx) -> Result<ListRead> {
    ListRead out;
    std::optional<OwnerId> author;
    if (query.author) {
      auto owner = account::find_owner(tx, *query.author);
      if (!owner) return out;
      author = owner->id;
    }
    auto rows = store::list(tx, query, author, filter_for(tx, actor), after);
    out.more = rows.size() > static_cast<std::size_t>(query.limit);
    if (out.more) rows.pop_back();
    out.repos = share(std::move(rows));
    out.cards = store::cards(tx, out.repos);
    return out;
  };
  CAIRN_CO_TRY(found, co_await parts_->database.read(read));

  ListPage page;
  for (const auto& repo : found.repos) {
    Info info;
    if (query.siblings) {
      // A repository that vanishes between the two reads is left out, as the next list would.
      auto full = co_await this->info(repo, "", InfoParts{});
      if (!full) continue;
      info = std::move(*full);
    }
    info.repo = repo;
    info.card = std::make_shared<const CardInfo>(std::move(found.cards[repo->id.value]));
    page.repos.push_back(std::move(info));
  }
  if (found.more)
    page.next = seal_place(parts_->keyring, "repos", filters,
                           store::place_of(*found.repos.back(), query.sort));
  co_return page;
}

Task<Result<StoragePage>> Repos::storage(Actor actor, StorageQuery query) {
  CAIRN_CO_CHECK(check_terms(query.search, "search"));
  if (query.limit < 1) co_return invalid_query("`limit` is a number from 1 on.");
  query.limit = std::min(query.limit, list_limit_max);
  const Keyring* keyring = &parts_->keyring;
  auto read = [actor, query, keyring](db::Tx& tx) -> Result<StoragePage> {
    if (!query.owner && !actor.has_user())
      return fail(ErrorCode::unauthenticated, "Unauthenticated",
                  "Sign in, or send an access token, to see the storage of your repositories.");
    CAIRN_TRY(owner, account::find_owner(tx, query.owner.value_or(actor.user_name)));
    CAIRN_CHECK(access::check_create(tx, actor, owner));
    auto filters = filters_of(query, owner.id);
    CAIRN_TRY(after, open_place(*keyring, "storage", filters, query.cursor));
    auto rows = store::list_storage(tx, owner.id, query, after);
    bool more = rows.size() > static_cast<std::size_t>(query.limit);
    if (more) rows.pop_back();
    StoragePage page;
    page.repos = share(std::move(rows));
    page.total_bytes = store::total_storage(tx, owner.id);
    if (more) {
      const Repo& last = *page.repos.back();
      store::Place place = store::place_of(last, Sort::updated);
      if (query.by_storage) place.value = last.storage_bytes;
      page.next = seal_place(*keyring, "storage", filters, place);
    }
    return page;
  };
  co_return co_await parts_->database.read(read);
}

// ---- Siblings ----------------------------------------------------------------------------------

Task<Result<Siblings>> Repos::siblings(CommitRef commit) {
  if (commit->sheet)
    if (auto known = parts_->siblings.find(*commit->sheet)) co_return known;
  auto* history = &parts_->history;
  auto read = [history, commit]() -> Result<std::vector<history::SheetEntry>> {
    std::vector<history::SheetEntry> files;
    history::TreeQuery query{.folder = {}, .recursive = true, .limit = sibling_page, .after = {}};
    do {
      CAIRN_TRY(page, history->tree(*commit, query));
      for (auto& entry : page.entries)
        if (!entry.is_folder()) files.push_back(std::move(entry));
      query.after = std::move(page.next);
    } while (query.after);
    std::ranges::sort(files, {}, &history::SheetEntry::path);
    return files;
  };
  CAIRN_CO_TRY(files, co_await parts_->blocking.run(read));
  auto shared = std::make_shared<const std::vector<history::SheetEntry>>(std::move(files));
  if (commit->sheet) parts_->siblings.put(*commit->sheet, shared);
  co_return shared;
}

}  // namespace cairn::repo
