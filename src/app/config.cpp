#include "app/config.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <toml++/toml.h>
#include <unistd.h>

#include "base/text.h"
#include "hub/settings/settings.h"
#include "hub/xet/xet.h"

namespace cairn::app {
namespace {

Failure wrong(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidConfig", std::move(message));
}

/// How one setting is read from text and shown.
struct Known {
  std::string key;
  std::string help;
  std::function<Result<>(Config&, const std::string&)> set;
  std::function<std::string(const Config&)> get;
  bool secret = false;
};

Known text(std::string key, std::string help, std::string Config::* member, bool secret = false) {
  return {std::move(key), std::move(help),
          [member](Config& c, const std::string& v) -> Result<> {
            c.*member = v;
            return {};
          },
          [member](const Config& c) { return c.*member; }, secret};
}

Known one_of(std::string key, std::string help, std::string Config::* member,
             std::vector<std::string> allowed) {
  std::string list;
  for (const auto& word : allowed) list += (list.empty() ? "" : ", ") + word;
  return {key, std::move(help),
          [member, allowed, key, list](Config& c, const std::string& v) -> Result<> {
            if (std::find(allowed.begin(), allowed.end(), v) == allowed.end())
              return wrong("\"" + key + "\" must be one of " + list + ".");
            c.*member = v;
            return {};
          },
          [member](const Config& c) { return c.*member; }};
}

template <class T>
Known number(std::string key, std::string help, T Config::* member, std::int64_t least) {
  return {key, std::move(help),
          [member, key, least](Config& c, const std::string& v) -> Result<> {
            auto value = parse_int(v);
            if (!value || *value < least)
              return wrong("\"" + key + "\" must be a whole number of at least " +
                           std::to_string(least) + ".");
            c.*member = static_cast<T>(*value);
            return {};
          },
          [member](const Config& c) { return std::to_string(c.*member); }};
}

Known addresses(std::string key, std::string help, std::vector<std::string> Config::* member) {
  return {key, std::move(help),
          [member](Config& c, const std::string& v) -> Result<> {
            (c.*member).clear();
            for (auto part : split(v, ','))
              if (!trim(part).empty()) (c.*member).emplace_back(trim(part));
            return {};
          },
          [member](const Config& c) {
            std::string out;
            for (const auto& p : c.*member) out += (out.empty() ? "" : ",") + p;
            return out;
          }};
}

/// A setting of hub/settings: empty where the configuration leaves it to those who run the hub.
Known policy(const settings::Known& setting) {
  std::string key(setting.key);
  std::string help(setting.help);
  return {key, help + " (pins the hub's setting)",
          [key](Config& c, const std::string& v) -> Result<> {
            settings::Texts texts{{key, v}};
            if (auto sound = settings::parse(texts); !sound) return wrong(sound.error().message);
            c.policies[key] = v;
            return {};
          },
          [key](const Config& c) {
            auto found = c.policies.find(key);
            return found == c.policies.end() ? "" : found->second;
          }};
}

std::vector<Known> make_known() {
  std::vector<Known> list = {
      text("data", "Folder of everything that is kept", &Config::data),
      text("listen", "Address and port", &Config::listen),
      text("ssh_listen", "Address and port of git over SSH, or off", &Config::ssh_listen),
      text("ssh_url", "How clients reach git over SSH, where that is no server of the hub's own",
           &Config::ssh_url),
      addresses("ssh_host_keys", "Files of that server's public host keys, by comma",
                &Config::ssh_host_keys),
      text("public_url", "How clients reach the hub; in every URL it gives out",
           &Config::public_url),
      text("database", "sqlite: or postgres://user:password@host/name", &Config::database, true),
      text("admin", "Name of the first account", &Config::admin),
      text("tls_certificate", "PEM file, leaf first", &Config::tls_certificate),
      text("tls_key", "PEM file", &Config::tls_key),
      addresses("trusted_proxies", "Addresses whose X-Forwarded-* headers are believed, by comma",
                &Config::trusted_proxies),
      addresses("outbound_allowed",
                "Private addresses that may be asked, as for the keys of a CI, by comma",
                &Config::outbound_allowed),
      {"log_level", "debug, info, warning, error",
       [](Config& c, const std::string& v) -> Result<> {
         CAIRN_TRY(level, log::parse_level(v));
         c.log_level = level;
         return {};
       },
       [](const Config& c) {
         return std::string(c.log_level == log::Level::debug     ? "debug"
                            : c.log_level == log::Level::info    ? "info"
                            : c.log_level == log::Level::warning ? "warning"
                                                                 : "error");
       }},
      one_of("log_format", "text or json; without it text on a terminal", &Config::log_format,
             {"", "text", "json"}),
      text("root_key", "64 hex digits; without it the file root.key", &Config::root_key, true),
      number("threads", "I/O threads; 0 = one per core", &Config::threads, 0),
      number("connections_max", "Open connections", &Config::connections_max, 16),
      number("connections_per_address_max", "Open connections of one address",
             &Config::connections_per_address_max, 1),
      number("commit_bytes_max", "Regular files of one commit, together", &Config::commit_bytes_max,
             1 << 20),
      number("lfs_object_bytes_max", "One large file", &Config::lfs_object_bytes_max, 1 << 20),
      text("cas_url", "How clients reach the store of chunks; without it public_url and /xet",
           &Config::cas_url),
      one_of("xet_dedup_scope", "Whose chunks an upload may learn of", &Config::xet_dedup_scope,
             {"public", "namespace", "repository", "off"}),
      number("xet_cut_bytes_min",
             "Whole large files from this size on are cut into chunks later; 0 = never",
             &Config::xet_cut_bytes_min, 0),
      number("xet_ranges_per_gb_max",
             "A file in more pieces per GB is written together once it has settled; 0 = never",
             &Config::xet_ranges_per_gb_max, 0),
      number("xet_cache_bytes_max",
             "Whole copies of files in chunks that many ask for, on this machine's disk",
             &Config::xet_cache_bytes_max, 0),
      number("git_cache_bytes_max",
             "Copies of packs of git histories that are read, on this machine's disk",
             &Config::git_cache_bytes_max, 0),
      number("xet_grace_days", "What a client may remember is kept for so long",
             &Config::xet_grace_days, 0),
      number("xet_pending_bytes_max", "Uploaded by one user and in no file yet",
             &Config::xet_pending_bytes_max, 64 << 20),
      number("push_bytes_max", "The pack of one git push", &Config::push_bytes_max, 1 << 20),
      number("push_file_bytes_max", "A file that is pushed without LFS",
             &Config::push_file_bytes_max, 1 << 10),
      number("restorable_days", "A deleted repository can be restored for so long",
             &Config::restorable_days, 0),
      text("smtp_url", "Mail server, smtp://user:password@host:587 or smtps://", &Config::smtp_url,
           true),
      one_of("smtp_tls", "Whether smtp:// must start TLS", &Config::smtp_tls,
             {"required", "offered", "none"}),
      text("mail_from", "Sender of the hub's mail", &Config::mail_from),
      one_of("rate_limits", "Count requests; auto: unless listening on loopback",
             &Config::rate_limits, {"auto", "on", "off"}),
      number("rate_limit_api", "API requests of a user in 5 minutes; of strangers a third",
             &Config::rate_limit_api, 1),
      number("rate_limit_resolvers", "The same for downloads and git",
             &Config::rate_limit_resolvers, 1),
      number("rate_limit_pages", "The same for pages", &Config::rate_limit_pages, 1),
      number("gc_grace_hours", "What is unreachable is kept for so long", &Config::gc_grace_hours,
             0)};
  for (const auto& setting : settings::known()) list.push_back(policy(setting));
  return list;
}

const std::vector<Known>& known() {
  static const std::vector<Known> list = make_known();
  return list;
}

const Known* find(std::string_view key) {
  for (const auto& k : known())
    if (k.key == key) return &k;
  return nullptr;
}

std::string did_you_mean(std::string_view key) {
  auto near = nearest(key, setting_keys());
  return near ? " Did you mean \"" + *near + "\"?" : " See: cairn config.";
}

using Sources = std::map<std::string, std::string>;

Result<> set(Config& config, Sources& sources, const Known& k, const std::string& value,
             const std::string& source) {
  if (auto ok = k.set(config, value); !ok) return wrong(ok.error().message + " (" + source + ")");
  sources[k.key] = source;
  return {};
}

Result<> read_toml(Config& config, Sources& sources, const std::string& path, bool required) {
  std::ifstream in(path);
  if (!in) {
    if (!required) return {};
    return wrong("The configuration file " + path + " cannot be read.");
  }
  std::stringstream content;
  content << in.rdbuf();
  toml::table table;
  try {
    table = toml::parse(content.str(), path);
  } catch (const toml::parse_error& e) {
    return wrong(path + ", line " + std::to_string(e.source().begin.line) + ": " +
                 std::string(e.description()) + ".");
  }
  for (const auto& [key, node] : table) {
    std::string name(key.str());
    auto* k = find(name);
    if (!k) return wrong(path + ": \"" + name + "\" is not a setting." + did_you_mean(name));
    std::string value;
    if (auto* s = node.as_string())
      value = s->get();
    else if (auto* i = node.as_integer())
      value = std::to_string(i->get());
    else if (auto* list = node.as_array())
      for (const auto& item : *list)
        value += (value.empty() ? "" : ",") + item.value_or(std::string());
    else
      return wrong(path + ": \"" + name + "\" must be a text, a whole number or a list of texts.");
    CAIRN_CHECK(set(config, sources, *k, value, path));
  }
  return {};
}

// Variables of the tools around the program, which it does not read itself.
bool foreign(std::string_view name) {
  return name == "CAIRN_CONFIG" || name == "CAIRN_PROGRAM" || name.starts_with("CAIRN_TEST_");
}

void finish(Config& config) {
  while (config.cas_url.ends_with('/')) config.cas_url.pop_back();
  while (config.public_url.ends_with('/')) config.public_url.pop_back();
  if (!config.ssh_url.empty() && !config.ssh_url.ends_with('/')) config.ssh_url += '/';
  if (config.public_url.empty()) {
    std::string host = config.listen;
    for (std::string_view any : {"127.0.0.1:", "0.0.0.0:", "[::]:", "[::1]:"})
      if (host.starts_with(any)) host = "localhost:" + host.substr(any.size());
    if (host.starts_with(':')) host = "localhost" + host;
    config.public_url = (config.tls_certificate.empty() ? "http://" : "https://") + host;
  }
  if (config.cas_url.empty()) config.cas_url = config.public_url + std::string(xet::cas_path);
  if (config.mail_from.empty()) {
    std::string host = config.public_url.substr(config.public_url.find("://") + 3);
    config.mail_from = "no-reply@" + host.substr(0, host.find_first_of(":/"));
  }
  if (config.database.empty()) config.database = "sqlite:";
}

}  // namespace

bool Config::is_sqlite() const {
  return database.starts_with("sqlite:");
}

std::string Config::database_url() const {
  return database == "sqlite:" ? "sqlite:" + data + "/cairn.db" : database;
}

Result<Config> load_config(std::vector<std::string>& arguments,
                           const std::map<std::string, std::string>& environment) {
  Config config;
  Sources sources;
  std::vector<std::pair<const Known*, std::string>> flags;
  std::vector<std::string> rest;
  std::string file;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view arg = arguments[i];
    auto equals = arg.find('=');
    std::string key(arg.starts_with("--")
                        ? arg.substr(2, equals == arg.npos ? arg.npos : equals - 2)
                        : std::string_view());
    std::replace(key.begin(), key.end(), '-', '_');
    const Known* k = key.empty() ? nullptr : find(key);
    if (!k && key != "config") {
      rest.push_back(arguments[i]);
      continue;
    }
    std::string value;
    if (equals != arg.npos)
      value = arg.substr(equals + 1);
    else if (i + 1 < arguments.size())
      value = arguments[++i];
    else
      return wrong("--" + key + " needs a value.");
    if (k)
      flags.emplace_back(k, value);
    else
      file = value;
  }
  if (auto named = environment.find("CAIRN_CONFIG"); file.empty() && named != environment.end())
    file = named->second;
  CAIRN_CHECK(read_toml(config, sources, file.empty() ? "cairn.toml" : file, !file.empty()));
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("CAIRN_") || foreign(name)) continue;
    std::string key = to_lower_ascii(name.substr(6));
    auto* k = find(key);
    if (!k) return wrong("The variable " + name + " is not a setting." + did_you_mean(key));
    CAIRN_CHECK(set(config, sources, *k, value, name));
  }
  for (const auto& [k, value] : flags) CAIRN_CHECK(set(config, sources, *k, value, "--" + k->key));
  finish(config);
  if (!config.ssh_url.empty() && !config.ssh_url.starts_with("ssh://"))
    return wrong("\"ssh_url\" begins with ssh://, as in ssh://git@hub.example/.");
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return wrong("TLS needs both tls_certificate and tls_key.");
  for (const auto& k : known()) {
    auto source = sources.find(k.key);
    std::string value = k.get(config);
    bool hide = k.secret && !value.empty() && value != "sqlite:";
    config.settings.push_back({k.key, hide ? "(hidden)" : value,
                               source == sources.end() ? "default" : source->second, k.help});
  }
  arguments = std::move(rest);
  return config;
}

std::vector<std::string> setting_keys() {
  std::vector<std::string> names;
  for (const auto& k : known()) names.push_back(k.key);
  return names;
}

std::map<std::string, std::string> environment_of_process() {
  std::map<std::string, std::string> out;
  for (char** at = environ; *at; ++at) {
    std::string_view pair(*at);
    auto equals = pair.find('=');
    if (equals != pair.npos) out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

}  // namespace cairn::app
