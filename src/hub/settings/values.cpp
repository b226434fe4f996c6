#include <algorithm>

#include "base/text.h"
#include "hub/settings/settings.h"

namespace cairn::settings {
namespace {

constexpr std::size_t text_bytes_max = 2000;  // An announcement of a few paragraphs.
constexpr std::size_t domains_max = 100;
constexpr int token_days_limit = 3650;

Failure invalid(std::string_view key, std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidSetting",
              "\"" + std::string(key) + "\" " + message + " Nothing was changed.")
      .with("field", std::string(key));
}

const std::vector<Known>& list_of_known() {
  static const std::vector<Known> list = {
      {"registration", "closed", "Who may create an account", {"open", "invite", "closed"}},
      {"anonymous_read", "yes", "People who are not signed in see what is public", {"yes", "no"}},
      {"public_repositories", "yes", "Repositories may be public", {"yes", "no"}},
      {"default_visibility_model", "public", "Of new models", {"public", "private"}},
      {"default_visibility_dataset", "public", "Of new datasets", {"public", "private"}},
      {"default_visibility_space", "public", "Of new spaces", {"public", "private"}},
      {"default_visibility_kernel", "public", "Of new kernels", {"public", "private"}},
      {"repository_creators",
       "everyone",
       "Who may create repositories; organizations: there, but not under one's own name",
       {"everyone", "organizations", "administrators"}},
      {"organization_creators",
       "everyone",
       "Who may create organizations",
       {"everyone", "administrators"}},
      {"allowed_email_domains", "", "Where people who sign up read their mail, by comma; all"},
      {"token_days_max", "0", "The longest life of a new token, in days; 0: no limit"},
      {"hub_name", "Cairn", "What this hub is called"},
      {"logo_url", "", "A picture, https://… or a path"},
      {"accent_color", "", "As #1f6feb"},
      {"contact", "", "Whom to ask: a mail address or a link"},
      {"terms_url", "", "Link to the terms of use"},
      {"privacy_url", "", "Link to the privacy notice"},
      {"imprint_url", "", "Link to the imprint"},
      {"external_images",
       "ask",
       "Pictures of other hosts in cards: readers are asked, the hub shows them without telling "
       "who "
       "reads, or browsers load them from there",
       {"ask", "proxy", "allow"}},
      {"maintenance", "", "What people are told while nothing can be changed; empty: off"},
      {"announcement", "", "What everybody is told; empty: nothing"},
      {"announcement_level", "info", "How it looks", {"info", "warning", "critical"}},
      {"announcement_ends_at", "", "When it goes, as 2027-01-31T00:00:00Z; empty: never"}};
  return list;
}

const Known* find(std::string_view key) {
  for (const auto& k : known())
    if (k.key == key) return &k;
  return nullptr;
}

bool plain(std::string_view text) {
  return is_valid_utf8(text) && std::ranges::none_of(text, [](char c) {
           auto u = static_cast<unsigned char>(c);
           return (u < 0x20 && u != '\n') || u == 0x7f;
         });
}

/// What a page may put into a link: nothing that runs.
bool is_link(std::string_view text) {
  bool http = text.starts_with("https://") || text.starts_with("http://");
  bool path = text.starts_with("/") && !text.starts_with("//");
  return (http || path) && text.find_first_of(" \"<>\\\n") == text.npos;
}

bool is_color(std::string_view text) {
  return text.size() == 7 && text.front() == '#' && std::ranges::all_of(text.substr(1), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_domain(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.find('.') != text.npos &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

Result<> check_text(const Known& k, const std::string& value) {
  if (value.size() > text_bytes_max || !plain(value))
    return invalid(k.key, "is text of at most " + std::to_string(text_bytes_max) + " bytes.");
  if (k.words.empty() || std::ranges::find(k.words, value) != k.words.end()) return {};
  std::string words;
  for (auto word : k.words) words += (words.empty() ? "" : ", ") + std::string(word);
  return invalid(k.key, "is one of " + words + ".");
}

Result<std::vector<std::string>> domains_of(const std::string& text) {
  std::vector<std::string> out;
  for (auto part : split(text, ',')) {
    std::string domain = to_lower_ascii(trim(part));
    if (domain.starts_with('@')) domain.erase(0, 1);
    if (domain.empty()) continue;
    if (!is_domain(domain) || out.size() >= domains_max)
      return invalid("allowed_email_domains", "is a list like example.org,example.com.");
    out.push_back(std::move(domain));
  }
  return out;
}

template <class Enum>
Enum number_of(std::string_view key, const std::string& word) {
  const auto& words = find(key)->words;
  return static_cast<Enum>(std::ranges::find(words, word) - words.begin());
}

}  // namespace

std::span<const Known> known() {
  return list_of_known();
}

bool Values::allows_email(std::string_view email) const {
  if (allowed_email_domains.empty()) return true;
  auto at = email.rfind('@');
  if (at == email.npos) return false;
  return std::ranges::find(allowed_email_domains, to_lower_ascii(email.substr(at + 1))) !=
         allowed_email_domains.end();
}

Result<Values> parse(const Texts& texts) {
  for (const auto& [key, value] : texts) {
    auto* k = find(key);
    if (!k) return invalid(key, "is not a setting of this hub.");
    CAIRN_CHECK(check_text(*k, value.empty() ? std::string(k->standard) : value));
  }
  auto text = [&](std::string_view key) {
    auto given = texts.find(key);
    return given == texts.end() || given->second.empty() ? std::string(find(key)->standard)
                                                         : given->second;
  };
  Values out;
  out.registration = number_of<Registration>("registration", text("registration"));
  out.anonymous_read = text("anonymous_read") == "yes";
  out.external_images = number_of<ExternalImages>("external_images", text("external_images"));
  out.public_repositories = text("public_repositories") == "yes";
  constexpr std::string_view kinds[] = {"model", "dataset", "space", "kernel"};
  for (std::size_t i = 0; i < 4; ++i)
    out.new_private[i] = text("default_visibility_" + std::string(kinds[i])) == "private";
  out.repository_creators =
      number_of<RepoCreators>("repository_creators", text("repository_creators"));
  out.organization_creators =
      number_of<OrganizationCreators>("organization_creators", text("organization_creators"));
  CAIRN_TRY(domains, domains_of(text("allowed_email_domains")));
  out.allowed_email_domains = std::move(domains);
  auto days = parse_int(text("token_days_max"));
  if (!days || *days < 0 || *days > token_days_limit)
    return invalid("token_days_max",
                   "is a number of days from 0 to " + std::to_string(token_days_limit) + ".");
  out.token_days_max = static_cast<int>(*days);
  out.name = text("hub_name");
  out.contact = text("contact");
  for (auto [key, member] : {std::pair{"logo_url", &Values::logo_url},
                             {"terms_url", &Values::terms_url},
                             {"privacy_url", &Values::privacy_url},
                             {"imprint_url", &Values::imprint_url}}) {
    out.*member = text(key);
    if (!(out.*member).empty() && !is_link(out.*member))
      return invalid(key, "is a link that begins with https:// or with /.");
  }
  out.accent_color = text("accent_color");
  if (!out.accent_color.empty() && !is_color(out.accent_color))
    return invalid("accent_color", "is a color like #1f6feb.");
  out.maintenance = text("maintenance");
  out.announcement = text("announcement");
  out.announcement_level = number_of<Level>("announcement_level", text("announcement_level"));
  if (auto ends = text("announcement_ends_at"); !ends.empty()) {
    auto time = parse_rfc3339(ends);
    if (!time) return invalid("announcement_ends_at", "is a time like 2027-01-31T00:00:00Z.");
    out.announcement_ends_at = *time;
  }
  return out;
}

}  // namespace cairn::settings
