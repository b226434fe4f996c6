#include "platform/http/metrics.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace cairn::http {
namespace {

void append_escaped(std::string& out, std::string_view value, bool quotes) {
  for (char c : value) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

void append_labels(std::string& out, const Labels& labels, std::string_view bound = {}) {
  if (labels.empty() && bound.empty()) return;
  char separator = '{';
  auto add = [&](std::string_view key, std::string_view value) {
    out.append(1, separator).append(key).append("=\"");
    append_escaped(out, value, true);
    out += '"';
    separator = ',';
  };
  for (const auto& [key, value] : labels) add(key, value);
  if (!bound.empty()) add("le", bound);
  out += '}';
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

void append_sample(std::string& out, std::string_view name, const Labels& labels,
                   std::string_view value, std::string_view bound = {}) {
  out += name;
  append_labels(out, labels, bound);
  out.append(1, ' ').append(value).append(1, '\n');
}

}  // namespace

void Histogram::observe(double duration_s) {
  auto bucket = std::ranges::lower_bound(bounds_s, duration_s) - std::begin(bounds_s);
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(static_cast<std::uint64_t>(duration_s * 1e6), std::memory_order_relaxed);
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help,
                                 std::string_view type) {
  for (auto& f : families_)
    if (f->name == name) {
      if (f->type != type) throw std::logic_error("metric of two types: " + f->name);
      return *f;
    }
  families_.push_back(std::make_unique<Family>(
      Family{std::string(name), std::string(help), std::string(type), {}}));
  return *families_.back();
}

Metrics::Series& Metrics::series(Family& family, const Labels& labels) {
  for (auto& s : family.series)
    if (s.labels == labels) return s;
  return family.series.emplace_back(Series{.labels = labels});
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& s = series(family(name, help, "counter"), labels);
  if (!s.counter) s.counter = std::make_unique<Counter>();
  return *s.counter;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& s = series(family(name, help, "histogram"), labels);
  if (!s.histogram) s.histogram = std::make_unique<Histogram>();
  return *s.histogram;
}

void Metrics::gauge(std::string_view name, std::string_view help, std::function<double()> read,
                    const Labels& labels) {
  std::lock_guard lock(mutex_);
  series(family(name, help, "gauge"), labels).gauges = [read = std::move(read), labels] {
    return std::vector<Sample>{{labels, read()}};
  };
}

void Metrics::gauges(std::string_view name, std::string_view help,
                     std::function<std::vector<Sample>()> read) {
  std::lock_guard lock(mutex_);
  series(family(name, help, "gauge"), {}).gauges = std::move(read);
}

std::string Metrics::prometheus_text() const {
  std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& f : families_) {
    out.append("# HELP ").append(f->name).append(1, ' ');
    append_escaped(out, f->help, false);
    out.append("\n# TYPE ").append(f->name).append(1, ' ').append(f->type).append(1, '\n');
    for (const auto& s : f->series) {
      if (s.counter) append_sample(out, f->name, s.labels, std::to_string(s.counter->value()));
      if (s.gauges)
        for (const auto& sample : s.gauges())
          append_sample(out, f->name, sample.labels, number(sample.value));
      if (!s.histogram) continue;
      std::uint64_t count = 0;
      for (std::size_t i = 0; i <= std::size(Histogram::bounds_s); ++i) {
        count += s.histogram->buckets_[i].load(std::memory_order_relaxed);
        bool last = i == std::size(Histogram::bounds_s);
        append_sample(out, f->name + "_bucket", s.labels, std::to_string(count),
                      last ? "+Inf" : number(Histogram::bounds_s[i]));
      }
      auto sum = static_cast<double>(s.histogram->sum_us_.load(std::memory_order_relaxed)) / 1e6;
      append_sample(out, f->name + "_sum", s.labels, number(sum));
      append_sample(out, f->name + "_count", s.labels, std::to_string(count));
    }
  }
  return out;
}

}  // namespace cairn::http
