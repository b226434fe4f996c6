#include "platform/ssh/connection.h"

#include "base/bytes.h"

namespace cairn::ssh {
namespace {

// A client offers the keys of its agent one after another: OpenSSH gives up at six.
constexpr int keys_tried_max = 20;
// Commands that one connection may have queued; they run one after another.
constexpr std::size_t channels_max = 8;
constexpr std::size_t read_bytes = 64u << 10;

std::optional<PublicKey> public_key_of(ssh_key key) {
  char* text = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK || !text) return std::nullopt;
  auto blob = base64_decode(text);
  ssh_string_free_char(text);
  if (!blob) return std::nullopt;
  auto parsed = parse_key_blob(*blob);
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

Failure gone() {
  return fail(ErrorCode::unavailable, "ConnectionLost", "The SSH connection is gone.");
}

}  // namespace

class Connection::ChannelExec final : public Exec {
 public:
  ChannelExec(Connection& connection, Channel& channel)
      : connection_(connection), channel_(channel) {}
  const std::string& account() const override { return connection_.account_; }
  const std::string& command() const override { return channel_.command; }
  const std::string& git_protocol() const override { return channel_.git_protocol; }

  Result<std::string> read_some() override {
    std::string bytes(read_bytes, '\0');
    int got = ssh_channel_read(channel_.channel, bytes.data(),
                               static_cast<std::uint32_t>(bytes.size()), 0);
    connection_.touch_(true);
    if (got < 0) return gone();
    if (got == 0 && !ssh_channel_is_eof(channel_.channel)) return gone();
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      // In pieces, so that each is a sign of life.
      auto piece = bytes.substr(0, read_bytes);
      int wrote = ssh_channel_write(channel_.channel, piece.data(),
                                    static_cast<std::uint32_t>(piece.size()));
      connection_.touch_(true);
      if (wrote <= 0) return gone();
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
  }
  void write_error(std::string_view text) override {
    ssh_channel_write_stderr(channel_.channel, text.data(),
                             static_cast<std::uint32_t>(text.size()));
  }

 private:
  Connection& connection_;
  Channel& channel_;
};

Connection::Connection(ssh_session session, std::string address, const Hooks& hooks,
                       std::function<void(bool)> touch)
    : session_(session), address_(std::move(address)), hooks_(hooks), touch_(std::move(touch)) {
  callbacks_.userdata = this;
  callbacks_.auth_pubkey_function = [](ssh_session, const char*, ssh_key_struct* key, char state,
                                       void* self) {
    return static_cast<Connection*>(self)->on_key(key, state);
  };
  callbacks_.channel_open_request_session_function = [](ssh_session, void* self) {
    return static_cast<Connection*>(self)->on_open();
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_server_callbacks(session_, &callbacks_);
  ssh_set_auth_methods(session_, SSH_AUTH_METHOD_PUBLICKEY);
  event_ = ssh_event_new();
}

Connection::~Connection() {
  for (auto& channel : channels_)
    if (channel->channel) ssh_channel_free(channel->channel);
  if (event_) {
    ssh_event_remove_session(event_, session_);
    ssh_event_free(event_);
  }
  ssh_disconnect(session_);
  ssh_free(session_);
}

void Connection::run() {
  if (!log_in()) return;
  touch_(true);
  while (ssh_is_connected(session_)) {
    for (std::size_t i = 0; i < channels_.size();) {
      auto& channel = *channels_[i];
      if (!channel.requested) {
        ++i;
        continue;
      }
      serve(channel);
      channels_.erase(channels_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    constexpr int wait_ms = 1000;
    if (ssh_event_dopoll(event_, wait_ms) == SSH_ERROR) return;
  }
}

bool Connection::log_in() {
  if (!event_ || ssh_handle_key_exchange(session_) != SSH_OK) return false;
  if (ssh_event_add_session(event_, session_) != SSH_OK) return false;
  // Who is too slow loses the socket: see Server.
  while (!logged_in_) {
    constexpr int wait_ms = 1000;
    if (keys_tried_ > keys_tried_max || !ssh_is_connected(session_) ||
        ssh_event_dopoll(event_, wait_ms) == SSH_ERROR)
      return false;
  }
  return true;
}

int Connection::on_key(ssh_key key, char signature_state) {
  // Changing the account after a login is no thing of git's clients.
  if (logged_in_ || ++keys_tried_ > keys_tried_max) return SSH_AUTH_DENIED;
  if (signature_state != SSH_PUBLICKEY_STATE_NONE && signature_state != SSH_PUBLICKEY_STATE_VALID)
    return SSH_AUTH_DENIED;
  auto known = public_key_of(key);
  auto account = known ? hooks_.authorize(*known, address_) : std::nullopt;
  if (!account) return SSH_AUTH_DENIED;
  if (signature_state == SSH_PUBLICKEY_STATE_VALID) {
    account_ = std::move(*account);
    logged_in_ = true;
  }
  return SSH_AUTH_SUCCESS;
}

ssh_channel Connection::on_open() {
  if (!logged_in_ || channels_.size() >= channels_max) return nullptr;
  auto channel = std::make_unique<Channel>();
  channel->channel = ssh_channel_new(session_);
  if (!channel->channel) return nullptr;
  channel->connection = this;
  auto& callbacks = channel->callbacks;
  callbacks.userdata = channel.get();
  callbacks.channel_exec_request_function = [](ssh_session, ssh_channel, const char* command,
                                               void* self) {
    return on_exec(*static_cast<Channel*>(self), command);
  };
  callbacks.channel_env_request_function = [](ssh_session, ssh_channel, const char* name,
                                              const char* value, void* self) {
    return on_env(*static_cast<Channel*>(self), name, value);
  };
  // Somebody who types `ssh git@host` wants a word, not an error: an empty command gets one.
  callbacks.channel_shell_request_function = [](ssh_session, ssh_channel, void* self) {
    return on_exec(*static_cast<Channel*>(self), "");
  };
  callbacks.channel_pty_request_function = [](ssh_session, ssh_channel, const char*, int, int, int,
                                              int, void*) { return 0; };
  ssh_callbacks_init(&callbacks);
  ssh_set_channel_callbacks(channel->channel, &callbacks);
  channels_.push_back(std::move(channel));
  return channels_.back()->channel;
}

int Connection::on_exec(Channel& channel, const char* command) {
  if (channel.requested) return 1;
  channel.command = command;
  channel.requested = true;
  return 0;
}

int Connection::on_env(Channel& channel, const char* name, const char* value) {
  if (std::string_view(name) != "GIT_PROTOCOL") return 1;
  constexpr std::size_t value_bytes_max = 256;
  channel.git_protocol = std::string_view(value).substr(0, value_bytes_max);
  return 0;
}

void Connection::serve(Channel& channel) {
  ChannelExec exec(*this, channel);
  int code = hooks_.run(exec);
  ssh_channel_request_send_exit_status(channel.channel, code);
  ssh_channel_send_eof(channel.channel);
  ssh_channel_close(channel.channel);
  ssh_channel_free(channel.channel);
  channel.channel = nullptr;
}

}  // namespace cairn::ssh
