#include "app/ssh_git.h"

#include <unordered_set>
#include <vector>

#include "app/ssh_lfs.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/push/request.h"
#include "platform/git/pkt_line.h"
#include "platform/git/upload_request.h"
#include "platform/http/http.h"
#include "platform/http/local_client.h"

namespace cairn::app {
namespace {

constexpr int refused = 1, git_died = 128;

/// What a client of git meets in the old protocol: its own words, on its terminal.
int say(ssh::Exec& exec, std::string_view text, int code) {
  exec.write_error("cairn: " + std::string(trim(text)) + "\n");
  return code;
}

/// "/datasets/ada/squad.git" of what the client typed.
std::string target_of(std::string_view path) {
  while (path.starts_with('/') || path.starts_with("~/")) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  return "/" + percent_encode(path, true) + ".git";
}

/// One conversation of git over SSH, in requests of its HTTP protocol to the hub.
class Conversation {
 public:
  Conversation(ssh::Exec& exec, const HubSide& hub, std::string target)
      : exec_(exec),
        hub_(hub),
        account_(SshAccount::unpack(exec.account())),
        target_(std::move(target)),
        protocol_(git::parse_protocol(exec.git_protocol())) {}

  int upload_pack() {
    if (int code = advertise("git-upload-pack")) return code;
    return protocol_ == git::Protocol::v2 ? fetch_v2() : fetch_v0();
  }
  int receive_pack();

 private:
  http::Headers headers(std::string_view service) const {
    http::Headers out = headers_of(hub_, account_);
    if (!exec_.git_protocol().empty()) out.add("Git-Protocol", exec_.git_protocol());
    out.add("Content-Type", "application/x-" + std::string(service) + "-request");
    return out;
  }
  int advertise(std::string_view service);
  /// Posts a request of git-upload-pack; the answer goes to `take`. @return 0, or an exit code.
  int post(const std::string& body, const std::function<Result<>(std::string_view)>& take);
  int fetch_v2();
  int fetch_v0();
  /// The next packet from the client; empty at the end of its input.
  Result<std::optional<git::Pkt>> next_packet();
  std::function<Result<>(std::string_view)> to_client() {
    return [this](std::string_view bytes) { return exec_.write(bytes); };
  }

  ssh::Exec& exec_;
  const HubSide& hub_;
  SshAccount account_;
  std::string target_;
  git::Protocol protocol_;
  git::PktReader reader_;
};

/// Lets pass what follows the first flush: over a stateless connection each answer begins with the
/// list of shallow commits, which this client has got already.
class AfterFlush {
 public:
  AfterFlush(bool skip, std::function<Result<>(std::string_view)> take)
      : skip_(skip), take_(std::move(take)) {}
  Result<> operator()(std::string_view bytes) {
    if (!skip_) return take_(bytes);
    reader_.feed(bytes);
    while (skip_) {
      CAIRN_TRY(pkt, reader_.next());
      if (!pkt) return {};
      skip_ = pkt->kind != git::PktKind::flush;
    }
    auto rest = reader_.take_rest();
    return rest.empty() ? Result<>{} : take_(rest);
  }

 private:
  bool skip_;
  std::function<Result<>(std::string_view)> take_;
  git::PktReader reader_;
};

int Conversation::advertise(std::string_view service) {
  std::string advertised;
  http::LocalTransfer transfer;
  transfer.take_body = [&](std::string_view bytes) -> Result<> {
    advertised += bytes;
    return {};
  };
  // A repository that moved says so once, to the address that everybody should use now.
  for (int hop = 0;; ++hop) {
    auto answer = http::transfer_local(hub_.socket_path, http::Method::get,
                                       target_ + "/info/refs?service=" + std::string(service),
                                       headers(service), transfer);
    if (!answer) return say(exec_, answer.error().message, git_died);
    if (answer->status == 200) break;
    auto location = std::string(answer->headers.get("Location"));
    auto end = location.find("/info/refs");
    if (answer->status == 307 && end != location.npos && hop < 3) {
      target_ = location.substr(0, end);
      exec_.write_error("cairn: The repository is now called " + target_.substr(1) +
                        ". Change its address with git remote set-url.\n");
      continue;
    }
    return say(exec_, answer->body, git_died);
  }
  // "# service=…" and its flush are of HTTP alone.
  std::string_view text = advertised;
  if (text.size() > 4 && text.substr(4).starts_with("# service=")) {
    auto flush = text.find("\n0000");
    if (flush != text.npos) text.remove_prefix(flush + 5);
  }
  return exec_.write(text) ? 0 : git_died;
}

Result<std::optional<git::Pkt>> Conversation::next_packet() {
  for (;;) {
    CAIRN_TRY(pkt, reader_.next());
    if (pkt) return std::move(pkt);
    CAIRN_TRY(bytes, exec_.read_some());
    if (bytes.empty()) return std::optional<git::Pkt>{};
    reader_.feed(bytes);
  }
}

int Conversation::post(const std::string& body,
                       const std::function<Result<>(std::string_view)>& take) {
  http::LocalTransfer transfer;
  bool sent = false;
  transfer.read_body = [&]() -> Result<std::string> {
    return std::exchange(sent, true) ? std::string() : body;
  };
  transfer.take_body = take;
  auto answer =
      http::transfer_local(hub_.socket_path, http::Method::post, target_ + "/git-upload-pack",
                           headers("git-upload-pack"), transfer);
  if (!answer) return say(exec_, answer.error().message, git_died);
  return answer->status == 200 ? 0 : say(exec_, answer->body, git_died);
}

void append(std::string& out, const git::Pkt& pkt) {
  if (pkt.kind == git::PktKind::data) git::append_pkt(out, pkt.data);
  if (pkt.kind == git::PktKind::flush) git::append_flush(out);
  if (pkt.kind == git::PktKind::delim) git::append_delim(out);
}

/// In protocol 2 every request stands for itself, over SSH as well.
int Conversation::fetch_v2() {
  std::string request;
  for (;;) {
    auto pkt = next_packet();
    if (!pkt) return say(exec_, pkt.error().message, git_died);
    if (!*pkt) return request.empty() ? 0 : git_died;
    if ((*pkt)->kind == git::PktKind::flush && request.empty()) return 0;
    append(request, **pkt);
    if (request.size() > git::upload_request_bytes_max)
      return say(exec_, "The request is too large. Fetch fewer refs at once.", git_died);
    if ((*pkt)->kind != git::PktKind::flush) continue;
    if (int code = post(request, to_client())) return code;
    request.clear();
  }
}

/// In protocols 0 and 1 the server remembers what was said; the hub's HTTP routes do not, so each
/// round says again what both sides have found to share (as git's own HTTP client does).
int Conversation::fetch_v0() {
  std::string wants, round;
  std::vector<std::string> shared;
  bool deepen = false;
  for (bool ended = false; !ended;) {
    auto pkt = next_packet();
    if (!pkt) return say(exec_, pkt.error().message, git_died);
    if (!*pkt) return wants.empty() ? 0 : git_died;
    ended = (*pkt)->kind == git::PktKind::flush;
    if (ended && wants.empty()) return 0;  // It has everything.
    deepen = deepen || (*pkt)->line().starts_with("deepen");
    append(wants, **pkt);
    if (wants.size() > git::upload_request_bytes_max)
      return say(exec_, "The request is too large. Fetch fewer refs at once.", git_died);
  }
  // With a depth the client reads the list of shallow commits before it goes on.
  if (deepen)
    if (int code = post(wants, to_client())) return code;
  for (;;) {
    auto pkt = next_packet();
    if (!pkt) return say(exec_, pkt.error().message, git_died);
    if (!*pkt) return git_died;
    append(round, **pkt);
    if (round.size() > git::upload_request_bytes_max) return git_died;
    bool done = (*pkt)->kind == git::PktKind::data && (*pkt)->line() == "done";
    if (!done && (*pkt)->kind != git::PktKind::flush) continue;

    std::string body = wants;
    for (const auto& oid : shared) git::append_pkt_line(body, "have " + oid);
    body += std::exchange(round, {});
    if (done) {
      AfterFlush filter(deepen, to_client());
      return post(body, [&](std::string_view bytes) { return filter(bytes); });
    }
    git::PktReader acknowledged;
    AfterFlush filter(deepen, [&](std::string_view bytes) -> Result<> {
      acknowledged.feed(bytes);
      return exec_.write(bytes);
    });
    if (int code = post(body, [&](std::string_view bytes) { return filter(bytes); })) return code;
    std::unordered_set<std::string> known(shared.begin(), shared.end());
    for (;;) {
      auto ack = acknowledged.next();
      if (!ack || !*ack) break;
      auto line = (*ack)->line();
      if (line.starts_with("ACK ") && line.size() > 44)
        if (std::string oid(line.substr(4, 40)); known.insert(oid).second) shared.push_back(oid);
    }
  }
}

/// Where a push ends that brings no pack. The client closes its side after a pack and at no other
/// time: who only deletes waits for the report.
class EndOfPush {
 public:
  void feed(std::string_view bytes) {
    if (over_) return;
    packets_.feed(bytes);
    for (;;) {
      auto packet = packets_.next();
      if (!packet) return give_up();  // The hub says what is wrong with it.
      if (!*packet) return;
      auto complete = reader_.add(**packet);
      if (!complete) return give_up();
      if (!*complete) continue;
      over_ = true;
      reached_ = !reader_.request().brings_pack();
      return;
    }
  }
  [[nodiscard]] bool reached() const { return reached_; }

 private:
  /// A broken request has no end that we know of, and the hub reads past it: so it ends here.
  void give_up() { over_ = reached_ = true; }

  git::PktReader packets_;
  push::RequestReader reader_;
  bool over_ = false, reached_ = false;
};

/// A push is one request: commands, then the pack, then the report.
int Conversation::receive_pack() {
  if (int code = advertise("git-receive-pack")) return code;
  std::string first;
  while (first.size() < 4) {
    auto bytes = exec_.read_some();
    if (!bytes) return git_died;
    if (bytes->empty()) return first.empty() ? 0 : git_died;
    first += *bytes;
  }
  if (first == "0000") return 0;  // Nothing to push.
  EndOfPush end;
  http::LocalTransfer transfer;
  transfer.read_body = [&]() -> Result<std::string> {
    if (end.reached()) return std::string();
    auto bytes = first.empty() ? exec_.read_some() : Result<std::string>(std::exchange(first, {}));
    if (bytes) end.feed(*bytes);
    return bytes;
  };
  transfer.take_body = to_client();
  auto answer =
      http::transfer_local(hub_.socket_path, http::Method::post, target_ + "/git-receive-pack",
                           headers("git-receive-pack"), transfer);
  if (!answer) return say(exec_, answer.error().message, git_died);
  return answer->status == 200 ? 0 : say(exec_, answer->body, git_died);
}

// ---- git-lfs ----

/// hub-api.md 8.3: where git-lfs goes on over HTTP, and as whom.
int lfs_authenticate(ssh::Exec& exec, const HubSide& hub, const std::string& target) {
  auto account = SshAccount::unpack(exec.account());
  http::Headers headers;
  headers.add("Authorization", "Ssh " + hub.secret);
  auto answer = http::ask_local(
      hub.socket_path, http::Method::post,
      "/api/-/v1/ssh/lfs-ticket?fingerprint=" + percent_encode(account.fingerprint), headers, "");
  if (!answer) return say(exec, answer.error().message, refused);
  auto value = parse_json(answer->body);
  if (answer->status != 200 || !value) return say(exec, answer->body, refused);
  const auto& ticket = value->as_object();
  json::object header{
      {"Authorization", "RemoteAuth " + std::string(ticket.at("ticket").as_string())}};
  json::object out{{"href", std::string(ticket.at("hub").as_string()) + target + "/info/lfs"},
                   {"header", std::move(header)},
                   {"expires_in", ticket.at("expiresIn").as_int64()}};
  return exec.write(json::serialize(out)) ? 0 : refused;
}

int greet(ssh::Exec& exec) {
  auto account = SshAccount::unpack(exec.account());
  exec.write_error("Hello " + account.label +
                   ". This hub knows your key; over SSH it speaks git and nothing else:\n"
                   "  git clone <this address>/<owner>/<name>.git\n");
  return refused;
}

}  // namespace

int run_ssh_command(ssh::Exec& exec, const HubSide& hub) {
  auto words = ssh::split_command(exec.command());
  if (!words) return say(exec, words.error().message, refused);
  // "git upload-pack" is the same as "git-upload-pack".
  if (words->size() > 1 && words->front() == "git") {
    words->erase(words->begin());
    words->front() = "git-" + words->front();
  }
  if (words->empty()) return greet(exec);
  const auto& command = words->front();
  bool token = command == "git-lfs-authenticate", transfer = command == "git-lfs-transfer";
  if (command != "git-upload-pack" && command != "git-receive-pack" && !token && !transfer)
    return say(exec,
               "\"" + std::string(truncate_utf8(command, 60)) +
                   "\" is not offered here: this hub's SSH speaks git and git-lfs.",
               refused);
  if (words->size() != (token || transfer ? 3 : 2))
    return say(exec, "The command names one repository, as owner/name.git.", refused);
  auto target = target_of((*words)[1]);
  if (token) return lfs_authenticate(exec, hub, target);
  if (transfer) return transfer_lfs(exec, hub, target, (*words)[2]);
  Conversation conversation(exec, hub, target);
  return command == "git-upload-pack" ? conversation.upload_pack() : conversation.receive_pack();
}

}  // namespace cairn::app
