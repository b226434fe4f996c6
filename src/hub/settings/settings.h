#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "platform/db/db.h"

/// What the people who run a hub decide about it while it runs.
namespace cairn::settings {

[[nodiscard]] std::vector<db::Migration> settings_migrations();

enum class Registration { open, invite, closed };
/// Who may make repositories. `organizations`: members there, nobody under their own name.
enum class RepoCreators { everyone, organizations, administrators };
enum class OrganizationCreators { everyone, administrators };
/// Pictures of other hosts in cards.
enum class ExternalImages {
  ask,    ///< A frame stands in their place.
  proxy,  ///< The hub asks for them and shows them.
  allow,  ///< Browsers ask for them.
};
enum class Level { info, warning, critical };

/// All settings as they are in force. Texts hold no control characters; links are http(s).
struct Values {
  Registration registration = Registration::closed;
  /// No: people who are not signed in see the sign-in and nothing else.
  bool anonymous_read = true;
  /// No: every new repository is private or protected, and none becomes public.
  bool public_repositories = true;
  /// By the number of the kind: new repositories are private where nothing else was asked for.
  std::array<bool, 4> new_private = {};
  RepoCreators repository_creators = RepoCreators::everyone;
  OrganizationCreators organization_creators = OrganizationCreators::everyone;
  /// Lower case; empty: any. Who signs up has to read mail there.
  std::vector<std::string> allowed_email_domains;
  int token_days_max = 0;  ///< 0: tokens may live for ever.

  std::string name, logo_url, accent_color, contact, terms_url, privacy_url, imprint_url;

  ExternalImages external_images = ExternalImages::ask;

  std::string maintenance;  ///< Empty: off. Else what writers are told.
  std::string announcement;
  Level announcement_level = Level::info;
  std::optional<Time> announcement_ends_at;

  [[nodiscard]] bool announces(Time now) const {
    return !announcement.empty() && (!announcement_ends_at || now < *announcement_ends_at);
  }
  /// Whether an address may sign up.
  [[nodiscard]] bool allows_email(std::string_view email) const;
};

/// A setting as data, for lists, help and cairn.toml.
struct Known {
  std::string_view key;
  std::string_view standard;  ///< Its value where nobody chose.
  std::string_view help;
  std::vector<std::string_view> words = {};  ///< The values there are; empty: free.
};
[[nodiscard]] std::span<const Known> known();

using Texts = std::map<std::string, std::string, std::less<>>;
/// @return `invalid_argument`, word "InvalidSetting", field "field" = the key; unknown keys too.
[[nodiscard]] Result<Values> parse(const Texts& texts);

/// One setting as it is in force.
struct Setting {
  std::string key, value, standard, help;
  std::vector<std::string> words;
  bool pinned = false;
  std::optional<Time> changed_at;
  std::string changed_by;
};

struct Change {
  std::int64_t id = 0;
  std::string key, from, to;  ///< Effective values; empty = the standard one.
  std::string by;             ///< A user's name then, "cairn.toml", or "system".
  Time at;
};

/// One small read. Exact, and in a write transaction what this write may rely on.
[[nodiscard]] Values load(db::Tx& tx);
[[nodiscard]] std::vector<Setting> list(db::Tx& tx);
/// Newest first. @param before  an id, 0 for the first page.
[[nodiscard]] std::vector<Change> changes(db::Tx& tx, std::int64_t before, int limit);

/// The copy in memory. Exact on the node that changes something; others follow within a second.
class Settings {
 public:
  explicit Settings(db::Database& database);

  /// Never null. Any thread.
  [[nodiscard]] std::shared_ptr<const Values> current() const;

  /// What the configuration says; what it no longer says is free again. At every start of a server,
  /// not for commands: their environment may be another.
  /// @return as `parse`.
  Result<> pin(db::Tx& tx, const Texts& pinned);
  /// Empty texts set the standard value. All of them or none.
  /// @return as `parse`; `conflict`, word "SettingPinned".
  Result<> change(db::Tx& tx, std::string_view by, const Texts& changes);
  /// Takes what the rows say, when a hub is opened.
  void adopt(db::Tx& tx);
  /// Reads what other nodes changed.
  Task<Result<>> refresh();

 private:
  struct Shared;
  db::Database& database_;
  std::shared_ptr<Shared> shared_;  // Effects of commits share it: they may outlive us.
};

}  // namespace cairn::settings
