#include <algorithm>

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
/// Files read at once for `siblings`; lists of no more are kept in memory.
constexpr int sibling_page_entries = 1000;

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
  for (const auto* terms : {&query.search, &query.tags, &query.any_tags}) {
    json::array list;
    for (const auto& term : *terms) list.emplace_back(term);
    filters.emplace_back(std::move(list));
  }
  filters.emplace_back(query.author ? json::value(name_key(*query.author)) : json::value());
  filters.emplace_back(query.gated ? json::value(*query.gated) : json::value());
  for (const auto& bound : {query.parameters_min, query.parameters_max})
    filters.emplace_back(bound ? json::value(*bound) : json::value());
  filters.emplace_back(query.nothing);
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
                       const Place& place) {
  return seal_cursor(keyring, route, filters,
                     json::array{place.value, json::value(place.key), place.id.value});
}

Result<std::optional<Place>> open_place(const Keyring& keyring, std::string_view route,
                                        std::string_view filters,
                                        const std::optional<std::string>& cursor) {
  if (!cursor) return std::optional<Place>{};
  CAIRN_TRY(place, open_cursor(keyring, route, filters, *cursor, 3));
  if (!place[0].is_int64() || !place[1].is_string() || !place[2].is_int64())
    return invalid_cursor();
  return std::optional(Place{.value = place[0].get_int64(),
                             .key = std::string(place[1].get_string()),
                             .id = RepoId{place[2].get_int64()}});
}

/// What hub/access says about private ones, with the repositories that a token names looked up: for
/// SQL, and for the index.
struct Sight {
  store::ListFilter sql;
  Viewer viewer;
  [[nodiscard]] bool of(const Repo& repo) const {
    return repo.visibility != Visibility::private_ || viewer.everything ||
           std::ranges::binary_search(viewer.owners, repo.owner.value) ||
           std::ranges::binary_search(viewer.repos, repo.id.value);
  }
};

Sight sight_of(db::Tx& tx, const Actor& actor) {
  auto allowed = access::list_filter(tx, actor);
  Sight out;
  out.sql = {.everything = allowed.everything, .owners = allowed.owners_json(), .repos = "[]"};
  out.viewer.everything = allowed.everything;
  for (OwnerId owner : allowed.owners) out.viewer.owners.push_back(owner.value);
  json::array ids;
  for (const auto& entity : allowed.repos) {
    auto repo = entity.id ? store::find(tx, *entity.id)
                          : store::find(tx, entity.repo_kind, name_key(entity.name));
    if (!repo || !access::check(tx, actor, Action::see, *repo)) continue;
    ids.emplace_back(repo->id.value);
    out.viewer.repos.push_back(repo->id.value);
  }
  out.sql.repos = json::serialize(ids);
  std::ranges::sort(out.viewer.owners);
  std::ranges::sort(out.viewer.repos);
  return out;
}

/// @return empty for an author that does not exist: nothing is theirs.
std::optional<std::optional<OwnerId>> author_of(db::Tx& tx, const ListQuery& query) {
  if (!query.author) return std::optional<OwnerId>{};
  auto owner = account::find_owner(tx, *query.author);
  if (!owner) return std::nullopt;
  return std::optional(owner->id);
}

Result<> check_query(ListQuery& query) {
  CAIRN_CHECK(check_terms(query.search, "search"));
  CAIRN_CHECK(check_terms(query.tags, "filter"));
  CAIRN_CHECK(check_terms(query.any_tags, "apps"));
  if (query.limit < 1) return invalid_query("`limit` is a number from 1 on.");
  query.limit = std::min(query.limit, list_limit_max);
  return {};
}

struct ListRead {
  std::vector<RepoRef> repos;
  std::map<std::int64_t, CardInfo> cards;
  std::optional<Place> last;  ///< Of the page, when more follow.
};

std::vector<RepoRef> share(std::vector<Repo> rows) {
  std::vector<RepoRef> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(std::make_shared<const Repo>(std::move(row)));
  return out;
}

/// What items show of cards, from memory; by SQL when one was taken out of the index meanwhile.
std::map<std::int64_t, CardInfo> cards_in(const ListIndex& index, RepoKind kind, db::Tx& tx,
                                          const std::vector<RepoRef>& repos) {
  std::vector<RepoId> ids;
  for (const auto& repo : repos) ids.push_back(repo->id);
  auto cards = index.cards(kind, ids);
  if (cards.size() != ids.size()) return store::cards(tx, repos, store::CardPart::columns);
  std::map<std::int64_t, CardInfo> out;
  for (std::size_t i = 0; i < ids.size(); ++i) out[ids[i].value].fields = std::move(cards[i]);
  return out;
}

}  // namespace

std::optional<Sort> parse_sort(std::string_view word) {
  if (word == "createdAt" || word == "created_at") return Sort::created;
  if (word == "lastModified" || word == "last_modified") return Sort::updated;
  if (word == "downloads" || word == "downloadsAllTime") return Sort::downloads;
  if (word == "likes") return Sort::likes;
  if (word == "likes30d") return Sort::likes_30d;
  if (word == "trendingScore" || word == "trending_score") return Sort::trending;
  if (word == "id") return Sort::id;
  if (word == "num_parameters") return Sort::parameters;
  // Needs figures that no repository has yet; any stable order is right.
  if (word == "mainSize" || word == "datasetsServerInfo.numRows") return Sort::trending;
  return std::nullopt;
}

Task<Result<ListPage>> Repos::list(Actor actor, ListQuery query) {
  CAIRN_CO_CHECK(check_query(query));
  auto filters = filters_of(query);
  CAIRN_CO_TRY(after, open_place(parts_->keyring, "repos", filters, query.cursor));

  auto* lists = &parts_->lists;
  auto begun = lists->begin();
  auto read = [actor, query, after, lists, begun](db::Tx& tx) -> Result<ListRead> {
    ListRead out;
    auto author = author_of(tx, query);
    if (!author) return out;
    auto sight = sight_of(tx, actor);
    bool indexed = lists->refresh(tx, begun);
    auto places = indexed ? lists->index().select(query, *author, sight.viewer, after)
                          : store::list(tx, query, *author, sight.sql, after);
    bool more = places.size() > static_cast<std::size_t>(query.limit);
    if (more) places.pop_back();
    if (more) out.last = places.back();
    std::vector<RepoId> ids;
    for (const auto& place : places) ids.push_back(place.id);
    auto rows = store::rows(tx, ids);
    // The index only proposes: what is shown is what the rows say now.
    std::erase_if(rows, [&](const Repo& repo) { return !sight.of(repo); });
    out.repos = share(std::move(rows));
    out.cards = query.card_data ? store::cards(tx, out.repos, store::CardPart::all)
                : indexed       ? cards_in(lists->index(), query.kind, tx, out.repos)
                                : store::cards(tx, out.repos, store::CardPart::columns);
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
  if (found.last) page.next = seal_place(parts_->keyring, "repos", filters, *found.last);
  co_return page;
}

// ---- Counting and suggesting -------------------------------------------------------------------

namespace {

/// Changes may come faster than one reading takes; this often in a row they do not.
constexpr int turns_max = 10;

Failure lists_busy() {
  auto error = fail(ErrorCode::unavailable, "ListsLoading",
                    "The hub still reads what it counts. Try again in a few seconds.")
                   .error();
  error.retry_after_s = 2;
  return fail(std::move(error));
}

}  // namespace

/// The index, read to the end.
Task<Result<>> Repos::wait_for_lists() {
  if (!parts_->lists.ready()) CAIRN_CO_CHECK(co_await load_lists());
  if (!parts_->lists.ready()) co_return lists_busy();
  co_return Result<>{};
}

Task<Result<>> Repos::load_lists() {
  if (parts_->lists.ready() || parts_->lists_loading.exchange(true)) co_return Result<>{};
  auto loaded = co_await parts_->lists.load();
  parts_->lists_loading = false;
  co_return loaded;
}

Task<Result<>> Repos::refresh_lists() {
  if (!parts_->lists.ready()) co_return Result<>{};
  co_return co_await parts_->lists.catch_up();
}

Task<Result<Facets>> Repos::facets(Actor actor, ListQuery query, FacetQuery facets) {
  CAIRN_CO_CHECK(check_query(query));
  CAIRN_CO_CHECK(check_terms(facets.types, "type"));
  if (facets.per_type < 1) co_return invalid_query("`limit` is a number from 1 on.");
  CAIRN_CO_CHECK(co_await wait_for_lists());
  auto* lists = &parts_->lists;
  auto begun = lists->begin();
  auto read = [actor, query, facets, lists, begun](db::Tx& tx) -> Result<std::optional<Facets>> {
    auto author = author_of(tx, query);
    if (!author) return std::optional(Facets{});
    auto sight = sight_of(tx, actor);
    if (!lists->refresh(tx, begun)) return std::optional<Facets>{};
    return std::optional(
        lists->index().facets(query, *author, sight.viewer, facets.types,
                              static_cast<std::size_t>(std::min(facets.per_type, facets_max))));
  };
  for (int turn = 0; turn < turns_max; ++turn) {
    CAIRN_CO_TRY(found, co_await parts_->database.read(read));
    if (found) co_return std::move(*found);
    CAIRN_CO_CHECK(co_await lists->catch_up());
  }
  co_return lists_busy();
}

Task<Result<Suggestions>> Repos::suggest(Actor actor, ListQuery query) {
  CAIRN_CO_CHECK(check_query(query));
  CAIRN_CO_CHECK(co_await wait_for_lists());
  struct Read {
    std::vector<RepoRef> repos;
    std::map<std::int64_t, CardInfo> cards;
    std::int64_t total = 0;
  };
  auto* lists = &parts_->lists;
  auto begun = lists->begin();
  auto read = [actor, query, lists, begun](db::Tx& tx) -> Result<std::optional<Read>> {
    Read out;
    auto author = author_of(tx, query);
    if (!author) return std::optional(std::move(out));
    auto sight = sight_of(tx, actor);
    if (!lists->refresh(tx, begun)) return std::optional<Read>{};
    auto found = lists->index().suggest(query, *author, sight.viewer);
    out.total = found.total;
    auto rows = store::rows(tx, found.best);
    std::erase_if(rows, [&](const Repo& repo) { return !sight.of(repo); });
    out.repos = share(std::move(rows));
    out.cards = cards_in(lists->index(), query.kind, tx, out.repos);
    return std::optional(std::move(out));
  };
  for (int turn = 0; turn < turns_max; ++turn) {
    CAIRN_CO_TRY(found, co_await parts_->database.read(read));
    if (!found) {
      CAIRN_CO_CHECK(co_await lists->catch_up());
      continue;
    }
    Suggestions out{.repos = {}, .total = found->total};
    for (const auto& repo : found->repos) {
      auto card = std::make_shared<const CardInfo>(std::move(found->cards[repo->id.value]));
      out.repos.push_back(
          {.repo = repo, .commit = nullptr, .card = std::move(card), .siblings = {}});
    }
    co_return out;
  }
  co_return lists_busy();
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
    CAIRN_CHECK(access::check_overview(tx, actor, owner));
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
      Place place{.value = query.by_storage ? last.storage_bytes : last.updated_at.us,
                  .key = {},
                  .id = last.id};
      page.next = seal_place(*keyring, "storage", filters, place);
    }
    return page;
  };
  co_return co_await parts_->database.read(read);
}

// ---- Siblings ----------------------------------------------------------------------------------

Task<Result<history::TreePage>> Repos::sibling_page(CommitRef commit,
                                                    std::optional<std::string> after) {
  auto* history = &parts_->history;
  history::TreeQuery query{
      .folder = {}, .recursive = true, .limit = sibling_page_entries, .after = std::move(after)};
  auto read = [history, commit, query] { return history->tree(*commit, query); };
  co_return co_await parts_->blocking.run(read);
}

Task<Result<Siblings>> Repos::short_siblings(CommitRef commit) {
  if (commit->sheet)
    if (auto known = parts_->siblings.find(*commit->sheet)) co_return known;
  CAIRN_CO_TRY(page, co_await sibling_page(commit, {}));
  if (page.next) co_return Siblings{};
  std::erase_if(page.entries, [](const auto& entry) { return entry.is_folder(); });
  auto shared = std::make_shared<const std::vector<history::SheetEntry>>(std::move(page.entries));
  if (commit->sheet) parts_->siblings.put(*commit->sheet, shared);
  co_return shared;
}

Task<Result<Siblings>> Repos::siblings(CommitRef commit) {
  if (commit->sheet)
    if (auto known = parts_->siblings.find(*commit->sheet)) co_return known;
  auto* history = &parts_->history;
  auto read = [history, commit]() -> Result<std::vector<history::SheetEntry>> {
    std::vector<history::SheetEntry> files;
    history::TreeQuery query{
        .folder = {}, .recursive = true, .limit = sibling_page_entries, .after = {}};
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
