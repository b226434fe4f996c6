#include "platform/db/engine.h"

#include <typeinfo>

#include "base/log.h"

namespace cairn::db {

Error bug(std::string detail) {
  return Error{ErrorCode::internal, "InternalError",
               "The hub met a bug; nothing was saved. Tell its operator the request id."}
      .with("detail", std::move(detail));
}

Error unavailable(std::string word, std::string message, int retry_after_s) {
  return Error{ErrorCode::unavailable, std::move(word), std::move(message), {}, retry_after_s};
}

Error storage_full() {
  return Error{ErrorCode::storage_full, "StorageFull",
               "The disk that holds the hub's database is full; nothing was saved. Try again when "
               "its operator has freed some space."};
}

Error corrupt(std::string detail) {
  return Error{ErrorCode::corrupt, "DatabaseCorrupt",
               "The hub's database does not verify; nothing was saved. Its operator has to run "
               "`cairn fsck`."}
      .with("detail", std::move(detail));
}

Error invalid_text() {
  return Error{ErrorCode::unprocessable, "InvalidText",
               "A text holds a zero byte or is not UTF-8; nothing was saved. Send valid UTF-8."};
}

void log_failure(std::string_view event, const Error& error) {
  bool ours = error.code == ErrorCode::internal || error.code == ErrorCode::corrupt;
  log::write(ours ? log::Level::error : log::Level::warning, event, {}, &error);
}

Error shutting_down() {
  return unavailable("ShuttingDown", "The hub is stopping; nothing was saved. Try again shortly.",
                     1);
}

Error outcome_unknown(Error cause) {
  cause.word = "OutcomeUnknown";
  cause.message =
      "The database failed while saving. Look whether the change is there before you try again.";
  return cause;
}

namespace {

EngineFailure unexpected_exception(const std::string& what) {
  Error error = bug(what);
  log::error("db.function_threw", error);
  return EngineFailure(std::move(error));
}

}  // namespace

Attempt attempt(const Job& job, Tx& tx) noexcept {
  try {
    return {job.body(tx), std::nullopt};
  } catch (EngineFailure& failure) {
    return {false, std::move(failure)};
  } catch (const std::exception& e) {
    return {false, unexpected_exception(std::string(typeid(e).name()) + ": " + e.what())};
  } catch (...) {
    return {false, unexpected_exception("an exception of an unknown type")};
  }
}

void run_effects(const std::vector<std::function<void()>>& effects) noexcept {
  for (const auto& effect : effects) {
    try {
      effect();
    } catch (const std::exception& e) {
      log::error("db.effect_threw", {{"detail", e.what()}});
    } catch (...) {
      log::error("db.effect_threw");
    }
  }
}

std::size_t size_of(const Value& value) {
  if (auto* text = std::get_if<std::string>(&value)) return text->size();
  if (auto* blob = std::get_if<Blob>(&value)) return blob->bytes.size();
  return sizeof(std::int64_t);
}

StatementStats::Entry& StatementStats::of(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  return found != entries_.end() ? found->second : entries_[std::string(name)];
}

std::vector<StatementMetric> StatementStats::all() const {
  std::lock_guard lock(mutex_);
  std::vector<StatementMetric> out;
  for (const auto& [name, entry] : entries_)
    out.push_back({name, entry.calls.load(), entry.microseconds.load()});
  return out;
}

StatementTimer::~StatementTimer() {
  auto took = Steady::now() - start_;
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  entry_.calls.fetch_add(1, std::memory_order_relaxed);
  entry_.microseconds.fetch_add(static_cast<std::uint64_t>(us), std::memory_order_relaxed);
  if (took > slow_) log::warning("db.slow", {{"statement", name_}, {"duration_ms", us / 1000}});
}

}  // namespace cairn::db
