#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#include "platform/ssh/server.h"

namespace cairn::ssh {

/// One client, on one thread: key exchange, login, then its commands one after another.
class Connection {
 public:
  /// @param touch  called for every sign of life; `true` once logged in.
  Connection(ssh_session session, std::string address, const Hooks& hooks,
             std::function<void(bool)> touch);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Its life. Ends when the client leaves, misbehaves, or its socket is shut down.
  void run();

 private:
  class ChannelExec;
  struct Channel {
    ssh_channel channel = nullptr;
    std::string command, git_protocol;
    bool requested = false;
    ssh_channel_callbacks_struct callbacks{};
    Connection* connection = nullptr;
  };

  bool log_in();
  void serve(Channel& channel);
  int on_key(ssh_key key, char signature_state);
  ssh_channel on_open();
  static int on_exec(Channel& channel, const char* command);
  static int on_env(Channel& channel, const char* name, const char* value);

  ssh_session session_;
  std::string address_;
  const Hooks& hooks_;
  std::function<void(bool)> touch_;
  ssh_server_callbacks_struct callbacks_{};
  ssh_event event_ = nullptr;
  std::string account_;
  bool logged_in_ = false;
  int keys_tried_ = 0;
  std::deque<std::unique_ptr<Channel>> channels_;  // Callbacks point into them.
};

}  // namespace cairn::ssh
