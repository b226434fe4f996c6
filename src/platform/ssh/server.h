#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/ssh/public_key.h"

/// An SSH server that runs single commands for people with keys, and nothing else: no shell, no
/// terminal, no forwarding, no passwords. The only place with libssh.
namespace cairn::ssh {

/// One command a client asked for. Used on the one thread that runs it.
class Exec {
 public:
  virtual ~Exec() = default;
  /// What `Hooks::authorize` made of the client's key.
  [[nodiscard]] virtual const std::string& account() const = 0;
  [[nodiscard]] virtual const std::string& command() const = 0;
  /// GIT_PROTOCOL, the one variable that is taken; empty when it was not sent.
  [[nodiscard]] virtual const std::string& git_protocol() const = 0;
  /// Blocks. Empty at the end of the client's input.
  /// @return `unavailable` when the connection is gone; so write().
  [[nodiscard]] virtual Result<std::string> read_some() = 0;
  /// Blocks until the client takes it.
  virtual Result<> write(std::string_view bytes) = 0;
  virtual void write_error(std::string_view text) = 0;
};

struct Hooks {
  /// Whose key is this? Asked before the client has proved that it holds the private part, and
  /// again afterwards. @return what Exec::account gives; empty: nobody's.
  std::function<std::optional<std::string>(const PublicKey& key, const std::string& address)>
      authorize;
  /// Called on several threads at once, of one connection too. @return the exit code.
  std::function<int(Exec& exec)> run;
};

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 2248;  ///< 0: any.
  std::string host_key;       ///< HostKey::private_text.
  std::size_t connections_max = 256;
  std::size_t connections_per_address_max = 64;
  /// Running at once: git-lfs has up to 8 in a connection. More are refused.
  std::size_t commands_max = 512;
  int login_seconds_max = 30;     ///< From the first byte to a proven key.
  int silence_seconds_max = 600;  ///< Without a byte either way.
};

/// Threads: one that accepts, one per connection and one per command, one that ends those who are
/// too slow.
class Server {
 public:
  /// @return `conflict`, word "AddressInUse"; `invalid_argument`, word "InvalidListen".
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(Options options, Hooks hooks);
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Serves until stop() is called from another thread; returns when all connections have ended.
  virtual void run() = 0;
  virtual void stop() = 0;
};

}  // namespace cairn::ssh
