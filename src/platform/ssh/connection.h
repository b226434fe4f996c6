#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#include "platform/ssh/server.h"

namespace cairn::ssh {

/// How many commands run at once, of all connections.
struct Places {
  std::atomic<std::size_t> taken = 0;
  std::size_t max = 0;
};

/// One client: key exchange, login, then its commands. One thread reads the socket, and each
/// command has one of its own, for git-lfs runs several in one connection (ControlMaster of
/// OpenSSH) and waits for each while the others go on.
class Connection {
 public:
  /// @param places  outlives it.
  /// @param touch   called for every sign of life, from any of its threads; `true` once logged in.
  Connection(ssh_session session, std::string address, const Hooks& hooks, Places& places,
             std::function<void(bool)> touch);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Its life. Ends when the client leaves, misbehaves, or its socket is shut down, and its
  /// commands have ended.
  void run();

 private:
  class ChannelExec;
  struct Channel {
    ssh_channel channel = nullptr;
    std::string command, git_protocol;
    enum class State { open, requested, running, over } state = State::open;
    ssh_channel_callbacks_struct callbacks{};
    Connection* connection = nullptr;
    std::thread thread;
  };

  bool log_in();
  /// Waits for the client or for a command of it, and does what there is to do.
  /// @return false when it is over.
  bool handle_packets();
  /// Begins the commands that were asked for, and clears away those that have ended.
  void tend_channels();
  void begin(Channel& channel);
  /// Lets go of libssh's part of it.
  static void free(Channel& channel);
  void serve(Channel& channel);
  int on_key(ssh_key key, char signature_state);
  ssh_channel on_open();
  static int on_exec(Channel& channel, const char* command);
  static int on_env(Channel& channel, const char* name, const char* value);
  /// The thread of the socket looks again.
  void wake();

  ssh_session session_;
  std::string address_;
  const Hooks& hooks_;
  Places& places_;
  std::function<void(bool)> touch_;
  ssh_server_callbacks_struct callbacks_{};
  ssh_event event_ = nullptr;
  std::string account_;
  bool logged_in_ = false;
  int keys_tried_ = 0;
  int wake_ = -1;

  /// Whoever calls libssh for this session holds it, and its callbacks run with it held. Guards all
  /// of the following.
  std::mutex mutex_;
  std::condition_variable moved_;  ///< A channel has data, an end, or room to write.
  bool gone_ = false;
  std::deque<std::unique_ptr<Channel>> channels_;  ///< Callbacks point into them.
};

}  // namespace cairn::ssh
