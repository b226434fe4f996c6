#include "hub/settings/settings.h"

#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "hub/settings/store.h"

namespace cairn::settings {
namespace {

Texts effective(const std::vector<store::Row>& rows) {
  Texts out;
  for (const auto& row : rows)
    if (auto value = row.effective()) out[row.key] = *value;
  return out;
}

std::string effective(const std::vector<store::Row>& rows, std::string_view key) {
  for (const auto& row : rows)
    if (row.key == key) return row.effective().value_or("");
  return {};
}

/// Rows that a newer program wrote must not stop this one: what cannot be read has its standard.
Values lenient(Texts texts) {
  for (;;) {
    auto values = parse(texts);
    if (values) return *std::move(values);
    std::string key;
    for (const auto& [name, value] : values.error().fields)
      if (name == "field") key = value;
    log::warning("settings.unreadable", {{"key", key}});
    if (texts.erase(key) == 0) return {};
  }
}

}  // namespace

struct Settings::Shared {
  std::mutex mutex;
  std::shared_ptr<const Values> values = std::make_shared<const Values>(lenient({}));

  std::uint64_t generation = 0;  ///< Raised by every change that is made here.

  void put(Values next) {
    auto made = std::make_shared<const Values>(std::move(next));
    std::lock_guard lock(mutex);
    ++generation;
    values = std::move(made);
  }
};

Values load(db::Tx& tx) {
  return lenient(effective(store::all(tx)));
}

std::vector<Setting> list(db::Tx& tx) {
  auto rows = store::all(tx);
  std::vector<Setting> out;
  for (const auto& k : known()) {
    Setting setting{.key = std::string(k.key),
                    .value = std::string(k.standard),
                    .standard = std::string(k.standard),
                    .help = std::string(k.help),
                    .words = {k.words.begin(), k.words.end()}};
    for (const auto& row : rows) {
      if (row.key != k.key) continue;
      if (auto value = row.effective(); value && !value->empty()) setting.value = *value;
      setting.pinned = row.pinned.has_value();
      setting.changed_at = row.changed_at;
      setting.changed_by = row.changed_by;
    }
    out.push_back(std::move(setting));
  }
  return out;
}

std::vector<Change> changes(db::Tx& tx, std::int64_t before, int limit) {
  return store::changes(tx, before, std::clamp(limit, 1, 1000));
}

Settings::Settings(db::Database& database)
    : database_(database), shared_(std::make_shared<Shared>()) {}

std::shared_ptr<const Values> Settings::current() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->values;
}

Result<> Settings::pin(db::Tx& tx, const Texts& pinned) {
  CAIRN_CHECK(parse(pinned));
  auto rows = store::all(tx);
  for (const auto& k : known()) {
    auto wanted = pinned.find(k.key);
    std::optional<std::string> next;
    if (wanted != pinned.end()) next = wanted->second;
    std::optional<std::string> now;
    for (const auto& row : rows)
      if (row.key == k.key) now = row.pinned;
    if (now == next) continue;
    auto before = effective(rows, k.key);
    store::set_pinned(tx, k.key, next);
    auto after = effective(store::all(tx), k.key);
    if (before != after) store::record(tx, k.key, before, after, "configuration");
  }
  adopt(tx);
  return {};
}

void Settings::adopt(db::Tx& tx) {
  auto values = load(tx);
  tx.after_commit([shared = shared_, values] { shared->put(values); });
}

Result<> Settings::change(db::Tx& tx, std::string_view by, const Texts& wanted) {
  CAIRN_CHECK(parse(wanted));
  auto rows = store::all(tx);
  for (const auto& [key, value] : wanted) {
    for (const auto& row : rows)
      if (row.key == key && row.pinned && *row.pinned != value)
        return fail(ErrorCode::conflict, "SettingPinned",
                    "\"" + key +
                        "\" is set in the hub's configuration. Change it there; nothing was "
                        "changed.")
            .with("field", key);
    auto before = effective(rows, key);
    if (before == value) continue;
    store::set_value(tx, key, value.empty() ? std::nullopt : std::optional(value), by);
    store::record(tx, key, before, value, by);
  }
  auto texts = effective(store::all(tx));
  CAIRN_TRY(values, parse(texts));
  tx.after_commit([shared = shared_, values] { shared->put(values); });
  return {};
}

Task<Result<>> Settings::refresh() {
  auto generation = [&] {
    std::lock_guard lock(shared_->mutex);
    return shared_->generation;
  };
  auto before = generation();
  auto read = [](db::Tx& tx) -> Result<Values> { return load(tx); };
  CAIRN_CO_TRY(values, co_await database_.read(read));
  auto made = std::make_shared<const Values>(std::move(values));
  std::lock_guard lock(shared_->mutex);
  // A change that was made here meanwhile is newer than what was read.
  if (shared_->generation == before) shared_->values = std::move(made);
  co_return Result<>{};
}

}  // namespace cairn::settings
