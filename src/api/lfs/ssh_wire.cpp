#include "api/lfs/ssh_wire.h"

#include <algorithm>

#include "base/text.h"

namespace cairn::api::lfs {
namespace {

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidLfsMessage", std::move(message));
}

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, git::pkt_data_bytes_max - 1));
  std::ranges::replace(out, '\n', ' ');
  return out;
}

}  // namespace

std::string SshMessage::argument(std::string_view name) const {
  auto found = arguments.find(name);
  return found == arguments.end() ? std::string() : found->second;
}

Result<std::optional<SshMessage>> SshMessageReader::add(const git::Pkt& packet) {
  using Whole = std::optional<SshMessage>;
  auto take = [this]() -> Result<Whole> {
    lines_ = 0;
    after_delimiter_ = false;
    return Whole(std::exchange(message_, {}));
  };
  if (packet.kind == git::PktKind::flush) {
    if (empty()) return invalid("A message begins with a command.");
    return take();
  }
  if (packet.kind == git::PktKind::delim) {
    if (empty() || after_delimiter_) return invalid("A delimiter stands behind the arguments.");
    after_delimiter_ = true;
    message_.has_data = message_.command == "put-object";
    return message_.has_data ? take() : Result<Whole>(Whole{});
  }
  if (packet.kind != git::PktKind::data) return invalid("This packet is no part of a message.");
  auto line = packet.line();
  if (line.size() > ssh_line_bytes_max || lines_ > ssh_lines_max)
    return fail(ErrorCode::too_large, "LfsMessageTooLarge",
                "A message has at most " + std::to_string(ssh_lines_max) + " lines of " +
                    std::to_string(ssh_line_bytes_max) + " bytes.");
  if (lines_++ == 0) {
    auto space = std::min(line.find(' '), line.size());
    message_.command = line.substr(0, space);
    message_.operand = line.substr(std::min(space + 1, line.size()));
    if (message_.command.empty()) return invalid("A message begins with a command.");
  } else if (after_delimiter_) {
    message_.lines.emplace_back(line);
  } else if (auto equals = line.find('='); equals != line.npos) {
    message_.arguments[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  return Whole{};
}

std::string ssh_answer(int status, const SshLines& arguments,
                       const std::optional<SshLines>& lines) {
  std::string out;
  git::append_pkt_line(out, "status " + std::to_string(status));
  for (const auto& line : arguments) git::append_pkt_line(out, one_line(line));
  if (lines) {
    git::append_delim(out);
    for (const auto& line : *lines) git::append_pkt_line(out, one_line(line));
  }
  git::append_flush(out);
  return out;
}

Result<BatchRequest> decode_ssh_batch(const SshMessage& message, const std::string& operation) {
  BatchRequest out;
  out.operation = operation;
  out.transfers = {{"basic"}};
  out.hash_algo =
      message.arguments.contains("hash-algo") ? message.argument("hash-algo") : "sha256";
  for (const auto& line : message.lines) {
    // "oid size key=value…": what follows the size is nothing we know.
    auto words = split(line, ' ');
    auto size = words.size() > 1 ? parse_int(words[1]) : std::nullopt;
    if (!size) return invalid("A line of a batch is an id and a size.");
    out.objects.push_back({std::string(words[0]), *size});
  }
  if (auto ref = message.argument("refname"); !ref.empty()) out.ref = BatchRef{ref};
  return out;
}

Result<BatchRequest> decode_ssh_object(const SshMessage& message, const std::string& operation) {
  // The protocol has the size of verify-object behind the oid, git-lfs as an argument.
  SshMessage batch;
  batch.lines = {message.operand.contains(' ') ? message.operand
                                               : message.operand + " " + message.argument("size")};
  auto out = decode_ssh_batch(batch, operation);
  if (!out) return invalid("\"" + message.command + "\" needs an oid and a size.");
  return out;
}

SshBatch encode_ssh_batch(const BatchResponse& answer, const std::string& operation) {
  SshBatch out;
  bool upload = operation == "upload";
  for (const auto& object : answer.objects) {
    if (upload && object.error) return {{}, object.error};
    bool something_to_do = object.error || object.actions;
    out.lines.push_back(object.oid + " " + std::to_string(object.size) + " " +
                        (something_to_do ? operation : "noop"));
  }
  return out;
}

std::string ticket_of(const BatchAction& action) {
  return action.href.substr(action.href.rfind('/') + 1);
}

SshLines encode_ssh_lock(const LockOut& lock) {
  return {"id=" + lock.id, "path=" + lock.path, "locked-at=" + lock.locked_at,
          "ownername=" + lock.owner.name};
}

void append_ssh_lock(SshLines& lines, const LockOut& lock, std::string_view whose) {
  lines.push_back("lock " + lock.id);
  lines.push_back("path " + lock.id + " " + lock.path);
  lines.push_back("locked-at " + lock.id + " " + lock.locked_at);
  lines.push_back("ownername " + lock.id + " " + lock.owner.name);
  if (!whose.empty()) lines.push_back("owner " + lock.id + " " + std::string(whose));
}

}  // namespace cairn::api::lfs
