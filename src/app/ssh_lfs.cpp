#include "app/ssh_lfs.h"

#include <utility>

#include "api/lfs/ssh_wire.h"
#include "base/text.h"
#include "hub/lfs/lfs.h"
#include "platform/git/pkt_line.h"
#include "platform/http/http.h"
#include "platform/http/local_client.h"

namespace cairn::app {
namespace {

namespace wire = api::lfs;
using wire::SshLines;
using wire::SshMessage;

constexpr int refused = 1, broken_off = 128;
// As git-lfs cuts its own: a packet may have twice as much.
constexpr std::size_t data_bytes_max = 32u << 10;

/// What went wrong in the hub's words, or in the client's status when it has none.
std::string words_of(const http::LocalAnswer& answer) {
  auto value = parse_json(answer.body);
  auto* object = value ? value->if_object() : nullptr;
  auto* message = object ? object->if_contains("message") : nullptr;
  if (message && message->is_string()) return std::string(message->get_string());
  return "The hub answered with status " + std::to_string(answer.status) + ".";
}

Failure client_left() {
  return fail(ErrorCode::unavailable, "ConnectionLost", "The client left within a message.");
}

/// One conversation of git-lfs. Errors of its functions end it: the client could not tell any more
/// where the next answer begins.
class LfsConversation {
 public:
  LfsConversation(ssh::Exec& exec, const HubSide& hub, std::string target, std::string operation)
      : exec_(exec),
        hub_(hub),
        account_(SshAccount::unpack(exec.account())),
        target_(std::move(target)),
        operation_(std::move(operation)) {}

  int run();

 private:
  // The client's side.
  Result<std::optional<git::Pkt>> next_packet();
  Result<std::optional<SshMessage>> next_message();
  Result<> say(int status, const SshLines& arguments = {},
               const std::optional<SshLines>& lines = {}) {
    return exec_.write(wire::ssh_answer(status, arguments, lines));
  }
  Result<> refuse(int status, const std::string& why) { return say(status, {}, SshLines{why}); }
  Result<> refuse(const http::LocalAnswer& answer) {
    return refuse(answer.status, words_of(answer));
  }

  // The hub's side.
  [[nodiscard]] http::Headers headers(std::string_view content_type) const;
  /// A route below the repository's "info/lfs/".
  Result<http::LocalAnswer> ask(http::Method method, const std::string& path,
                                const std::optional<json::value>& body);

  /// What the hub says of the object that `message` names; with an error in it when it says no.
  Result<wire::BatchObject> plan(const SshMessage& message, const std::string& operation);

  Result<> answer(const SshMessage& message);
  Result<> batch(const SshMessage& message);
  Result<> get_object(const SshMessage& message);
  Result<> put_object(const SshMessage& message);
  Result<> verify_object(const SshMessage& message);
  Result<> lock(const SshMessage& message);
  Result<> list_locks(const SshMessage& message);
  Result<> unlock(const SshMessage& message);

  ssh::Exec& exec_;
  const HubSide& hub_;
  SshAccount account_;
  std::string target_;
  std::string operation_;
  git::PktReader packets_;
  wire::SshMessageReader messages_;
};

int LfsConversation::run() {
  // Who may not read it is told so before anything else, as git's own commands do.
  auto there = ask(http::Method::get, "locks?limit=1", {});
  if (!there || there->status != 200) {
    exec_.write_error("cairn: " + (there ? words_of(*there) : there.error().message) + "\n");
    return refused;
  }
  std::string hello;
  git::append_pkt_line(hello, "version=1");
  git::append_pkt_line(hello, "locking");
  git::append_flush(hello);
  if (!exec_.write(hello)) return broken_off;
  for (;;) {
    auto message = next_message();
    if (!message) {
      constexpr int not_understood = 400;
      (void)refuse(not_understood, message.error().message);  // The last word either way.
      return broken_off;
    }
    if (!*message) return 0;
    if (auto said = answer(**message); !said) {
      exec_.write_error("cairn: " + said.error().message + "\n");
      return broken_off;
    }
    if ((*message)->command == "quit") return 0;
  }
}

// ---- The client's side ----

Result<std::optional<git::Pkt>> LfsConversation::next_packet() {
  for (;;) {
    CAIRN_TRY(packet, packets_.next());
    if (packet) return std::move(packet);
    CAIRN_TRY(bytes, exec_.read_some());
    if (bytes.empty()) return std::optional<git::Pkt>{};
    packets_.feed(bytes);
  }
}

Result<std::optional<SshMessage>> LfsConversation::next_message() {
  for (;;) {
    CAIRN_TRY(packet, next_packet());
    if (!packet && messages_.empty() && packets_.empty()) return std::optional<SshMessage>{};
    if (!packet) return client_left();
    CAIRN_TRY(message, messages_.add(*packet));
    if (message) return std::move(message);
  }
}

Result<> LfsConversation::answer(const SshMessage& message) {
  const auto& command = message.command;
  if (command == "version")
    return message.operand == "1" ? say(200) : refuse(400, "This hub speaks version 1.");
  if (command == "quit") return say(200);
  if (command == "batch") return batch(message);
  if (command == "get-object") return get_object(message);
  if (command == "put-object") return put_object(message);
  if (command == "verify-object") return verify_object(message);
  if (command == "lock") return lock(message);
  // git-lfs says the second before a push.
  if (command == "list-lock" || command == "list-locks") return list_locks(message);
  if (command == "unlock") return unlock(message);
  return refuse(400, "\"" + std::string(truncate_utf8(command, 60)) + "\" is not offered here.");
}

// ---- The hub's side ----

http::Headers LfsConversation::headers(std::string_view content_type) const {
  auto out = headers_of(hub_, account_);
  out.add("Accept", std::string(wire::media_type));
  out.add("Content-Type", std::string(content_type));
  return out;
}

Result<http::LocalAnswer> LfsConversation::ask(http::Method method, const std::string& path,
                                               const std::optional<json::value>& body) {
  constexpr int hops_max = 3;
  for (int hop = 0;; ++hop) {
    CAIRN_TRY(answer, http::ask_local(hub_.socket_path, method, target_ + "/info/lfs/" + path,
                                      headers(wire::media_type),
                                      body ? json::serialize(*body) : std::string()));
    // A repository that moved: git has said so to its user already.
    auto location = std::string(answer.headers.get("Location"));
    auto end = location.find("/info/lfs/");
    if (answer.status != 307 || end == location.npos || hop == hops_max) return std::move(answer);
    target_ = location.substr(0, end);
  }
}

// ---- Objects ----

Result<> LfsConversation::batch(const SshMessage& message) {
  auto asked = wire::decode_ssh_batch(message, operation_);
  if (!asked) return refuse(400, asked.error().message);
  CAIRN_TRY(got, ask(http::Method::post, "objects/batch", to_json(*asked)));
  if (got.status != 200) return refuse(got);
  CAIRN_TRY(plan, parse_json_as<wire::BatchResponse>(got.body));
  auto out = wire::encode_ssh_batch(plan, operation_);
  if (out.refused) return refuse(out.refused->code, out.refused->message);
  return say(200, {"hash-algo=sha256"}, out.lines);
}

Result<wire::BatchObject> LfsConversation::plan(const SshMessage& message,
                                                const std::string& operation) {
  wire::BatchObject no;
  auto asked = wire::decode_ssh_object(message, operation);
  if (!asked) {
    no.error = {400, asked.error().message};
    return no;
  }
  CAIRN_TRY(got, ask(http::Method::post, "objects/batch", to_json(*asked)));
  if (got.status != 200) {
    no.error = {got.status, words_of(got)};
    return no;
  }
  CAIRN_TRY(answer, parse_json_as<wire::BatchResponse>(got.body));
  if (!answer.objects.empty()) return std::move(answer.objects[0]);
  return fail(ErrorCode::unavailable, "SocketFailed", "The hub answered about no object.");
}

Result<> LfsConversation::get_object(const SshMessage& message) {
  CAIRN_TRY(planned, plan(message, "download"));
  if (planned.error) return refuse(planned.error->code, planned.error->message);
  if (!planned.actions || !planned.actions->download) return refuse(404, "Nothing is here.");
  auto path = std::string(lfs::download_path) + wire::ticket_of(*planned.actions->download);
  bool begun = false;
  http::LocalTransfer transfer;
  transfer.take_headers = [&](const http::Headers& got) -> Result<> {
    begun = true;
    std::string out;
    git::append_pkt_line(out, "status 200");
    git::append_pkt_line(out, "size=" + std::string(got.get("Content-Length")));
    git::append_delim(out);
    return exec_.write(out);
  };
  transfer.take_body = [&](std::string_view bytes) -> Result<> {
    while (!bytes.empty()) {
      auto piece = bytes.substr(0, data_bytes_max);
      std::string out;
      git::append_pkt(out, piece);
      CAIRN_CHECK(exec_.write(out));
      bytes.remove_prefix(piece.size());
    }
    return {};
  };
  auto got = http::transfer_local(hub_.socket_path, http::Method::get, path, headers("text/plain"),
                                  transfer);
  // Half of it went out: only the end of the conversation says that the rest does not come.
  if (!got && begun) return fail(got.error());
  if (!got) return refuse(503, got.error().message);
  if (got->status != 200) return refuse(*got);
  std::string end;
  git::append_flush(end);
  return exec_.write(end);
}

Result<> LfsConversation::put_object(const SshMessage& message) {
  bool ended = !message.has_data;
  // So much more than it said is heard, so that the client reads why it was refused.
  constexpr std::uint64_t beyond_max = 64u << 20;
  std::uint64_t left = beyond_max;
  if (auto asked = wire::decode_ssh_object(message, "upload"); asked && asked->objects[0].size > 0)
    left += static_cast<std::uint64_t>(asked->objects[0].size);
  auto next = [&]() -> Result<std::string> {
    while (!ended) {
      CAIRN_TRY(packet, next_packet());
      if (!packet) return client_left();
      if (packet->data.size() > left)
        return fail(ErrorCode::too_large, "LfsMessageTooLarge",
                    "The file has more bytes than its message said.");
      left -= packet->data.size();
      ended = packet->kind == git::PktKind::flush;
      if (packet->kind == git::PktKind::data && !packet->data.empty())
        return std::move(packet->data);
    }
    return std::string();
  };
  // The client reads its answer when it has sent everything.
  auto skip_rest = [&]() -> Result<> {
    while (!ended) CAIRN_CHECK(next());
    return {};
  };
  auto skip_and_refuse = [&](int status, const std::string& why) -> Result<> {
    CAIRN_CHECK(skip_rest());
    return refuse(status, why);
  };
  if (operation_ != "upload")
    return skip_and_refuse(400, "put-object is for the operation upload.");
  CAIRN_TRY(planned, plan(message, "upload"));
  if (planned.error) return skip_and_refuse(planned.error->code, planned.error->message);
  if (!planned.actions || !planned.actions->upload) {  // Somebody else was faster.
    CAIRN_CHECK(skip_rest());
    return say(200);
  }
  auto path = std::string(lfs::upload_path) + wire::ticket_of(*planned.actions->upload);
  http::LocalTransfer transfer;
  transfer.read_body = next;
  transfer.take_body = [](std::string_view) -> Result<> { return {}; };
  auto got = http::transfer_local(hub_.socket_path, http::Method::put, path,
                                  headers("application/octet-stream"), transfer);
  CAIRN_CHECK(skip_rest());
  if (!got) return refuse(503, got.error().message);
  return got->status == 200 ? say(200) : refuse(*got);
}

Result<> LfsConversation::verify_object(const SshMessage& message) {
  CAIRN_TRY(planned, plan(message, "upload"));
  if (planned.error) return refuse(planned.error->code, planned.error->message);
  if (planned.actions) return refuse(404, "The file is not in this repository.");
  return say(200);
}

// ---- Locks ----

json::object with_ref(json::object body, const SshMessage& message) {
  if (auto ref = message.argument("refname"); !ref.empty()) body["ref"] = {{"name", ref}};
  return body;
}

Result<> LfsConversation::lock(const SshMessage& message) {
  auto body = with_ref({{"path", message.argument("path")}}, message);
  CAIRN_TRY(got, ask(http::Method::post, "locks", json::value(std::move(body))));
  if (got.status != 201 && got.status != 409) return refuse(got);
  auto made = parse_json_as<wire::OneLock>(got.body);
  if (!made) return refuse(got);
  auto facts = wire::encode_ssh_lock(made->lock);
  return got.status == 201 ? say(201, facts) : say(409, facts, SshLines{words_of(got)});
}

Result<> LfsConversation::list_locks(const SshMessage& message) {
  auto path = message.argument("path"), id = message.argument("id");
  auto cursor = message.argument("cursor"), limit = message.argument("limit");
  SshLines next, lines;
  auto go_on = [&](const std::optional<std::string>& after) {
    if (after) next.push_back("next-cursor=" + *after);
  };
  // Whose they are is told to those who may push; the others, and who looks for one, get the list.
  if (path.empty() && id.empty()) {
    json::object body{{"cursor", cursor}};
    if (auto number = parse_int(limit)) body["limit"] = *number;
    CAIRN_TRY(got, ask(http::Method::post, "locks/verify",
                       json::value(with_ref(std::move(body), message))));
    if (got.status == 200) {
      CAIRN_TRY(page, parse_json_as<wire::VerifyOut>(got.body));
      for (const auto& lock : page.ours) wire::append_ssh_lock(lines, lock, "ours");
      for (const auto& lock : page.theirs) wire::append_ssh_lock(lines, lock, "theirs");
      go_on(page.next_cursor);
      return say(200, next, lines);
    }
    if (got.status != 403) return refuse(got);
  }
  CAIRN_TRY(got, ask(http::Method::get,
                     "locks?path=" + percent_encode(path) + "&id=" + percent_encode(id) +
                         "&cursor=" + percent_encode(cursor) + "&limit=" + percent_encode(limit),
                     {}));
  if (got.status != 200) return refuse(got);
  CAIRN_TRY(page, parse_json_as<wire::LockList>(got.body));
  for (const auto& lock : page.locks) wire::append_ssh_lock(lines, lock, "");
  go_on(page.next_cursor);
  return say(200, next, lines);
}

Result<> LfsConversation::unlock(const SshMessage& message) {
  json::object body{{"force", message.argument("force") == "true"}};
  CAIRN_TRY(got, ask(http::Method::post, "locks/" + percent_encode(message.operand) + "/unlock",
                     json::value(with_ref(std::move(body), message))));
  if (got.status != 200) return refuse(got);
  CAIRN_TRY(gone, parse_json_as<wire::OneLock>(got.body));
  return say(200, wire::encode_ssh_lock(gone.lock));
}

}  // namespace

int transfer_lfs(ssh::Exec& exec, const HubSide& hub, const std::string& target,
                 const std::string& operation) {
  if (operation != "upload" && operation != "download" && operation != "lock") {
    exec.write_error("cairn: git-lfs-transfer is for upload, download or lock.\n");
    return refused;
  }
  return LfsConversation(exec, hub, target, operation).run();
}

}  // namespace cairn::app
