#include "app/admin_services.h"

#include "app/version.h"

namespace cairn::app {

api::admin::Services admin_services(Hub& hub) {
  std::vector<api::admin::ConfigLine> configuration;
  for (const auto& setting : hub.config.settings)
    configuration.push_back({setting.key, setting.value, setting.source, setting.help});
  return {*hub.database,
          hub.blocking,
          hub.accounts,
          hub.repos,
          hub.commits,
          hub.files,
          hub.large_files,
          hub.xet,
          *hub.history,
          hub.operations,
          hub.space_values,
          hub.config.public_url,
          hours(hub.config.gc_grace_hours),
          hub.people,
          hub.settings,
          hub.mail,
          std::move(configuration),
          hub.folder.path(),
          std::string(version),
          hub.imports};
}

}  // namespace cairn::app
