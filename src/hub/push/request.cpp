#include "hub/push/request.h"

#include <algorithm>

#include "base/text.h"

namespace cairn::push {
namespace {

Failure invalid(std::string why) {
  return fail(ErrorCode::invalid_argument, "InvalidPush",
              "What was sent is no push: " + std::move(why) + " Update git, then push again.");
}

/// Forty zeros stand for "no such ref".
Result<std::optional<git::Oid>> value_of(std::string_view hex) {
  auto oid = git::Oid::parse(hex);
  if (!oid) return invalid("an object id is 40 lower-case hex digits.");
  bool zero = hex.find_first_not_of('0') == hex.npos;
  return zero ? std::nullopt : std::optional(*oid);
}

/// What may stand in a line of the report: git reads it up to the end of the line.
std::string one_line(std::string_view text) {
  std::string out(truncate_utf8(text, 500));
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return out;
}

}  // namespace

bool Request::brings_pack() const {
  return std::ranges::any_of(commands, [](const Command& c) { return c.to.has_value(); });
}

Result<bool> RequestReader::add(const git::Pkt& packet) {
  if (packet.kind == git::PktKind::flush) {
    if (in_options_ || !wants_options_ || request_.commands.empty()) return true;
    in_options_ = true;
    return false;
  }
  if (packet.kind != git::PktKind::data) return invalid("it has a mark of another protocol.");
  if (in_options_) {
    if (request_.options.size() == options_max || packet.line().size() > option_bytes_max)
      return fail(ErrorCode::too_large, "TooManyOptions",
                  "A push has at most " + std::to_string(options_max) + " options of " +
                      std::to_string(option_bytes_max) + " bytes each.");
    if (!is_valid_utf8(packet.line()) || packet.line().contains('\0'))
      return invalid("an option is not text.");
    request_.options.emplace_back(packet.line());
    return false;
  }
  CAIRN_CHECK(command(packet.line()));
  return false;
}

Result<> RequestReader::command(std::string_view line) {
  // A shallow clone names where its history ends. Whether the rest is here, the pack's check tells.
  if (line.starts_with("shallow ")) return {};
  if (line.starts_with("push-cert")) return invalid("this hub takes no signed pushes.");
  if (first_) {
    first_ = false;
    auto zero = line.find('\0');
    if (zero != line.npos) {
      CAIRN_CHECK(capabilities(line.substr(zero + 1)));
      line = line.substr(0, zero);
      if (line.ends_with('\n')) line.remove_suffix(1);
    }
  }
  constexpr std::size_t ref_at = 2 * (git::oid_hex + 1);
  if (line.size() <= ref_at || line[git::oid_hex] != ' ' || line[ref_at - 1] != ' ')
    return invalid("a command is \"old new ref\".");
  if (request_.commands.size() == commands_max)
    return fail(ErrorCode::too_large, "TooManyRefs",
                "A push moves at most " + std::to_string(commands_max) +
                    " refs. Nothing was changed; push them in groups.");
  CAIRN_TRY(from, value_of(line.substr(0, git::oid_hex)));
  CAIRN_TRY(to, value_of(line.substr(git::oid_hex + 1, git::oid_hex)));
  request_.commands.push_back({from, to, std::string(line.substr(ref_at))});
  return {};
}

Result<> RequestReader::capabilities(std::string_view text) {
  for (auto word : split(text, ' ')) {
    word = trim(word);
    if (word == "atomic") request_.atomic = true;
    if (word == "report-status" || word == "report-status-v2") request_.report_status = true;
    if (word == "side-band-64k") request_.side_band = true;
    if (word == "quiet") request_.quiet = true;
    if (word == "push-options") wants_options_ = true;
    if (word.starts_with("object-format=") && word != "object-format=sha1")
      return invalid("repositories of this hub use SHA-1.");
  }
  return {};
}

std::string capabilities(std::string_view agent) {
  return "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta "
         "push-options object-format=sha1 agent=" +
         std::string(agent);
}

std::string encode_advertisement(const std::vector<Advertised>& refs, std::string_view agent,
                                 bool version_1) {
  std::string out;
  if (version_1) git::append_pkt_line(out, "version 1");
  std::string rest = std::string(1, '\0') + capabilities(agent);
  if (refs.empty()) git::append_pkt_line(out, std::string(40, '0') + " capabilities^{}" + rest);
  for (const auto& ref : refs) {
    git::append_pkt_line(out, ref.oid.hex() + " " + ref.name + rest);
    rest.clear();
  }
  git::append_flush(out);
  return out;
}

bool Report::all_done() const {
  return unpack_error.empty() &&
         std::ranges::all_of(refs, [](const Ref& ref) { return ref.refusal.empty(); });
}

std::string encode_report(const Report& report, const Request& request) {
  std::string status;
  if (request.report_status) {
    git::append_pkt_line(status, report.unpack_error.empty()
                                     ? "unpack ok"
                                     : "unpack " + one_line(report.unpack_error));
    for (const auto& ref : report.refs)
      git::append_pkt_line(status, ref.refusal.empty()
                                       ? "ok " + one_line(ref.name)
                                       : "ng " + one_line(ref.name) + " " + one_line(ref.refusal));
    git::append_flush(status);
  }
  if (!request.side_band) return status;
  std::string out;
  std::string words;
  for (const auto& line : report.words) words += line + "\n";
  if (!words.empty()) git::append_band(out, git::Band::progress, words);
  if (!status.empty()) git::append_band(out, git::Band::pack, status);
  git::append_flush(out);
  return out;
}

std::string encode_fatal(std::string_view message, const Request& request) {
  std::string out;
  if (request.side_band) {
    git::append_band(out, git::Band::fatal, std::string(message) + "\n");
    git::append_flush(out);
  } else {
    Report report{std::string(message), {}, {}};
    out = encode_report(report, request);
  }
  return out;
}

}  // namespace cairn::push
