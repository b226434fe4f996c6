#include "pages/first.h"

#include "base/clock.h"
#include "base/text.h"

namespace cairn::pages::first {
namespace {

using render::escape_html;

constexpr std::size_t text_bytes_max = 64 << 10;

std::string member(const json::value& item, std::string_view key) {
  auto* object = item.if_object();
  auto* value = object ? object->if_contains(key) : nullptr;
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

/// The items of a list; none when it is none.
json::array items_of(const Answer& answer) {
  if (answer.status != 200) return {};
  auto read = parse_json(answer.body);
  return read && read->is_array() ? std::move(read->get_array()) : json::array();
}

std::string commit_links(RepoKind kind, std::string_view id, const json::array& commits) {
  std::string out = "<ul>";
  for (const auto& item : commits)
    out += "<li>" +
           link(repo_address(kind, id) + "/commit/" + member(item, "id"), member(item, "title")) +
           " <time>" + escape_html(member(item, "date").substr(0, 10)) + "</time></li>";
  return out + "</ul>";
}

}  // namespace

std::string link(std::string_view address, std::string_view text) {
  return "<a href=\"" + escape_html(address) + "\" dir=\"auto\">" + escape_html(text) + "</a>";
}

std::string repo_head(RepoKind kind, std::string_view id, std::string_view revision) {
  return "<h1>" + link(repo_address(kind, id), id) + "</h1><nav>" +
         link(repo_address(kind, id), "Card") + " · " +
         link(address_in(kind, id, "tree", revision, ""), "Files") + " · " +
         link(address_in(kind, id, "commits", revision, ""), "History") + "</nav>";
}

std::string folder(RepoKind kind, std::string_view id, std::string_view revision,
                   std::string_view path, const Answer& entries) {
  std::string out = "<ul>";
  if (!path.empty()) {
    auto slash = path.rfind('/');
    auto above = slash == path.npos ? std::string_view() : path.substr(0, slash);
    out += "<li>" + link(address_in(kind, id, "tree", revision, above), "..") + "</li>";
  }
  for (const auto& item : items_of(entries)) {
    std::string entry = member(item, "path");
    bool is_folder = member(item, "type") == "directory";
    std::string name = entry.substr(entry.rfind('/') + 1) + (is_folder ? "/" : "");
    out += "<li>" + link(address_in(kind, id, is_folder ? "tree" : "blob", revision, entry), name) +
           "</li>";
  }
  return out + "</ul>";
}

std::string rows(RepoKind kind, const Answer& list, std::string_view next) {
  std::string out = "<ul>";
  for (const auto& item : items_of(list)) {
    std::string id = member(item, "id");
    std::string task = member(item, "pipeline_tag");
    out += "<li>" + link(repo_address(kind, id), id) +
           (task.empty() ? "" : " <small>" + escape_html(task) + "</small>") + "</li>";
  }
  out += "</ul>";
  if (!next.empty()) out += "<p>" + link(next, "Next") + "</p>";
  return out;
}

std::string commits(RepoKind kind, std::string_view id, const Answer& list) {
  return commit_links(kind, id, items_of(list));
}

std::string commit(RepoKind kind, std::string_view id, const history::CommitInfo& commit) {
  std::string out = "<h2>" + escape_html(commit.title) + "</h2>";
  if (!commit.message.empty()) out += "<pre>" + escape_html(commit.message) + "</pre>";
  out += "<p>" + escape_html(commit.author_name) + " <time>" +
         escape_html(to_rfc3339(commit.time).substr(0, 10)) + "</time></p>";
  for (const auto& parent : commit.parents) {
    constexpr std::size_t short_oid = 8;
    out += "<p>After " +
           link(repo_address(kind, id) + "/commit/" + parent.hex(),
                parent.hex().substr(0, short_oid)) +
           "</p>";
  }
  return out;
}

std::string compared(RepoKind kind, std::string_view id, const Answer& comparison) {
  auto read = parse_json(comparison.body);
  auto* found = read && read->is_object() ? &read->get_object() : nullptr;
  if (!found) return {};
  std::string out;
  if (auto* list = found->if_contains("commits"); list && list->is_array())
    out += commit_links(kind, id, list->get_array());
  auto* files = found->if_contains("files");
  if (!files || !files->is_array()) return out;
  out += "<ul>";
  for (const auto& file : files->get_array())
    out += "<li>" + escape_html(member(file, "path")) + "</li>";
  return out + "</ul>";
}

std::string text(std::string_view text) {
  return "<pre>" + escape_html(truncate_utf8(text, text_bytes_max)) + "</pre>";
}

}  // namespace cairn::pages::first
