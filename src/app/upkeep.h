#pragma once
#include <atomic>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "app/hub.h"
#include "platform/http/metrics.h"

namespace cairn::app {

/// What the running hub does by itself: counters every second, expiries and purges every minute,
/// background work when it is due, garbage collection once a day.
class Upkeep {
 public:
  Upkeep(Hub& hub, boost::asio::any_io_executor executor);
  ~Upkeep();
  /// Puts what recurs into the table of background work, where it is not there yet: before the
  /// first request, so that who lists the work finds it.
  [[nodiscard]] static Result<> plan(Hub& hub);
  void start();
  /// Numbers of background work; asked until `stop`.
  void add_metrics(http::Metrics& metrics);
  /// Ends the loop and waits for what runs.
  void stop();
  /// Writes what is buffered; after the server has stopped.
  void flush();

 private:
  struct Loop;
  Hub& hub_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<Loop> loop_;
};

}  // namespace cairn::app
