#include "platform/git/upload_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.h"
#include "platform/git/path.h"
#include "platform/git/pkt_line.h"

namespace cairn::git {
namespace {

Failure bad_request(std::string_view why) {
  return fail(ErrorCode::invalid_argument, "InvalidGitRequest",
              "The git request is not understood: " + std::string(truncate_utf8(why, 200)) + ".");
}

Result<std::vector<Pkt>> read_packets(std::string_view body) {
  if (body.size() > upload_request_bytes_max)
    return fail(ErrorCode::too_large, "GitRequestTooLarge",
                "The git request is larger than " + human_bytes(upload_request_bytes_max) +
                    ". Fetch fewer refs at once.");
  PktReader reader;
  reader.feed(body);
  std::vector<Pkt> out;
  for (;;) {
    CAIRN_TRY(next, reader.next());
    if (!next) break;
    out.push_back(std::move(*next));
  }
  if (!reader.empty()) return bad_request("it ends in the middle of a packet");
  return out;
}

bool is_number(std::string_view text) {
  auto value = parse_int(text);
  return value && *value >= 0 && text.front() != '+';
}

bool is_one_of(std::string_view text, std::span<const std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

/// A size as git reads it: digits and perhaps k, m or g.
bool is_size(std::string_view text) {
  if (!text.empty() && std::string_view("kKmMgG").contains(text.back())) text.remove_suffix(1);
  return !text.empty() && is_number(text);
}

/// git-rev-list(1), --filter. "sparse:" is not among them: it reads a file the client names.
bool is_filter(std::string_view spec, int depth = 0) {
  if (spec == "blob:none") return true;
  if (spec.starts_with("blob:limit=")) return is_size(spec.substr(11));
  if (spec.starts_with("tree:")) return spec.size() > 5 && is_number(spec.substr(5));
  if (spec.starts_with("object:type=")) {
    constexpr std::array<std::string_view, 4> types = {"blob", "tree", "commit", "tag"};
    return is_one_of(spec.substr(12), types);
  }
  if (!spec.starts_with("combine:") || depth > 0) return false;
  auto parts = split(spec.substr(8), '+');
  constexpr std::size_t parts_max = 8;
  return parts.size() <= parts_max && std::ranges::all_of(parts, [](std::string_view part) {
           auto decoded = percent_decode(part);
           return decoded && is_filter(*decoded, 1);
         });
}

/// A ref as a person types it ("main", "refs/tags/v1"): git looks it up among what is advertised.
bool is_ref_text(std::string_view text) {
  return !text.empty() && text.size() <= ref_bytes_max && !text.starts_with('-') &&
         std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

/// Lines that both protocols have. @return false when the line is none of them.
Result<bool> take_common(std::string_view line, FetchRequest& out) {
  auto after = [&](std::string_view word) -> std::optional<std::string_view> {
    if (!line.starts_with(word)) return std::nullopt;
    return line.substr(word.size());
  };
  auto id = [](std::string_view text, std::vector<Oid>& into) -> Result<bool> {
    auto oid = Oid::parse(text);
    if (!oid || oid->is_zero()) return bad_request("\"" + std::string(text) + "\" is no object id");
    into.push_back(*oid);
    return true;
  };
  if (auto text = after("shallow ")) return id(*text, out.shallow);
  if (auto text = after("have ")) return id(*text, out.haves);
  bool valid = false;
  if (auto text = after("deepen "))
    valid = is_number(*text);
  else if (auto since = after("deepen-since "))
    valid = is_number(*since);
  else if (auto ref = after("deepen-not "))
    valid = is_ref_text(*ref);
  else if (auto spec = after("filter "))
    valid = is_filter(*spec);
  else
    return false;
  if (!valid) return bad_request("\"" + std::string(line) + "\" is not offered");
  out.options.emplace_back(line);
  return true;
}

// ---- Protocol 2 ----

/// What we advertise besides take_common's.
constexpr std::array<std::string_view, 6> fetch_flags = {
    "thin-pack", "no-progress", "include-tag", "ofs-delta", "deepen-relative", "wait-for-done"};

Result<FetchRequest> parse_fetch_v2(std::span<const Pkt> arguments) {
  FetchRequest out;
  for (const auto& pkt : arguments) {
    auto line = pkt.line();
    if (line.starts_with("want ")) {
      auto oid = Oid::parse(line.substr(5));
      if (!oid || oid->is_zero())
        return bad_request("\"" + std::string(line) + "\" names no object");
      out.wants.push_back(*oid);
    } else if (line == "done") {
      out.end = FetchRequest::End::done;
    } else if (is_one_of(line, fetch_flags)) {
      out.options.emplace_back(line);
    } else {
      CAIRN_TRY(taken, take_common(line, out));
      if (!taken) return bad_request("\"" + std::string(line) + "\" is not offered");
    }
  }
  return out;
}

Result<LsRefsRequest> parse_ls_refs(std::span<const Pkt> arguments) {
  LsRefsRequest out;
  bool all = false;
  for (const auto& pkt : arguments) {
    auto line = pkt.line();
    if (line == "symrefs")
      out.symrefs = true;
    else if (line == "peel")
      out.peel = true;
    else if (line == "unborn")
      out.unborn = true;
    else if (line.starts_with("ref-prefix ")) {
      all = all || out.prefixes.size() >= ls_refs_prefixes_max;
      if (!all) out.prefixes.emplace_back(line.substr(11));
    } else {
      return bad_request("\"" + std::string(line) + "\" is not offered");
    }
  }
  if (all) out.prefixes.clear();
  return out;
}

// ---- Protocols 0 and 1 ----

constexpr std::array<std::string_view, 12> fetch_capabilities = {
    "multi_ack",     "multi_ack_detailed", "no-done",      "side-band",
    "side-band-64k", "thin-pack",          "ofs-delta",    "filter",
    "include-tag",   "no-progress",        "deepen-since", "deepen-relative"};

Result<> take_want_v0(std::string_view line, FetchRequest& out) {
  auto text = line.substr(5);
  auto oid = Oid::parse(text.substr(0, oid_hex));
  if (!oid || oid->is_zero()) return bad_request("\"" + std::string(line) + "\" names no object");
  bool first = out.wants.empty();
  out.wants.push_back(*oid);
  for (auto word : split(text.substr(std::min(text.size(), oid_hex)), ' ')) {
    if (word.empty()) continue;
    if (!first) return bad_request("capabilities stand in the first want only");
    if (word.starts_with("object-format=") && word != "object-format=sha1")
      return bad_request("this hub's repositories use SHA-1 names");
    // Git ignores what it does not know, and so do we.
    if (is_one_of(word, fetch_capabilities)) out.capabilities.emplace_back(word);
  }
  return {};
}

}  // namespace

Protocol parse_protocol(std::string_view header) {
  Protocol out = Protocol::v0;
  for (auto part : split(header, ':')) {
    if (part == "version=1") out = std::max(out, Protocol::v1);
    if (part == "version=2") out = std::max(out, Protocol::v2);
  }
  return out;
}

Result<CommandV2> parse_command_v2(std::string_view body) {
  CAIRN_TRY(packets, read_packets(body));
  if (packets.empty() || packets.back().kind != PktKind::flush) return bad_request("it has no end");
  std::span<const Pkt> rest(packets.data(), packets.size() - 1);
  std::string command;
  while (!rest.empty() && rest.front().kind == PktKind::data) {
    auto line = rest.front().line();
    if (line.starts_with("command=")) {
      if (!command.empty()) return bad_request("it has two commands");
      command = line.substr(8);
    } else if (line.starts_with("object-format=") && line != "object-format=sha1") {
      return bad_request("this hub's repositories use SHA-1 names");
    } else if (!line.starts_with("agent=") && !line.starts_with("object-format=")) {
      return bad_request("\"" + std::string(line) + "\" is not offered");
    }
    rest = rest.subspan(1);
  }
  if (!rest.empty() && rest.front().kind == PktKind::delim) rest = rest.subspan(1);
  for (const auto& pkt : rest)
    if (pkt.kind != PktKind::data) return bad_request("arguments end before its end");
  if (command == "ls-refs") {
    CAIRN_TRY(request, parse_ls_refs(rest));
    return CommandV2(std::move(request));
  }
  if (command == "fetch") {
    CAIRN_TRY(request, parse_fetch_v2(rest));
    return CommandV2(std::move(request));
  }
  return bad_request("the command \"" + command + "\" is not offered");
}

Result<FetchRequest> parse_fetch_v0(std::string_view body) {
  CAIRN_TRY(packets, read_packets(body));
  FetchRequest out;
  std::size_t at = 0;
  for (; at < packets.size() && packets[at].kind == PktKind::data; ++at) {
    auto line = packets[at].line();
    if (line.starts_with("want ")) {
      CAIRN_CHECK(take_want_v0(line, out));
      continue;
    }
    CAIRN_TRY(taken, take_common(line, out));
    if (!taken || !out.haves.empty())
      return bad_request("\"" + std::string(line) + "\" is not offered");
  }
  if (at == packets.size()) {
    if (packets.empty()) return out;
    return bad_request("it has no end");
  }
  if (packets[at++].kind != PktKind::flush) return bad_request("arguments end before its end");
  for (; at < packets.size(); ++at) {
    if (packets[at].kind == PktKind::flush) {
      // Over a stateless connection git answers here and reads no further.
      out.end = FetchRequest::End::flush;
      return out;
    }
    auto line = packets[at].line();
    if (packets[at].kind == PktKind::data && line == "done") {
      out.end = FetchRequest::End::done;
      return out;
    }
    auto oid = line.starts_with("have ") ? Oid::parse(line.substr(5)) : bad_request("");
    if (packets[at].kind != PktKind::data || !oid)
      return bad_request("\"" + std::string(line) + "\" is not offered");
    out.haves.push_back(*oid);
  }
  return out;
}

std::string encode_fetch(const FetchRequest& request, Protocol protocol) {
  std::string out;
  auto ids = [&out](std::string_view word, const std::vector<Oid>& list) {
    for (const auto& oid : list) append_pkt_line(out, std::string(word) + oid.hex());
  };
  auto options = [&] {
    for (const auto& option : request.options) append_pkt_line(out, option);
  };
  if (protocol == Protocol::v2) {
    append_pkt_line(out, "command=fetch");
    append_pkt_line(out, "object-format=sha1");
    append_delim(out);
    options();
    ids("want ", request.wants);
    ids("shallow ", request.shallow);
    ids("have ", request.haves);
    if (request.end == FetchRequest::End::done) append_pkt_line(out, "done");
    append_flush(out);
    return out;
  }
  for (std::size_t i = 0; i < request.wants.size(); ++i) {
    std::string line = "want " + request.wants[i].hex();
    for (const auto& capability : request.capabilities)
      if (i == 0) line += " " + capability;
    append_pkt_line(out, line);
  }
  ids("shallow ", request.shallow);
  options();
  append_flush(out);
  ids("have ", request.haves);
  if (request.end == FetchRequest::End::done) append_pkt_line(out, "done");
  if (request.end == FetchRequest::End::flush) append_flush(out);
  return out;
}

}  // namespace cairn::git
