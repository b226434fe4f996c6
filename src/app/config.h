#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace cairn::app {

/// One setting as it is in force, for `cairn config`.
struct Setting {
  std::string key;     ///< As in cairn.toml: "public_url". Environment: CAIRN_PUBLIC_URL.
  std::string value;   ///< Secrets are shown as "(hidden)".
  std::string source;  ///< "default", "cairn.toml", "CAIRN_LISTEN", "--listen".
  std::string help;
};

/// What the operator decides. cairn.toml, then CAIRN_* variables, then flags: later ones win.
struct Config {
  std::string data = "./data";
  std::string listen = "127.0.0.1:2247";
  std::string ssh_listen = "127.0.0.1:2248";  ///< "off": no SSH.
  std::string ssh_url;  ///< Empty: made of `public_url` and where SSH listens. With '/' at its end.
  std::vector<std::string> ssh_host_keys;  ///< Files of public keys; empty: the hub's own.
  std::string public_url;  ///< Empty in the file: made from `listen`. Without '/' at its end.
  std::string database;    ///< "sqlite:" (in the data folder) or "postgres://…".
  /// What may also be decided while the hub runs (hub/settings), by key: pinned where it stands in
  /// the configuration. Checked when the hub opens.
  std::map<std::string, std::string> policies;
  std::string smtp_url;               ///< "smtp://user:password@host:587"; empty: no mail.
  std::string smtp_tls = "required";  ///< required | offered | none
  std::string mail_from;              ///< Empty in the file: no-reply@ the host of `public_url`.
  std::string rate_limits = "auto";   ///< on | off | auto: off on loopback.
  std::int64_t rate_limit_api = 10'000, rate_limit_resolvers = 100'000, rate_limit_pages = 3'000;
  std::string admin;  ///< Name of the first account; empty: the user's name.
  std::string tls_certificate, tls_key;
  std::vector<std::string> trusted_proxies;
  /// Private addresses that the hub may ask for what people name: issuers of CI tokens.
  std::vector<std::string> outbound_allowed;
  log::Level log_level = log::Level::info;
  std::string log_format;  ///< text | json; empty: text on a terminal, else json.
  std::string root_key;    ///< 64 hex digits; empty: the file `root.key` in the data folder.
  std::int64_t threads = 0;
  std::int64_t connections_max = 8192;
  std::int64_t connections_per_address_max = 512;
  std::uint64_t commit_bytes_max = 2ull << 30;
  std::uint64_t lfs_object_bytes_max = 5ull << 40;
  std::string cas_url;  ///< Where clients reach the store of chunks; empty: under `public_url`.
  std::string xet_dedup_scope = "public";     ///< public | namespace | repository | off
  std::int64_t xet_cut_bytes_min = 64 << 20;  ///< 0: whole large files stay whole.
  int xet_ranges_per_gb_max = 100;            ///< 0: files in pieces stay so.
  std::uint64_t xet_cache_bytes_max = 10ull << 30;
  std::uint64_t git_cache_bytes_max = 10ull << 30;
  std::int64_t xet_grace_days = 28;
  std::uint64_t xet_pending_bytes_max = 2ull << 40;
  std::uint64_t push_bytes_max = 8ull << 30;
  std::uint64_t push_file_bytes_max = 10u << 20;
  std::int64_t restorable_days = 7;
  std::int64_t gc_grace_hours = 24;

  std::vector<Setting> settings;  ///< All of the above with their sources.

  /// The database's URL with the folder filled in.
  [[nodiscard]] std::string database_url() const;
  [[nodiscard]] bool is_sqlite() const;
};

/// Flags of the form --key value or --key=value; what is not one of the settings is left in
/// `arguments`, in order.
/// @param environment  name → value; only CAIRN_* are read.
/// @return `invalid_argument`, word "InvalidConfig", naming the setting, its source, and for an
///         unknown key the nearest one.
[[nodiscard]] Result<Config> load_config(std::vector<std::string>& arguments,
                                         const std::map<std::string, std::string>& environment);

/// The names of all settings, as in cairn.toml.
[[nodiscard]] std::vector<std::string> setting_keys();

/// The process's environment.
[[nodiscard]] std::map<std::string, std::string> environment_of_process();

}  // namespace cairn::app
