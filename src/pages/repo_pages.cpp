#include <algorithm>

#include "base/text.h"
#include "pages/card.h"
#include "pages/first.h"
#include "pages/needs.h"
#include "pages/notebook.h"

// Pages of one repository.
namespace cairn::pages {
namespace {

using access::Action;

// What a document carries of a file; the app fetches the rest.
constexpr std::size_t shown_text_bytes_max = 128 << 10;

/// The repository that an address names, for who asks; else the visit has another page.
Task<repo::RepoRef> find(Visit& visit, RepoKind kind, Action action) {
  std::string name =
      std::string(visit.request.param("ns")) + "/" + std::string(visit.request.param("name"));
  auto& repos = visit.services.repos;
  auto found = repos.cached_find(visit.actor(), kind, name, action);
  if (!found) found = co_await repos.find(visit.actor(), kind, name, action);
  if (!*found) {
    visit.failed((*found).error());
    co_return nullptr;
  }
  if ((*found)->moved) {
    // The rest of the address stays encoded as it came.
    std::string_view target = visit.request.target();
    std::string old = repo_address(kind, name);
    auto at = old.size();
    bool plain = target.starts_with(old);
    visit.redirect(repo_address(kind, (*found)->repo->name) +
                   (plain ? std::string(target.substr(at)) : ""));
    co_return nullptr;
  }
  co_return (*found)->repo;
}

/// The same for what asks for more than seeing. The page says what it is about all the same.
Task<bool> may(Visit& visit, const repo::RepoRef& repo, Action action) {
  auto& repos = visit.services.repos;
  auto found = repos.cached_find(visit.actor(), repo->kind, repo->name, action);
  if (!found) found = co_await repos.find(visit.actor(), repo->kind, repo->name, action);
  if (*found) co_return true;
  visit.failed((*found).error());
  // Whoever meets a gate sees what lies behind it, and how to ask.
  auto* reason = visit.page.page.if_contains("reason");
  if (reason && *reason == "gated") {
    needs::Repo named{repo->kind, repo->name};
    co_await visit.ask(needs::info(named));
    co_await visit.ask(needs::gate(named));
  }
  co_return false;
}

void about(Visit& visit, const repo::Repo& repo, std::string_view kind, std::string title) {
  begin(visit, kind, std::move(title));
  visit.page.page["type"] = to_string(repo.kind);
  visit.page.page["id"] = repo.name;
  visit.page.listed = repo.visibility == Visibility::public_;
}

Task<> ask_rights(Visit& visit, const needs::Repo& repo) {
  if (visit.signed_in()) co_await visit.ask(needs::may_write(repo));
}

/// Adds a rendered file under a name.
Task<> add_document(Visit& visit, repo::RepoRef repo, std::string revision, std::string path,
                    std::string name) {
  auto document = co_await render_file(visit, repo, revision, path);
  if (!document) co_return;
  std::string html = co_await with_links_home(
      visit, placed(visit.services, *document, repo->kind, repo->name, revision));
  visit.page.first += "<article class=\"card\">" + html + "</article>";
  visit.page.html[name] = std::move(html);
  visit.page.contents[name] = document->headings;
  if (visit.page.description.empty()) visit.page.description = short_summary(*document);
}

/// What search engines and messengers show of a page that no text describes: "run.py of the model
/// ada/bert."
void describe(Visit& visit, const repo::Repo& repo, std::string_view what) {
  if (visit.page.description.empty())
    visit.page.description =
        std::string(what) + " of the " + std::string(to_string(repo.kind)) + " " + repo.name + ".";
}

struct Place {
  std::string revision, path;
};
Place place_of(const Visit& visit, const repo::Repo& repo) {
  auto segments = visit.request.rest("rest");
  if (segments.empty()) return {repo.default_branch, ""};
  auto at = repo::split_revision(segments);
  while (at.path.ends_with('/')) at.path.pop_back();
  return {at.revision, at.path};
}

void add_place(Visit& visit, const Place& at) {
  visit.page.page["revision"] = at.revision;
  visit.page.page["path"] = at.path;
}

std::string title_of(const repo::Repo& repo, std::string_view path) {
  return path.empty() ? repo.name : std::string(path) + " · " + repo.name;
}

/// The entry at a place. Empty, and another page, when there is none.
Task<std::optional<repo::Entry>> find_entry(Visit& visit, repo::RepoRef repo, const Place& at) {
  auto entry = co_await visit.services.files.entry(repo, at.revision, at.path);
  if (entry) co_return std::move(*entry);
  visit.failed(entry.error());
  co_return std::nullopt;
}

bool is_folder(const repo::Entry& entry) {
  return entry.entry.is_folder();
}

Task<> tree(Visit& visit, repo::RepoRef repo, Place at) {
  if (!co_await may(visit, repo, Action::list_files)) co_return;
  // An empty repository has no root yet, and its page all the same.
  if (!at.path.empty()) {
    auto entry = co_await find_entry(visit, repo, at);
    if (!entry) co_return;
    if (!is_folder(*entry))
      co_return visit.redirect(address_in(repo->kind, repo->name, "blob", at.revision, at.path));
  } else if (auto commit = co_await visit.services.files.resolve(repo, at.revision); !commit) {
    co_return visit.failed(commit.error());
  }
  about(visit, *repo, "tree", title_of(*repo, at.path.empty() ? "Files" : at.path));
  add_place(visit, at);
  visit.page.canonical = address_in(repo->kind, repo->name, "tree", at.revision, at.path);
  needs::Repo named{repo->kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::refs(named));
  auto* entries = co_await visit.ask(needs::tree(named, at.revision, at.path));
  co_await ask_rights(visit, named);
  visit.page.first = first::repo_head(repo->kind, repo->name, at.revision) +
                     first::folder(repo->kind, repo->name, at.revision, at.path, *entries);
  auto content =
      visit.services.repos.cached_find(visit.actor(), repo->kind, repo->name, Action::read_content);
  if (!content)
    content = co_await visit.services.repos.find(visit.actor(), repo->kind, repo->name,
                                                 Action::read_content);
  if (*content)
    co_await add_document(visit, repo, at.revision,
                          at.path.empty() ? "README.md" : at.path + "/README.md", "readme");
  describe(visit, *repo, at.path.empty() ? "Files" : at.path);
}

bool is_markdown(std::string_view path) {
  std::string name = to_lower_ascii(path);
  return name.ends_with(".md") || name.ends_with(".markdown");
}

/// A file's text as the page carries it.
Task<> add_text(Visit& visit, repo::RepoRef repo, const Place& at) {
  auto content = co_await visit.services.files.raw(repo, at.revision, at.path);
  if (!content || !content->blob || content->entry.lfs) co_return;
  const auto& text = *content->blob;
  bool shown =
      text.size() <= shown_text_bytes_max && is_valid_utf8(text) && text.find('\0') == text.npos;
  if (!shown) co_return;
  visit.keep_text(address_in(repo->kind, repo->name, "raw", at.revision, at.path), text);
  visit.page.first += first::text(text);
}

/// @param kind  "blob", "edit" or "blame".
Task<> file(Visit& visit, repo::RepoRef repo, Place at, std::string kind) {
  if (!co_await may(visit, repo, Action::list_files)) co_return;
  if (!co_await may(visit, repo, Action::read_content)) co_return;
  auto entry = co_await find_entry(visit, repo, at);
  if (!entry) co_return;
  if (is_folder(*entry))
    co_return visit.redirect(address_in(repo->kind, repo->name, "tree", at.revision, at.path));
  about(visit, *repo, kind, title_of(*repo, at.path));
  add_place(visit, at);
  if (kind == "blob")
    visit.page.canonical = address_in(repo->kind, repo->name, "blob", at.revision, at.path);
  needs::Repo named{repo->kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::refs(named));
  auto [path, body] = needs::file(named, at.revision, at.path);
  co_await visit.post(path, body);
  if (kind == "blame") co_await visit.ask(needs::blame(named, at.revision, at.path));
  co_await ask_rights(visit, named);
  visit.page.first =
      first::repo_head(repo->kind, repo->name, at.revision) + "<h2>" +
      render::escape_html(at.path) + "</h2><p>" +
      first::link(
          address_in(repo->kind, repo->name, "resolve", at.revision, at.path) + "?download=true",
          "Download") +
      "</p>";
  if (kind == "blob" && is_markdown(at.path)) {
    co_await add_document(visit, repo, at.revision, at.path, "readme");
    auto text = visit.page.first;
    co_await add_text(visit, repo, at);
    visit.page.first = text;
  } else {
    co_await add_text(visit, repo, at);
    if (kind == "blob" && at.path.ends_with(".ipynb"))
      co_await add_notebook(visit, repo, at.revision, at.path);
  }
  describe(visit, *repo, at.path);
}

Task<> history(Visit& visit, repo::RepoRef repo, Place at) {
  if (!co_await may(visit, repo, Action::list_files)) co_return;
  if (auto commit = co_await visit.services.files.resolve(repo, at.revision); !commit)
    co_return visit.failed(commit.error());
  bool of_file = false;
  if (!at.path.empty()) {
    auto entry = co_await find_entry(visit, repo, at);
    if (!entry) co_return;
    of_file = !is_folder(*entry);
  }
  about(visit, *repo, "commits", title_of(*repo, at.path.empty() ? "History" : at.path));
  add_place(visit, at);
  needs::Repo named{repo->kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::refs(named));
  if (!at.path.empty()) {
    auto [path, body] = needs::file(named, at.revision, at.path);
    co_await visit.post(path, body);
  }
  auto* list = co_await visit.ask(of_file ? needs::file_history(named, at.revision, at.path)
                                          : needs::commits(named, at.revision));
  co_await ask_rights(visit, named);
  visit.page.first = first::repo_head(repo->kind, repo->name, at.revision) +
                     first::commits(repo->kind, repo->name, *list);
  describe(visit, *repo, at.path.empty() ? "History" : "History of " + at.path);
}

Task<> commit(Visit& visit, repo::RepoRef repo, std::string oid) {
  if (!co_await may(visit, repo, Action::read_content)) co_return;
  auto found = co_await visit.services.files.resolve(repo, oid);
  if (!found) co_return visit.failed(found.error());
  about(visit, *repo, "commit", title_of(*repo, (*found)->title));
  visit.page.page["oid"] = (*found)->oid.hex();
  needs::Repo named{repo->kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::changes(named, (*found)->oid.hex()));
  co_await ask_rights(visit, named);
  visit.page.first = first::repo_head(repo->kind, repo->name, repo->default_branch) +
                     first::commit(repo->kind, repo->name, **found);
}

struct Range {
  std::string from, dots, to;
};
/// "main...dev". Without two sides: only what is there.
Range range_of(std::string_view text) {
  auto at = text.find("..");
  if (at == text.npos) return {"", "", std::string(text)};
  std::string_view dots = text.substr(at).starts_with("...") ? "..." : "..";
  return {std::string(text.substr(0, at)), std::string(dots),
          std::string(text.substr(at + dots.size()))};
}

Task<> compare(Visit& visit, repo::RepoRef repo) {
  if (!co_await may(visit, repo, Action::read_content)) co_return;
  about(visit, *repo, "compare", title_of(*repo, "Compare"));
  auto range = range_of(visit.request.rest_path("rest"));
  visit.page.page["from"] = range.from;
  visit.page.page["dots"] = range.dots;
  visit.page.page["to"] = range.to;
  needs::Repo named{repo->kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::refs(named));
  visit.page.first = first::repo_head(repo->kind, repo->name, repo->default_branch);
  if (range.from.empty() || range.to.empty()) co_return;
  auto* found = co_await visit.ask(needs::compare(named, range.from, range.dots, range.to));
  visit.page.first += "<h2>" + render::escape_html(range.from + " → " + range.to) + "</h2>" +
                      first::compared(repo->kind, repo->name, *found);
}

/// A page on which something is changed: "settings", "upload", "new_file".
Task<> change(Visit& visit, repo::RepoRef repo, std::string kind, std::string title) {
  if (!visit.signed_in()) co_return visit.sign_in_first();
  if (!co_await may(visit, repo, Action::write)) co_return;
  about(visit, *repo, kind, title_of(*repo, title));
  visit.page.listed = false;
  if (kind != "settings") add_place(visit, place_of(visit, *repo));
  needs::Repo named{repo->kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::refs(named));
  co_await ask_rights(visit, named);
  visit.page.first = first::repo_head(repo->kind, repo->name, repo->default_branch);
}

}  // namespace

Task<> repository(Visit& visit, RepoKind kind) {
  auto repo = co_await find(visit, kind, Action::see);
  if (!repo) co_return;
  about(visit, *repo, "repository", repo->name);
  visit.page.canonical = repo_address(kind, repo->name);
  needs::Repo named{kind, repo->name};
  co_await visit.ask(needs::info(named));
  co_await visit.ask(needs::last_commit(named));
  co_await visit.ask(needs::days(named));
  co_await visit.ask(needs::gate(named));
  if (kind == RepoKind::model) co_await visit.ask(needs::children(named));
  co_await ask_rights(visit, named);
  visit.page.first = first::repo_head(kind, repo->name, repo->default_branch);
  // The card of a gated repository is for everybody who may see it; a protected one's is not.
  auto list = visit.services.repos.cached_find(visit.actor(), kind, repo->name, Action::list_files);
  if (!list)
    list = co_await visit.services.repos.find(visit.actor(), kind, repo->name, Action::list_files);
  if (*list) co_await add_document(visit, repo, repo->default_branch, "README.md", "card");
}

Task<> old_name(Visit& visit, RepoKind kind) {
  std::string name(visit.request.param("name"));
  auto found = co_await visit.services.repos.find(visit.actor(), kind, name, Action::see);
  if (!found) co_return visit.failed(found.error());
  visit.redirect(repo_address(kind, found->repo->name));
}

Task<> in_repository(Visit& visit, RepoKind kind, std::string verb) {
  auto repo = co_await find(visit, kind, Action::see);
  if (!repo) co_return;
  // Set first, so that a refusal can say what it is about.
  about(visit, *repo, "repository", repo->name);
  if (verb == "settings") co_return co_await change(visit, repo, "settings", "Settings");
  if (verb == "upload") co_return co_await change(visit, repo, "upload", "Upload");
  if (verb == "new") co_return co_await change(visit, repo, "new_file", "New file");
  if (verb == "compare") co_return co_await compare(visit, repo);
  if (verb == "commit") co_return co_await commit(visit, repo, visit.request.rest_path("rest"));
  auto at = place_of(visit, *repo);
  if (verb == "tree") co_return co_await tree(visit, repo, std::move(at));
  if (verb == "commits") co_return co_await history(visit, repo, std::move(at));
  if (verb == "edit") {
    if (!visit.signed_in()) co_return visit.sign_in_first();
    if (!co_await may(visit, repo, Action::write)) co_return;
  }
  co_return co_await file(visit, repo, std::move(at), std::move(verb));
}

}  // namespace cairn::pages
