#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "app/ssh_worker.h"

namespace cairn::app {

/// Keeps the SSH server's process alive beside the hub: starts it, and starts it again when it
/// ends.
class SshChild {
 public:
  /// @param port  is set to where it listens; to 0 while it does not.
  SshChild(boost::asio::any_io_executor executor, SshWorkerSettings settings,
           std::shared_ptr<std::atomic<std::uint16_t>> port);
  ~SshChild();

  void start();
  /// Ends the process and waits for that.
  void stop();

 private:
  struct Loop;
  boost::asio::any_io_executor executor_;
  SshWorkerSettings settings_;
  std::shared_ptr<std::atomic<std::uint16_t>> port_;
  std::shared_ptr<Loop> loop_;
};

}  // namespace cairn::app
