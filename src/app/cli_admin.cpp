#include "app/cli_commands.h"

namespace cairn::app::cli {

Command admin_command() {
  Command out{.name = "admin",
              .summary = "Do the operator's work, whether the hub runs or not",
              .details =
                  "Speaks to the running hub through the socket in its data folder; when none "
                  "runs, does the work itself.",
              .examples = {"cairn admin user create ada --email ada@example.org",
                           "cairn admin repo list --json"}};
  out.commands = {user_command(),        org_command(),        repo_command(),   work_command(),
                  stats_command(),       apply_command(),      import_command(), examples_command(),
                  backup_command(),      setup_link_command(), invite_command(), setting_command(),
                  maintenance_command(), announce_command(),   mail_command()};
  return out;
}

}  // namespace cairn::app::cli
