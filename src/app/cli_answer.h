#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "app/cli_client.h"
#include "app/cli_command.h"
#include "app/cli_terminal.h"

/// What most commands do with an answer.
namespace cairn::app::cli {

inline constexpr Option json_option{"--json", "", "answer as JSON, for programs"};
inline constexpr Option yes_option{"--yes", "", "do not ask"};

/// One line of JSON on standard output.
void print_json(const json::value& value);

/// A member as people read it: empty when absent, "yes" and "no" for truth.
[[nodiscard]] std::string text_of(const json::value& object, std::string_view member);
[[nodiscard]] std::int64_t number_of(const json::value& object, std::string_view member);

/// "1 file", "2 files".
[[nodiscard]] std::string counted(std::int64_t n, std::string_view one, std::string_view many);

struct Column {
  std::string_view title;
  std::string_view member;
};
/// With --json the list as it came, else a table; for an empty list `when_empty` as a note.
void print_list(const Invocation& given, const json::value& list,
                const std::vector<Column>& columns, std::string_view when_empty);

/// With --json the answer, else a sentence.
void print_done(const Invocation& given, const json::value& answer, std::string_view sentence);

/// The items of all pages of a list.
[[nodiscard]] Result<json::value> get_all(Client& client, const std::string& path);

/// Asks before what cannot be undone, unless --yes. @return true to go on.
[[nodiscard]] Result<bool> may_go_on(const Invocation& given, std::string_view lost,
                                     std::string_view verb);

}  // namespace cairn::app::cli
