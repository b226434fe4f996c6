#include <algorithm>

#include "base/text.h"
#include "hub/people/parts.h"
#include "hub/people/picture.h"
#include "platform/process/process.h"

namespace cairn::people {
namespace {

constexpr std::string_view networks[] = {"github", "twitter", "linkedin", "bluesky", "mastodon"};
constexpr std::size_t handle_bytes_max = 100;

Failure invalid_profile(std::string field, std::string message) {
  return fail(
      about(std::move(field),
            fail(ErrorCode::invalid_argument, "InvalidProfile", std::move(message)).error()));
}

bool plain(std::string_view text) {
  return is_valid_utf8(text) && std::ranges::none_of(text, [](char c) {
           auto u = static_cast<unsigned char>(c);
           return (u < 0x20 && u != '\n') || u == 0x7f;
         });
}

Result<> check_change(const ProfileChange& change) {
  if (change.details && (change.details->size() > details_bytes_max || !plain(*change.details)))
    return invalid_profile("details", "A description is text of at most " +
                                          std::to_string(details_bytes_max) + " bytes.");
  if (change.homepage && !change.homepage->empty()) {
    const auto& link = *change.homepage;
    bool web = link.starts_with("https://") || link.starts_with("http://");
    if (!web || link.size() > link_bytes_max || !plain(link) ||
        link.find_first_of(" \"<>\\\n") != link.npos)
      return invalid_profile("homepage", "A homepage is a link that begins with https://.");
  }
  if (!change.socials) return {};
  for (const auto& [network, handle] : *change.socials) {
    if (std::ranges::find(networks, network) == std::end(networks))
      return invalid_profile("socials",
                             "\"" + network +
                                 "\" is not known. There are github, twitter, linkedin, bluesky "
                                 "and mastodon.");
    bool sound = handle.size() <= handle_bytes_max && std::ranges::all_of(handle, [](char c) {
                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '@';
                 });
    if (!sound)
      return invalid_profile("socials",
                             "A handle has letters, digits, \"-\", \"_\", \".\" and "
                             "\"@\" only, at most 100.");
  }
  return {};
}

std::map<std::string, std::string> read_socials(const std::string& text) {
  auto read = parse_json_as<std::map<std::string, std::string>>(text);
  return read ? *std::move(read) : std::map<std::string, std::string>{};
}

Failure invalid_image() {
  return fail(ErrorCode::unprocessable, "InvalidImage",
              "This is no picture that can be read. Send a PNG, JPEG or GIF.");
}

/// Strangers' pictures are never read by the server itself. Blocks.
Result<std::string> re_encode(std::string image) {
  process::Command command;
  command.argv = {"gdk-pixbuf-thumbnailer", "-s", std::to_string(avatar_pixels_max), "/dev/stdin",
                  "/dev/stdout"};
  command.input = std::move(image);
  command.deadline = seconds(20);
  command.output_bytes_max = avatar_stored_bytes_max;
  command.confined = process::Confinement{.memory_bytes_max = 512u << 20, .cpu_seconds_max = 10};
  auto output = process::run(command);
  if (!output && output.error().code == ErrorCode::unavailable) return fail(output.error());
  if (!output || output->exit_code != 0 || !is_whole_picture(output->out)) return invalid_image();
  return std::move(output->out);
}

/// The owner of a name, when the actor may manage it.
Result<account::Owner> managed(db::Tx& tx, const Actor& actor, const std::string& name) {
  if (!actor.has_user() && !actor.is_system()) return signed_out();
  CAIRN_TRY(owner, account::find_owner(tx, name));
  CAIRN_CHECK(access::check_manage(tx, actor, owner));
  return owner;
}

}  // namespace

Result<Profile> find_profile(db::Tx& tx, OwnerId id) {
  CAIRN_TRY(owner, account::find_owner(tx, id));
  Profile out;
  out.owner = std::move(owner);
  if (auto row = store::profile(tx, id)) {
    out.details = row->details;
    out.homepage = row->homepage;
    out.socials = read_socials(row->socials);
  }
  return out;
}

std::optional<Avatar> find_avatar(db::Tx& tx, const PublicId& id) {
  auto owner = account::find_owner(tx, id);
  if (!owner) return std::nullopt;
  return store::avatar(tx, owner->id);
}

std::string avatar_path(const account::Profile& profile) {
  return profile.avatar.value_or("/api/-/v1/avatars/" + profile.public_id.hex + ".svg");
}

Task<Result<Profile>> People::change_profile(Actor actor, std::string name, ProfileChange change) {
  CAIRN_CO_CHECK(check_change(change));
  auto* parts = parts_.get();
  auto write = [parts, actor, name, change](db::Tx& tx) -> Result<Profile> {
    CAIRN_TRY(owner, managed(tx, actor, name));
    if (change.full_name || change.default_visibility) {
      auto changed = parts->accounts.change_profile(
          tx, owner.id,
          {.full_name = change.full_name, .default_visibility = change.default_visibility});
      if (!changed) return fail(about_its_field(changed.error()));
    }
    if (change.details || change.homepage || change.socials) {
      auto row = store::profile(tx, owner.id).value_or(store::ProfileRow{"", "", "{}"});
      if (change.details) row.details = *change.details;
      if (change.homepage) row.homepage = *change.homepage;
      if (change.socials) {
        auto socials = *change.socials;
        std::erase_if(socials, [](const auto& pair) { return pair.second.empty(); });
        row.socials = to_json_text(socials);
      }
      store::set_profile(tx, owner.id, row);
    }
    tell(tx, actor, "profile.changed", owner.id, owner.name);
    return find_profile(tx, owner.id);
  };
  co_return co_await parts->database.write(write);
}

Task<Result<Profile>> People::set_avatar(Actor actor, std::string name, std::string image) {
  auto* parts = parts_.get();
  // Rights before work.
  auto look = [actor, name](db::Tx& tx) { return managed(tx, actor, name); };
  CAIRN_CO_CHECK(co_await parts->database.read(look));
  constexpr Throttle::Limit uploads{20, hours(1)};
  if (actor.has_user())
    CAIRN_CO_CHECK(parts->throttle.admit("avatar|" + std::to_string(actor.user.value), uploads));
  if (image.size() > avatar_upload_bytes_max || !is_whole_picture(image)) co_return invalid_image();
  auto run = [image = std::move(image)] { return re_encode(image); };
  CAIRN_CO_TRY(png, co_await parts->blocking.run(run));
  Avatar avatar{std::move(png), {}};
  avatar.digest = sha256(avatar.png).hex().substr(0, 16);
  auto write = [parts, actor, name, avatar](db::Tx& tx) -> Result<Profile> {
    CAIRN_TRY(owner, managed(tx, actor, name));
    store::set_avatar(tx, owner.id, avatar);
    // With the digest in it, so that browsers may keep it.
    std::string path = "/api/-/v1/avatars/" + owner.public_id.hex + ".png?v=" + avatar.digest;
    CAIRN_CHECK(parts->accounts.change_profile(tx, owner.id, {.avatar = path}));
    return find_profile(tx, owner.id);
  };
  co_return co_await parts->database.write(write);
}

Task<Result<Profile>> People::remove_avatar(Actor actor, std::string name) {
  auto* parts = parts_.get();
  auto write = [parts, actor, name](db::Tx& tx) -> Result<Profile> {
    CAIRN_TRY(owner, managed(tx, actor, name));
    store::drop_avatar(tx, owner.id);
    CAIRN_CHECK(parts->accounts.change_profile(tx, owner.id, {.avatar = ""}));
    return find_profile(tx, owner.id);
  };
  co_return co_await parts->database.write(write);
}

}  // namespace cairn::people
