#pragma once
#include "app/cli_command.h"

/// The commands, a function per file that holds them.
namespace cairn::app::cli {

/// The program itself, with all of them below. cli.cpp
[[nodiscard]] Command root_command();
[[nodiscard]] Command admin_command();  ///< cli_admin.cpp
[[nodiscard]] Command user_command();   ///< cli_accounts.cpp
[[nodiscard]] Command org_command();
[[nodiscard]] Command apply_command();
[[nodiscard]] Command repo_command();    ///< cli_repos.cpp
[[nodiscard]] Command import_command();  ///< cli_import.cpp
[[nodiscard]] Command examples_command();
[[nodiscard]] Command work_command();  ///< cli_upkeep.cpp
[[nodiscard]] Command stats_command();
[[nodiscard]] Command invite_command();
[[nodiscard]] Command maintenance_command();
[[nodiscard]] Command announce_command();
[[nodiscard]] Command setting_command();
[[nodiscard]] Command mail_command();
[[nodiscard]] Command setup_link_command();
[[nodiscard]] Command backup_command();
[[nodiscard]] Command secrets_command();
[[nodiscard]] Command fsck_command();
[[nodiscard]] Command gc_command();
[[nodiscard]] Command ssh_command();  ///< cli_ssh.cpp
/// @param top  makes the whole tree, which completion describes. cli_completion.cpp
[[nodiscard]] Command completion_command(Command (*top)());

}  // namespace cairn::app::cli
