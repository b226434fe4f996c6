#include "hub/keys/gnupg.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "platform/process/process.h"

namespace cairn::keys {
namespace {

namespace fs = std::filesystem;

constexpr Duration program_time_max = seconds(20);
constexpr std::uint64_t program_memory_max = 512u << 20;
constexpr std::uint64_t program_file_max = 4u << 20;

/// A folder that only we see, gone at the end.
class Scratch {
 public:
  [[nodiscard]] static Result<Scratch> make(const std::string& under) {
    Scratch out(under + "/" + hex_encode(random_bytes(12)));
    std::error_code failed;
    fs::create_directories(out.path_, failed);
    if (!failed) fs::permissions(out.path_, fs::perms::owner_all, failed);
    if (failed)
      return fail(ErrorCode::unavailable, "DiskTrouble",
                  "The hub could not make a folder for a moment. Try again later.")
          .with("path", out.path_);
    return out;
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// @return the path of the new file.
  [[nodiscard]] Result<std::string> write(const std::string& name, std::string_view bytes) const {
    std::string to = path_ + "/" + name;
    std::ofstream out(to, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out)
      return fail(ErrorCode::storage_full, "StorageFull",
                  "The hub's disk is full, and nothing was saved. Free some room, then try again.");
    return to;
  }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

process::Command program(std::vector<std::string> argv, const Scratch& scratch,
                         std::string input = {}) {
  process::Command out;
  out.argv = std::move(argv);
  out.environment = {{"HOME", scratch.path()},
                     {"GNUPGHOME", scratch.path()},
                     {"PATH", "/usr/bin:/bin"},
                     {"LC_ALL", "C"}};
  out.directory = scratch.path();
  out.input = std::move(input);
  out.deadline = program_time_max;
  out.output_bytes_max = program_file_max;
  out.memory_bytes_max = program_memory_max;
  out.file_bytes_max = program_file_max;
  out.nice = 5;
  return out;
}

process::Command gpg(const Scratch& scratch, std::vector<std::string> arguments,
                     std::string input = {}) {
  std::vector<std::string> argv{"gpg",           "--batch",      "--no-tty",
                                "--quiet",       "--no-options", "--no-autostart",
                                "--homedir",     scratch.path(), "--no-auto-key-locate",
                                "--trust-model", "always",       "--no-auto-check-trustdb"};
  for (auto& argument : arguments) argv.push_back(std::move(argument));
  return program(std::move(argv), scratch, std::move(input));
}

Failure invalid_key(std::string_view why) {
  return fail(ErrorCode::unprocessable, "InvalidPublicKey",
              "This is no GPG public key that the hub can use: " + std::string(why) +
                  ". Paste what `gpg --armor --export you@example.com` prints.");
}

/// Fields of --with-colons escape as C does: "\x3a" is ':'.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x')
      if (auto byte = hex_decode(text.substr(i + 2, 2))) {
        out += *byte;
        i += 3;
        continue;
      }
    out += text[i];
  }
  return out;
}

/// "Ada Lovelace <ada@example.com>" and the bare address.
std::string email_of(std::string_view user_id) {
  auto open = user_id.rfind('<');
  auto close = user_id.rfind('>');
  auto text = open != user_id.npos && close != user_id.npos && open < close
                  ? user_id.substr(open + 1, close - open - 1)
                  : user_id;
  bool sound = text.contains('@') && text.size() <= 254 && is_valid_utf8(text) &&
               std::ranges::none_of(text, [](unsigned char c) { return c <= 0x20; });
  return sound ? to_lower_ascii(text) : "";
}

/// doc/DETAILS of GnuPG: record types in the first field, one line each.
Result<ReadGpgKey> read_listing(std::string_view listing) {
  ReadGpgKey out;
  int primaries = 0;
  bool of_primary = false;
  for (auto line : split(listing, '\n')) {
    auto fields = split(line, ':');
    auto field = [&](std::size_t i) { return i < fields.size() ? fields[i] : std::string_view(); };
    if (field(0) == "pub") {
      ++primaries;
      of_primary = true;
      if (field(1) == "r") return invalid_key("it is revoked");
      if (auto at = parse_int(field(6)); at && *at > 0) out.expires_at = Time{*at * 1'000'000};
    } else if (field(0) == "sub") {
      of_primary = false;
    } else if (field(0) == "fpr" && of_primary) {
      out.fingerprint = field(9);
      of_primary = false;
    } else if (field(0) == "uid" && field(1) != "r") {
      auto email = email_of(unescape(field(9)));
      if (!email.empty() && std::ranges::find(out.emails, email) == out.emails.end())
        out.emails.push_back(std::move(email));
    }
  }
  if (primaries == 0) return invalid_key("gpg finds none in it");
  if (primaries > 1) return invalid_key("there are several; add one at a time");
  if (out.fingerprint.size() < 40) return invalid_key("it is of a kind from before 1998");
  return out;
}

}  // namespace

Result<ReadGpgKey> read_gpg_key(const std::string& text, const std::string& scratch) {
  if (text.size() > gpg_key_bytes_max)
    return invalid_key("it is longer than " + human_bytes(gpg_key_bytes_max));
  if (text.contains("PRIVATE KEY"))
    return invalid_key("it is a private key, which belongs to nobody but you");
  if (!text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----"))
    return invalid_key("it does not begin with -----BEGIN PGP PUBLIC KEY BLOCK-----");
  CAIRN_TRY(home, Scratch::make(scratch));
  CAIRN_TRY(taken, process::run(gpg(home, {"--import"}, text)));
  if (taken.exit_code != 0) return invalid_key("gpg does not read it");
  CAIRN_TRY(listing,
            process::run(gpg(home, {"--with-colons", "--fixed-list-mode", "--list-keys"})));
  CAIRN_TRY(key, read_listing(listing.out));
  // Without the signatures of others, which can be many.
  CAIRN_TRY(ring, process::run(gpg(home, {"--export-options", "export-minimal", "--export"})));
  if (ring.exit_code != 0 || ring.out.empty()) return invalid_key("gpg does not give it back");
  key.ring = std::move(ring.out);
  return key;
}

Checked read_gpgv_status(std::string_view status) {
  Checked out;
  bool good = false, expired = false, unknown = false, bad = false;
  int signatures = 0;
  for (auto line : split(status, '\n')) {
    constexpr std::string_view prefix = "[GNUPG:] ";
    if (!line.starts_with(prefix)) continue;
    auto words = split(line.substr(prefix.size()), ' ');
    auto word = words.front();
    if (word == "NEWSIG") ++signatures;
    good = good || word == "GOODSIG";
    bad = bad || word == "BADSIG";
    expired = expired || word == "EXPKEYSIG" || word == "REVKEYSIG" || word == "EXPSIG";
    unknown = unknown || word == "NO_PUBKEY";
    // The last word is the primary key's, also for a signature of a subkey.
    if (word == "VALIDSIG" && words.size() > 2) out.fingerprint = words.back();
  }
  // Of several signatures nobody could say which one is meant.
  if (bad || signatures > 1) return {};
  if (expired) return {Verdict::expired_key, {}};
  if (unknown) return {Verdict::unknown_key, {}};
  if (!good || out.fingerprint.empty()) return {};
  out.verdict = Verdict::good;
  return out;
}

Result<Checked> check_gpg(const std::string& payload, const std::string& signature,
                          const std::vector<std::string>& rings, const std::string& scratch) {
  if (rings.empty()) return Checked{Verdict::unknown_key, {}};
  CAIRN_TRY(home, Scratch::make(scratch));
  std::string all;
  for (const auto& ring : rings) all += ring;
  CAIRN_TRY(ring, home.write("ring.gpg", all));
  CAIRN_TRY(file, home.write("signature.asc", signature));
  CAIRN_TRY(output, process::run(program({"gpgv", "--quiet", "--homedir", home.path(),
                                          "--status-fd", "1", "--keyring", ring, "--", file, "-"},
                                         home, payload)));
  return read_gpgv_status(output.out);
}

Result<Checked> check_ssh(const std::string& payload, const std::string& signature,
                          const std::vector<std::string>& keys, const std::string& scratch) {
  CAIRN_TRY(home, Scratch::make(scratch));
  // One name for all: whose they are was decided before.
  std::string allowed;
  for (const auto& key : keys) allowed += "committer namespaces=\"git\" " + key + "\n";
  CAIRN_TRY(list, home.write("allowed", allowed));
  CAIRN_TRY(file, home.write("signature", signature));
  auto sound =
      program({"ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", file}, home, payload);
  CAIRN_TRY(itself, process::run(sound));
  if (itself.exit_code != 0) return Checked{};
  if (keys.empty()) return Checked{Verdict::unknown_key, {}};
  auto known = program(
      {"ssh-keygen", "-Y", "verify", "-f", list, "-I", "committer", "-n", "git", "-s", file}, home,
      payload);
  CAIRN_TRY(output, process::run(known));
  if (output.exit_code != 0) return Checked{Verdict::unknown_key, {}};
  // "Good "git" signature for committer with ED25519 key SHA256:…"
  auto at = output.out.rfind(" key ");
  if (at == std::string::npos) return Checked{};
  return Checked{Verdict::good, std::string(trim(output.out.substr(at + 5)))};
}

}  // namespace cairn::keys
