#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::http {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only grows. Any thread.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// Durations in seconds, in fixed buckets from 0.5 ms to 60 s. Any thread.
class Histogram {
 public:
  static constexpr double bounds_s[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,   0.5,   1,      2.5,   5,    10,    60};
  void observe(double duration_s);

 private:
  friend class Metrics;
  std::atomic<std::uint64_t> buckets_[std::size(bounds_s) + 1] = {};
  std::atomic<std::uint64_t> sum_us_ = 0;
};

/// The hub's numbers, printed as Prometheus text (format 0.0.4). Any thread. Names are
/// `cairn_<what>_<unit>[_total]`; label values are closed sets (operations, states), never what
/// clients choose, or memory would grow with them.
class Metrics {
 public:
  struct Sample {
    Labels labels;
    double value;
  };

  /// The same name and labels give the same counter; it lives as long as the registry.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});
  /// Asked at each scrape, on the thread that prints: must be quick and must not throw. What it
  /// refers to outlives the registry or the last scrape.
  void gauge(std::string_view name, std::string_view help, std::function<double()> read,
             const Labels& labels = {});
  /// Several samples under one name (a queue's length by kind, for example).
  void gauges(std::string_view name, std::string_view help,
              std::function<std::vector<Sample>()> read);

  [[nodiscard]] std::string prometheus_text() const;

 private:
  struct Series {
    Labels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
    std::function<std::vector<Sample>()> gauges;
  };
  struct Family {
    std::string name, help, type;
    std::vector<Series> series;
  };
  Family& family(std::string_view name, std::string_view help, std::string_view type);
  Series& series(Family& family, const Labels& labels);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace cairn::http
