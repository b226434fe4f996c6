#include "hub/push/rules.h"

#include <unordered_map>

#include "hub/repo/files.h"
#include "hub/repo/pull_requests.h"

namespace cairn::push {

std::string refuse_ref(const Command& command, std::string_view default_branch) {
  std::string_view ref = command.ref;
  constexpr std::string_view heads = "refs/heads/", tags = "refs/tags/";
  if (repo::is_pull_request_ref(ref)) {
    if (!command.to) return "a pull request is closed on the hub, not by deleting its ref";
    if (!command.from) return "there is no such pull request; open it on the hub, then push to it";
    return "";
  }
  if (ref.starts_with("refs/convert/")) return "the hub makes refs/convert/ itself: read-only";
  bool is_branch = ref.starts_with(heads);
  if (!is_branch && !ref.starts_with(tags))
    return "only refs/heads/ and refs/tags/ can be pushed to";
  if (!command.from && !command.to) return "there is no such ref";
  if (!command.to && is_branch) {
    auto name = ref.substr(heads.size());
    if (name == default_branch) return "the default branch cannot be deleted";
    if (name == repo::clients_branch) return "programs ask for main, so it cannot be deleted";
  }
  // What is there already, under whatever name, may always be deleted.
  if (!command.to) return "";
  auto name = repo::full_ref(is_branch ? "heads" : "tags",
                             ref.substr(is_branch ? heads.size() : tags.size()));
  return name ? "" : name.error().message;
}

std::vector<std::string> refusals(const std::vector<Command>& commands,
                                  std::string_view default_branch) {
  std::unordered_map<std::string_view, std::size_t> seen;
  std::vector<std::string> out;
  for (const auto& command : commands) {
    out.push_back(refuse_ref(command, default_branch));
    auto [first, fresh] = seen.emplace(command.ref, out.size() - 1);
    if (!fresh) out[first->second] = out.back() = "the push names this ref twice";
  }
  return out;
}

}  // namespace cairn::push
