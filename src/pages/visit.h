#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pages/address.h"
#include "pages/pages.h"

namespace cairn::pages {

/// What a page is, as the app reads it (web/src/lib/page.ts) and as its document shows it.
struct Page {
  int status = 200;
  json::object page;  ///< "kind" and what the address meant.
  std::string title;  ///< Without the hub's name.
  std::string description;
  std::string canonical;                    ///< A path; empty: none.
  bool listed = false;                      ///< Search engines may keep it.
  std::string first;                        ///< What stands in <main id="first">: HTML.
  std::map<std::string, std::string> html;  ///< "card", "readme".
  std::map<std::string, std::vector<render::Heading>> contents;  ///< Of those.
  std::optional<std::string> redirect;                           ///< Then nothing else counts.
};

/// An answer of the API as a page carries it.
struct Answer {
  int status = 0;
  std::string body;  ///< JSON text; empty when the answer was none.
  std::string next;  ///< The path of a Link header.
};

/// One page being made, for one request.
class Visit {
 public:
  Visit(Services& services, http::Request& request) : services(services), request(request) {}

  Services& services;
  http::Request& request;
  Page page;

  /// Who asks, as the hooks found out.
  [[nodiscard]] const account::Actor& actor() const;
  [[nodiscard]] bool signed_in() const { return actor().has_user(); }

  /// Asks the API, and keeps the answer for the page by the question's name. The reference lives as
  /// long as the visit. Answers that are too long to send along are not kept.
  Task<const Answer*> ask(std::string target);
  Task<const Answer*> post(std::string target, std::string body);
  /// Keeps a file's text, named by its raw address.
  void keep_text(std::string name, std::string_view text);
  [[nodiscard]] const std::map<std::string, Answer>& answers() const { return answers_; }

  // ---- The page instead of the one asked for ----

  void redirect(std::string address);
  /// Sends strangers to the sign-in and back.
  void sign_in_first();
  void missing();
  /// @param reason  "gated", "protected", "disabled" or "role".
  void forbidden(std::string_view reason);
  /// What an error of the domain means for a page.
  void failed(const Error& error);

 private:
  Task<const Answer*> keep(std::string name, http::InnerQuestion question);
  std::map<std::string, Answer> answers_;
};

/// Starts a page.
void begin(Visit& visit, std::string_view kind, std::string title);

// What the addresses mean, a function per kind of page.
Task<> home(Visit& visit);
Task<> list(Visit& visit, RepoKind kind);
Task<> owner(Visit& visit);
Task<> docs(Visit& visit);  ///< A chapter of docs/guide.
Task<> repository(Visit& visit, RepoKind kind);
Task<> old_name(Visit& visit, RepoKind kind);  ///< "/datasets/squad".
/// @param verb  the word in the address: "tree", "blob", "edit"…
Task<> in_repository(Visit& visit, RepoKind kind, std::string verb);

/// What the document says about the hub and the viewer.
Task<std::pair<json::object, json::value>> hub_and_viewer(Visit& visit);

}  // namespace cairn::pages
