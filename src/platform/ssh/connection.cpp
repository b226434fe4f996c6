#include "platform/ssh/connection.h"

#include <chrono>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"

namespace cairn::ssh {
namespace {

// A client offers the keys of its agent one after another: OpenSSH gives up at six.
constexpr int keys_tried_max = 20;
// Channels of one connection at once: git-lfs has 8 by itself, and OpenSSH allows 10.
constexpr std::size_t channels_max = 10;
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
    std::unique_lock lock(connection_.mutex_);
    for (;;) {
      int got = ssh_channel_read_nonblocking(channel_.channel, bytes.data(),
                                             static_cast<std::uint32_t>(bytes.size()), 0);
      if (got > 0) {
        // Room for more was announced, which may still have to be sent.
        if (ssh_get_poll_flags(connection_.session_) & SSH_WRITE_PENDING) connection_.wake();
        lock.unlock();
        connection_.touch_(true);
        bytes.resize(static_cast<std::size_t>(got));
        return bytes;
      }
      if (got != SSH_ERROR && ssh_channel_is_eof(channel_.channel)) return std::string();
      if (got == SSH_ERROR || over()) return gone();
      wait(lock);
    }
  }
  Result<> write(std::string_view bytes) override { return send(bytes, ssh_channel_write); }
  void write_error(std::string_view text) override {
    (void)send(text, ssh_channel_write_stderr);  // Who is gone reads no words.
  }

 private:
  using Send = int (*)(ssh_channel, const void*, std::uint32_t);
  Result<> send(std::string_view bytes, Send send) {
    while (!bytes.empty()) {
      std::unique_lock lock(connection_.mutex_);
      // Only as much as the client has room for: libssh would wait with the lock held.
      std::size_t room = ssh_channel_window_size(channel_.channel);
      if (over()) return gone();
      if (room == 0) {
        wait(lock);
        continue;
      }
      auto piece = bytes.substr(0, std::min(room, read_bytes));
      int wrote = send(channel_.channel, piece.data(), static_cast<std::uint32_t>(piece.size()));
      lock.unlock();
      connection_.touch_(true);
      if (wrote <= 0) return gone();
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
  }
  [[nodiscard]] bool over() const {
    return connection_.gone_ || !ssh_is_connected(connection_.session_) ||
           ssh_channel_is_closed(channel_.channel);
  }
  void wait(std::unique_lock<std::mutex>& lock) {
    constexpr std::chrono::seconds look_again(1);
    connection_.moved_.wait_for(lock, look_again);
  }

  Connection& connection_;
  Channel& channel_;
};

Connection::Connection(ssh_session session, std::string address, const Hooks& hooks, Places& places,
                       std::function<void(bool)> touch)
    : session_(session),
      address_(std::move(address)),
      hooks_(hooks),
      places_(places),
      touch_(std::move(touch)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
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
    if (channel->channel) free(*channel);
  if (event_) {
    ssh_event_remove_session(event_, session_);
    ssh_event_free(event_);
  }
  ssh_disconnect(session_);
  ssh_free(session_);
  if (wake_ >= 0) ::close(wake_);
}

void Connection::run() {
  if (wake_ < 0 || !log_in()) return;
  touch_(true);
  while (handle_packets()) tend_channels();
  {
    std::lock_guard lock(mutex_);
    gone_ = true;  // No channel is opened and no command asked for from here on.
    for (auto& channel : channels_)
      if (channel->state == Channel::State::requested) --places_.taken;
  }
  moved_.notify_all();
  for (auto& channel : channels_)
    if (channel->thread.joinable()) channel->thread.join();
}

bool Connection::handle_packets() {
  pollfd waits[] = {{ssh_get_fd(session_), POLLIN, 0}, {wake_, POLLIN, 0}};
  {
    std::lock_guard lock(mutex_);
    if (!ssh_is_connected(session_)) return false;
    if (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) waits[0].events |= POLLOUT;
  }
  constexpr int wait_ms = 1000;
  ::poll(waits, 2, wait_ms);
  if (waits[1].revents) {
    std::uint64_t count = 0;
    (void)!::read(wake_, &count, sizeof count);
  }
  if (!waits[0].revents) return true;
  std::lock_guard lock(mutex_);
  // libssh reads 4 KiB at a time; the commands should not wait for each.
  constexpr int reads_max = 16;
  for (int i = 0; i < reads_max; ++i) {
    if (ssh_event_dopoll(event_, 0) == SSH_ERROR) return false;
    pollfd more{waits[0].fd, POLLIN, 0};
    if (::poll(&more, 1, 0) <= 0) break;
  }
  moved_.notify_all();
  return true;
}

void Connection::tend_channels() {
  std::lock_guard lock(mutex_);
  for (auto& channel : channels_) {
    if (channel->state == Channel::State::requested) {
      begin(*channel);
    } else if (channel->state == Channel::State::over) {
      channel->thread.join();  // It has let go of the lock for good.
    } else if (channel->state == Channel::State::open && ssh_channel_is_closed(channel->channel)) {
      free(*channel);
    }
  }
  std::erase_if(channels_, [](const auto& channel) { return !channel->channel; });
}

void Connection::free(Channel& channel) {
  // libssh keeps it until the client has closed it too, and would call us then.
  ssh_remove_channel_callbacks(channel.channel, &channel.callbacks);
  ssh_channel_free(channel.channel);
  channel.channel = nullptr;
}

void Connection::begin(Channel& channel) {
  try {
    channel.thread = std::thread([this, &channel] { serve(channel); });
    channel.state = Channel::State::running;
  } catch (const std::system_error& failed) {
    log::error("ssh.command.failed", {{"what", failed.what()}});
    --places_.taken;
    free(channel);
    channel.state = Channel::State::open;
  }
}

void Connection::wake() {
  std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
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
  if (!logged_in_ || gone_ || channels_.size() >= channels_max) return nullptr;
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
  // What has come stays with libssh, which lets the client send more as it is read.
  callbacks.channel_data_function = [](ssh_session, ssh_channel, void*, std::uint32_t, int,
                                       void* self) {
    static_cast<Channel*>(self)->connection->moved_.notify_all();
    return 0;
  };
  callbacks.channel_write_wontblock_function = [](ssh_session, ssh_channel, std::uint32_t,
                                                  void* self) {
    static_cast<Channel*>(self)->connection->moved_.notify_all();
    return 0;
  };
  callbacks.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Channel*>(self)->connection->moved_.notify_all();
  };
  callbacks.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Channel*>(self)->connection->moved_.notify_all();
  };
  ssh_callbacks_init(&callbacks);
  ssh_set_channel_callbacks(channel->channel, &callbacks);
  channels_.push_back(std::move(channel));
  return channels_.back()->channel;
}

int Connection::on_exec(Channel& channel, const char* command) {
  auto& connection = *channel.connection;
  if (connection.gone_ || channel.state != Channel::State::open) return 1;
  if (++connection.places_.taken > connection.places_.max) {
    --connection.places_.taken;
    return 1;
  }
  channel.command = command;
  channel.state = Channel::State::requested;
  connection.wake();
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
  int code = 128;
  try {
    code = hooks_.run(exec);
  } catch (const std::exception& failed) {
    log::error("ssh.command.failed", {{"what", failed.what()}});
  }
  --places_.taken;
  std::lock_guard lock(mutex_);
  ssh_channel_request_send_exit_status(channel.channel, code);
  ssh_channel_send_eof(channel.channel);
  ssh_channel_close(channel.channel);
  free(channel);
  channel.state = Channel::State::over;
  wake();
}

}  // namespace cairn::ssh
