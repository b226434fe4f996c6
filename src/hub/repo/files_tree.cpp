#include <unordered_map>

#include "hub/repo/cursor.h"
#include "hub/repo/files.h"
#include "hub/repo/files_parts.h"
#include "platform/git/path.h"

namespace cairn::repo {
namespace {

constexpr std::string_view tree_route = "tree";
constexpr std::string_view log_route = "commits";

Failure invalid_limit() {
  return fail(ErrorCode::invalid_argument, "InvalidQuery", "`limit` is a number from 1 on.");
}

/// Looks up the commits that entries name, once each.
void fill_last_commits(db::Tx& tx, history::History& history, RepoId repo,
                       std::vector<Entry>& entries) {
  std::unordered_map<git::Oid, CommitRef> known;
  for (auto& e : entries) {
    auto [at, is_new] = known.try_emplace(e.entry.last_commit);
    if (is_new)
      if (auto commit = history.find_commit(tx, repo, e.entry.last_commit))
        at->second = std::make_shared<const history::CommitInfo>(std::move(*commit));
    e.last_commit = at->second;
  }
}

/// The commit that a cursor is pinned to.
Task<Result<CommitRef>> pinned(db::Database& database, history::History& history, RepoRef repo,
                               std::string hex) {
  auto oid = git::Oid::parse(hex);
  if (!oid) co_return invalid_cursor();
  auto read = [&history, repo, oid = *oid](db::Tx& tx) -> Result<CommitRef> {
    auto commit = history.find_commit(tx, repo->id, oid);
    if (!commit) return invalid_cursor();
    return std::make_shared<const history::CommitInfo>(std::move(*commit));
  };
  co_return co_await database.read(read);
}

}  // namespace

Task<Result<TreePage>> Files::tree(RepoRef repo, std::string revision, TreeQuery query) {
  if (query.limit < 1) co_return invalid_limit();
  json::array filter_values{repo->id.value, json::value(revision), json::value(query.folder),
                            query.recursive, query.expand};
  auto filters = json::serialize(filter_values);
  history::TreeQuery inner{
      .folder = {},
      .recursive = query.recursive,
      .limit = std::min(query.limit, query.expand ? tree_expand_limit_max : tree_limit_max),
      .after = {}};
  TreePage page;
  if (query.cursor) {
    CAIRN_CO_TRY(place, open_cursor(parts_->keyring, tree_route, filters, *query.cursor, 2));
    if (!place[0].is_string() || !place[1].is_string()) co_return invalid_cursor();
    CAIRN_CO_TRY(commit, co_await pinned(parts_->database, parts_->history, repo,
                                         std::string(place[0].get_string())));
    page.commit = commit;
    inner.after = std::string(place[1].get_string());
  } else {
    CAIRN_CO_TRY(commit, co_await resolve(repo, revision));
    page.commit = commit;
  }
  auto folder = git::parse_folder(query.folder);
  if (!folder) co_return no_entry(*page.commit);
  inner.folder = folder->text();

  auto* history = &parts_->history;
  auto read = [history, commit = page.commit, inner] { return history->tree(*commit, inner); };
  auto found = co_await parts_->blocking.run(read);
  if (!found) co_return std::unexpected(entry_error(std::move(found).error(), *page.commit));
  page.entries.reserve(found->entries.size());
  for (auto& entry : found->entries) page.entries.push_back({std::move(entry), nullptr});
  if (query.expand) {
    auto fill = [history, repo, entries = page.entries](db::Tx& tx) -> Result<std::vector<Entry>> {
      auto out = entries;
      fill_last_commits(tx, *history, repo->id, out);
      return out;
    };
    CAIRN_CO_TRY(filled, co_await parts_->database.read(fill));
    page.entries = std::move(filled);
  }
  if (found->next)
    page.next =
        seal_cursor(parts_->keyring, tree_route, filters,
                    json::array{json::value(page.commit->oid.hex()), json::value(*found->next)});
  co_return page;
}

Task<Result<std::vector<Entry>>> Files::paths_info(RepoRef repo, std::string revision,
                                                   std::vector<std::string> paths, bool expand) {
  if (paths.size() > paths_info_max)
    co_return fail(ErrorCode::too_large, "TooManyPaths",
                   "too many parameters: ask for at most 2000 paths at once");
  CAIRN_CO_TRY(commit, co_await resolve(repo, revision));
  auto* history = &parts_->history;
  auto read = [history, commit, paths]() -> Result<std::vector<Entry>> {
    std::vector<Entry> out;
    for (const auto& path : paths) {
      auto valid = git::parse_folder(path);
      if (!valid || valid->is_root()) continue;
      auto found = history->entry(*commit, valid->text());
      if (found)
        out.push_back({std::move(*found), nullptr});
      else if (found.error().code != ErrorCode::not_found)
        return fail(found.error());
    }
    return out;
  };
  CAIRN_CO_TRY(entries, co_await parts_->blocking.run(read));
  if (!expand) co_return std::move(entries);
  auto fill = [history, repo, entries](db::Tx& tx) -> Result<std::vector<Entry>> {
    auto out = entries;
    fill_last_commits(tx, *history, repo->id, out);
    return out;
  };
  co_return co_await parts_->database.read(fill);
}

Task<Result<LogPage>> Files::log(RepoRef repo, std::string revision, LogQuery query) {
  if (query.limit < 1 || query.page < 0) co_return invalid_limit();
  int limit = std::min(query.limit, log_limit_max);
  json::array filter_values{repo->id.value, json::value(revision)};
  auto filters = json::serialize(filter_values);
  CommitRef from;
  // A page number far beyond any history must not overflow.
  std::int64_t skip = std::min<std::int64_t>(query.page, 1'000'000'000) * limit;
  if (query.cursor) {
    CAIRN_CO_TRY(place, open_cursor(parts_->keyring, log_route, filters, *query.cursor, 2));
    if (!place[0].is_string() || !place[1].is_int64()) co_return invalid_cursor();
    CAIRN_CO_TRY(commit, co_await pinned(parts_->database, parts_->history, repo,
                                         std::string(place[0].get_string())));
    from = commit;
    skip = place[1].get_int64();
  } else {
    CAIRN_CO_TRY(commit, co_await resolve(repo, revision));
    from = commit;
  }
  auto* history = &parts_->history;
  auto read = [history, repo, from, skip, limit](db::Tx& tx) -> Result<LogPage> {
    LogPage page;
    CAIRN_TRY(total, history->count(tx, repo->id, *from));
    page.total = total;
    CAIRN_TRY(commits, history->log(tx, repo->id, *from, skip, limit));
    for (auto& commit : commits)
      page.commits.push_back(std::make_shared<const history::CommitInfo>(std::move(commit)));
    return page;
  };
  CAIRN_CO_TRY(page, co_await parts_->database.read(read));
  auto end = skip + static_cast<std::int64_t>(page.commits.size());
  if (!page.commits.empty() && end < page.total)
    page.next = seal_cursor(parts_->keyring, log_route, filters,
                            json::array{json::value(from->oid.hex()), end});
  co_return std::move(page);
}

}  // namespace cairn::repo
