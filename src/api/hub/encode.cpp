#include "api/hub/encode.h"

#include <algorithm>

#include "base/text.h"

namespace cairn::api::hub {
namespace {

json::value gated_json(Gating gating) {
  if (gating == Gating::none) return false;
  return gating == Gating::automatic ? "auto" : "manual";
}

json::array texts(const std::vector<std::string>& in) {
  json::array out;
  for (const auto& text : in) out.emplace_back(text);
  return out;
}

json::array siblings_json(const std::vector<history::SheetEntry>& entries, bool blobs) {
  json::array out;
  out.reserve(entries.size());
  for (const auto& e : entries) out.push_back(sibling_json(e, blobs));
  return out;
}

/// A space's address among applications; nothing answers there until spaces run.
std::string subdomain(const repo::Repo& repo) {
  std::string out;
  for (char c : to_lower_ascii(repo.owner_name + "-" + repo.short_name))
    out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return out;
}

void add_kind_fields(json::object& out, const repo::Info& info) {
  const auto& repo = *info.repo;
  const auto& card = *info.card;
  const auto& fields = card.fields;
  if (repo.kind == RepoKind::model) {
    out["modelId"] = repo.name;
    if (!fields.library_name.empty()) out["library_name"] = fields.library_name;
    if (!fields.pipeline_tag.empty()) out["pipeline_tag"] = fields.pipeline_tag;
    if (!fields.base_models.empty()) {
      json::array models;
      for (const auto& base : fields.base_models) models.push_back(json::object{{"id", base}});
      out["baseModels"] =
          json::object{{"relation", fields.base_model_relation}, {"models", std::move(models)}};
    }
    const auto& files = card.files;
    if (!files.config.is_null()) out["config"] = files.config;
    if (!files.transformers_info.is_null()) out["transformersInfo"] = files.transformers_info;
    if (!files.safetensors.is_null()) out["safetensors"] = files.safetensors;
    if (!files.gguf.is_null()) out["gguf"] = files.gguf;
    if (!files.mask_token.empty()) out["mask_token"] = files.mask_token;
    if (!files.eval_results.is_null()) out["evalResults"] = files.eval_results;
    if (auto* data = card.data.if_object()) {
      if (auto* index = data->if_contains("model-index")) out["model-index"] = *index;
      if (auto* widget = data->if_contains("widget")) out["widgetData"] = *widget;
    }
    out["spaces"] = json::array();
  }
  if (repo.kind == RepoKind::dataset) {
    if (auto* data = card.data.if_object())
      if (auto* id = data->if_contains("paperswithcode_id")) out["paperswithcode_id"] = *id;
    if (!card.files.description.empty()) out["description"] = card.files.description;
    if (card.files.main_bytes) out["mainSize"] = *card.files.main_bytes;
  }
  if (repo.kind == RepoKind::space) {
    if (!fields.sdk.empty()) out["sdk"] = fields.sdk;
    out["subdomain"] = subdomain(repo);
    // Nothing runs on this hub yet, and the stage says so.
    out["runtime"] =
        json::object{{"stage", "STOPPED"}, {"errorMessage", "This hub does not run Spaces."}};
    out["models"] = texts(fields.models);
    out["datasets"] = texts(fields.datasets);
    if (!fields.title.empty()) out["title"] = fields.title;
    if (!fields.emoji.empty()) out["emoji"] = fields.emoji;
    if (!fields.color_from.empty()) out["colorFrom"] = fields.color_from;
    if (!fields.color_to.empty()) out["colorTo"] = fields.color_to;
    out["pinned"] = fields.pinned;
  }
}

json::object everything(const Services& services, const repo::Info& info, bool blobs) {
  const auto& repo = *info.repo;
  json::object out{{"_id", repo.public_id.hex},
                   {"id", repo.name},
                   {"author", repo.owner_name},
                   {"sha", info.commit ? info.commit->oid.hex() : repo.sha},
                   {"lastModified", to_rfc3339(repo.updated_at)},
                   {"createdAt", to_rfc3339(repo.created_at)},
                   {"private", repo.visibility == Visibility::private_},
                   {"visibility", json::string_view(to_string(repo.visibility))},
                   {"gated", gated_json(repo.gating)},
                   {"disabled", repo.disabled},
                   {"likes", repo.likes},
                   {"trendingScore", repo.trending_score},
                   {"tags", texts(info.card->fields.tags)},
                   {"cardData", info.card->data},
                   {"usedStorage", repo.storage_bytes},
                   // Of this hub alone: the reference always has main.
                   {"defaultBranch", repo.default_branch},
                   {"xetEnabled", true},
                   {"resourceGroup", nullptr}};
  if (repo.kind != RepoKind::space) {
    out["downloads"] = repo.downloads;
    out["downloadsAllTime"] = repo.downloads_all_time;
  }
  if (out["cardData"].is_null()) out["cardData"] = json::object();
  if (info.siblings) out["siblings"] = siblings_json(*info.siblings, blobs);
  add_kind_fields(out, info);
  return out;
}

json::object only(json::object all, const repo::Expand& keys) {
  json::object out{{"_id", all["_id"]}, {"id", all["id"]}};
  for (const auto& key : keys)
    if (auto* value = all.if_contains(key)) out[key] = *value;
  return out;
}

}  // namespace

std::string avatar_url(const Services& services, const account::Profile& profile) {
  auto path = profile.avatar.value_or("/api/-/v1/avatars/" + profile.public_id.hex + ".svg");
  return path.starts_with('/') ? services.public_url + path : path;
}

json::object user_json(const Services& services, const account::User& user) {
  return {{"_id", user.public_id.hex},
          {"type", "user"},
          {"user", user.name},
          {"name", user.name},
          {"fullname", user.full_name},
          {"avatarUrl", avatar_url(services, user)},
          {"isPro", user.plan != account::Plan::free}};
}

json::object sibling_json(const history::SheetEntry& e, bool blobs) {
  json::object item{{"rfilename", e.path}};
  if (!blobs) return item;
  item["size"] = e.size_bytes;
  item["blobId"] = e.oid.hex();
  if (e.lfs)
    item["lfs"] = json::object{
        {"sha256", e.lfs->hex()}, {"size", e.size_bytes}, {"pointerSize", e.pointer_size_bytes}};
  return item;
}

json::object entry_json(const repo::Entry& in) {
  const auto& e = in.entry;
  json::object out{{"type", e.is_folder() ? "directory" : "file"},
                   {"oid", e.oid.hex()},
                   {"size", e.is_folder() ? 0 : e.size_bytes},
                   {"path", e.path}};
  if (e.lfs)
    out["lfs"] = json::object{
        {"oid", e.lfs->hex()}, {"size", e.size_bytes}, {"pointerSize", e.pointer_size_bytes}};
  if (in.last_commit)
    out["lastCommit"] = json::object{{"id", in.last_commit->oid.hex()},
                                     {"title", in.last_commit->title},
                                     {"date", to_rfc3339(in.last_commit->time)}};
  return out;
}

json::object info_json(const Services& services, const repo::Info& info, const InfoShape& shape) {
  auto all = everything(services, info, shape.blobs);
  if (shape.expand) return only(std::move(all), *shape.expand);
  for (const char* key : {"xetEnabled", "resourceGroup", "downloadsAllTime", "trendingScore",
                          "baseModels", "evalResults", "mainSize"})
    all.erase(key);
  return all;
}

namespace {

// What an item of a list has without `full`, as the public hub answers; and what `full` adds.
constexpr std::string_view model_item[] = {"modelId",      "likes",        "trendingScore",
                                           "private",      "downloads",    "tags",
                                           "pipeline_tag", "library_name", "createdAt"};
constexpr std::string_view dataset_item[] = {
    "author",  "disabled", "gated",       "lastModified", "likes", "trendingScore",
    "private", "sha",      "description", "downloads",    "tags",  "createdAt"};
constexpr std::string_view space_item[] = {"likes", "trendingScore", "private",
                                           "sdk",   "tags",          "createdAt"};
constexpr std::string_view kernel_item[] = {
    "author",  "disabled", "gated",     "lastModified", "likes",    "trendingScore",
    "private", "sha",      "downloads", "tags",         "createdAt"};
constexpr std::string_view full_item[] = {
    "author",   "disabled",  "gated",   "lastModified", "sha",      "siblings",
    "citation", "subdomain", "runtime", "models",       "datasets", "title",
    "emoji",    "colorFrom", "colorTo", "pinned",       "region",   "paperswithcode_id"};

/// The members that take nothing but the row and the card's commonest fields: lists of hundreds ask
/// for these. Empty for a key that is not among them; null for a value that there is none of.
std::optional<json::value> simple_member(const repo::Info& info, std::string_view key) {
  const auto& repo = *info.repo;
  const auto& fields = info.card->fields;
  auto text = [](const std::string& value) {
    return value.empty() ? json::value() : json::value(value);
  };
  if (key == "modelId") return json::value(repo.name);
  if (key == "author") return json::value(repo.owner_name);
  if (key == "likes") return json::value(repo.likes);
  if (key == "trendingScore") return json::value(repo.trending_score);
  if (key == "private") return json::value(repo.visibility == Visibility::private_);
  if (key == "gated") return gated_json(repo.gating);
  if (key == "disabled") return json::value(repo.disabled);
  if (key == "downloads" && repo.kind != RepoKind::space) return json::value(repo.downloads);
  if (key == "tags") return json::value(texts(fields.tags));
  if (key == "pipeline_tag" && repo.kind == RepoKind::model) return text(fields.pipeline_tag);
  if (key == "library_name" && repo.kind == RepoKind::model) return text(fields.library_name);
  if (key == "sdk" && repo.kind == RepoKind::space) return text(fields.sdk);
  if (key == "createdAt") return json::value(to_rfc3339(repo.created_at));
  if (key == "lastModified") return json::value(to_rfc3339(repo.updated_at));
  if (key == "sha" && !info.commit) return json::value(repo.sha);
  return std::nullopt;
}

/// Adds a member that has a value. @return false when it takes more than is at hand.
bool add_simple(json::object& out, const repo::Info& info, std::string_view key) {
  auto value = simple_member(info, key);
  if (!value) return false;
  if (!value->is_null()) out[key] = std::move(*value);
  return true;
}

/// Made by hand when every member is simple: a tenth of the time of making all and leaving most
/// out.
std::optional<json::object> simple_item(const repo::Info& info, const ItemShape& shape,
                                        std::span<const std::string_view> keys) {
  if (shape.full || shape.card_data || shape.config) return std::nullopt;
  json::object out{{"_id", info.repo->public_id.hex}, {"id", info.repo->name}};
  auto add = [&](std::string_view key) { return add_simple(out, info, key); };
  bool all = shape.expand ? std::ranges::all_of(*shape.expand, add)
                          : std::ranges::all_of(keys, [&](std::string_view key) {
                              return key == "description" || add(key);
                            });
  if (!all) return std::nullopt;
  return out;
}

std::span<const std::string_view> item_keys(RepoKind kind) {
  switch (kind) {
    case RepoKind::model:
      return model_item;
    case RepoKind::dataset:
      return dataset_item;
    case RepoKind::space:
      return space_item;
    case RepoKind::kernel:
      return kernel_item;
  }
  return {};
}

}  // namespace

json::object item_json(const Services& services, const repo::Info& info, const ItemShape& shape) {
  if (auto simple = simple_item(info, shape, item_keys(info.repo->kind))) return std::move(*simple);
  auto all = everything(services, info, false);
  if (shape.expand) return only(std::move(all), *shape.expand);
  json::object out{{"_id", std::move(all["_id"])}, {"id", std::move(all["id"])}};
  auto take = [&](std::string_view key) {
    if (auto* value = all.if_contains(key)) out[key] = std::move(*value);
  };
  std::ranges::for_each(item_keys(info.repo->kind), take);
  if (shape.full) std::ranges::for_each(full_item, take);
  if (shape.card_data) take("cardData");
  if (shape.config) take("config");
  return out;
}

Result<std::optional<repo::Expand>> expand_of(const http::Request& request, RepoKind kind) {
  std::vector<std::string> values;
  for (auto value : request.query_all("expand")) values.emplace_back(value);
  if (values.empty()) return std::optional<repo::Expand>{};
  for (const char* other : {"full", "config", "cardData", "blobs", "securityStatus"})
    if (request.query_flag(other))
      return fail(ErrorCode::invalid_argument, "InvalidQuery",
                  "\"expand\" cannot be combined with \"" + std::string(other) + "\".");
  CAIRN_TRY(expand, repo::parse_expand(kind, values));
  return std::optional<repo::Expand>(std::move(expand));
}

}  // namespace cairn::api::hub
