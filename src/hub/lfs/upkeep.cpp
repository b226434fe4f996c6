#include "base/log.h"
#include "hub/lfs/inner.h"

namespace cairn::lfs {
namespace {

constexpr int rows_per_step = 100;
constexpr int keys_per_step = 1000;
/// Between the moment bytes get their key and the transaction that names it lie seconds at most.
constexpr Duration orphan_age_min = hours(1);
/// Parts of an upload in progress may wait this long for their next one: as long as its row lives.
constexpr Duration unfinished_age_min = hours(72);

/// Objects of kind "lfs" in the store that no row names, of one page of its list.
struct OrphanPage {
  std::vector<storage::Listed> orphans;
  std::optional<storage::Key> next;  ///< Empty at the end.
};

/// @param before  only what was written earlier.
Task<Result<OrphanPage>> find_orphans(Inner& in, std::optional<Time> before,
                                      std::optional<storage::Key> after) {
  auto list = [&in, after] { return in.store.list("lfs/", after, keys_per_step); };
  CAIRN_CO_TRY(listed, co_await in.blocking.run(list));
  auto unused = [&listed, before](db::Tx& tx) -> Result<OrphanPage> {
    OrphanPage page;
    for (const auto& object : listed)
      if ((!before || object.modified < *before) && !key_in_use(tx, object.key))
        page.orphans.push_back(object);
    return page;
  };
  CAIRN_CO_TRY(page, co_await in.database.read(unused));
  if (listed.size() == keys_per_step) page.next = listed.back().key;
  co_return page;
}

void count(Sweep& sweep, std::uint64_t size_bytes) {
  ++sweep.objects;
  sweep.bytes += size_bytes;
}

Task<Result<>> remove_key(Inner& in, storage::Key key) {
  auto remove = [&in, key] { return in.store.remove(key); };
  co_return co_await in.blocking.run(remove);
}

/// Rows first: a key without a row is garbage that is found again, a row without its key is loss.
Task<Result<>> delete_due(Inner& in, Duration grace, Sweep& sweep) {
  while (true) {
    auto forget = [grace](db::Tx& tx) -> Result<std::vector<Object>> {
      auto due = due_objects(tx, "lfs", grace, rows_per_step);
      // By number, as all who lock several objects do.
      std::ranges::sort(due, {}, &Object::id);
      std::erase_if(due, [&](const Object& object) { return !forget_object(tx, object); });
      return due;
    };
    CAIRN_CO_TRY(forgotten, co_await in.database.write(forget));
    for (const auto& object : forgotten) {
      CAIRN_CO_CHECK(co_await remove_key(in, object.key));
      count(sweep, object.size_bytes);
    }
    if (forgotten.empty()) co_return Result<>{};
  }
}

Task<Result<>> count_due(Inner& in, Duration grace, Sweep& sweep) {
  constexpr int shown_max = 100'000;
  auto list = [grace](db::Tx& tx) -> Result<std::vector<Object>> {
    return due_objects(tx, "lfs", grace, shown_max);
  };
  CAIRN_CO_TRY(due, co_await in.database.read(list));
  for (const auto& object : due) count(sweep, object.size_bytes);
  co_return Result<>{};
}

/// What is wrong with the bytes of an object; empty = nothing. Blocks.
std::string flaw_of(storage::ObjectStore& store, const Object& object) {
  auto reader = store.open(object.key);
  if (!reader) return "cannot be opened: " + reader.error().message;
  if ((*reader)->size_bytes() != object.size_bytes)
    return "has " + std::to_string((*reader)->size_bytes()) + " bytes, not " +
           std::to_string(object.size_bytes);
  auto digest = hash_of(**reader);
  if (!digest) return "cannot be read: " + digest.error().message;
  if (*digest != object.digest) return "has SHA-256 " + digest->hex();
  return "";
}

Finding judge(const ObjectUse& use, std::string flaw) {
  std::string name = "large file " + use.object.digest.hex();
  if (use.linked && use.object.state != ObjectState::live)
    return {true, name + " is linked, but condemned", use.object.key.text};
  if (!flaw.empty()) return {use.linked, name + " " + flaw, use.object.key.text};
  if (!use.linked) return {false, name + " is in no repository", use.object.key.text};
  return {};
}

}  // namespace

Task<Result<int>> Lfs::expire_uploads(int limit) {
  Inner& in = *inner_;
  auto list = [limit](db::Tx& tx) -> Result<std::vector<Upload>> { return due_uploads(tx, limit); };
  CAIRN_CO_TRY(due, co_await in.database.read(list));
  for (const auto& upload : due) CAIRN_CO_CHECK(co_await in.drop_upload(upload));
  co_return static_cast<int>(due.size());
}

Task<Result<int>> Lfs::delete_purged() {
  // A grace longer than any clock has run leaves those whose time was set to the beginning.
  constexpr Duration all_time = days(365 * 1000);
  Sweep sweep;
  CAIRN_CO_CHECK(co_await delete_due(*inner_, all_time, sweep));
  co_return static_cast<int>(sweep.objects);
}

Task<Result<Sweep>> Lfs::collect(Duration grace, bool dry_run) {
  Inner& in = *inner_;
  Sweep sweep;
  CAIRN_CO_CHECK(co_await (dry_run ? count_due(in, grace, sweep) : delete_due(in, grace, sweep)));
  Time before = in.clock.now() - std::max(grace, orphan_age_min);
  std::optional<storage::Key> after;
  do {
    CAIRN_CO_TRY(page, co_await find_orphans(in, before, after));
    for (const auto& orphan : page.orphans) {
      count(sweep, orphan.size_bytes);
      if (dry_run) continue;
      log::info("lfs.collect.orphan", {{"key", orphan.key.text}});
      CAIRN_CO_CHECK(co_await remove_key(in, orphan.key));
    }
    after = page.next;
  } while (after);
  if (!dry_run) {
    auto tidy = [&in, age = std::max(grace, unfinished_age_min)] {
      return in.store.sweep_unfinished(age);
    };
    CAIRN_CO_CHECK(co_await in.blocking.run(tidy));
  }
  co_return sweep;
}

Task<Result<>> Lfs::check(std::function<void(Finding)> report) {
  Inner& in = *inner_;
  ObjectId after;
  while (true) {
    auto page = [after](db::Tx& tx) -> Result<std::vector<ObjectUse>> {
      return all_objects(tx, after, rows_per_step);
    };
    CAIRN_CO_TRY(objects, co_await in.database.read(page));
    for (const auto& use : objects) {
      auto inspect = [&in, &use] { return flaw_of(in.store, use.object); };
      auto flaw = co_await in.blocking.run(inspect);
      if (auto finding = judge(use, std::move(flaw)); !finding.what.empty()) report(finding);
      after = use.object.id;
    }
    if (objects.size() < rows_per_step) break;
  }
  std::optional<storage::Key> after_key;
  do {
    CAIRN_CO_TRY(page, co_await find_orphans(in, {}, after_key));
    for (const auto& orphan : page.orphans)
      report({false, "bytes that no row names", orphan.key.text});
    after_key = page.next;
  } while (after_key);
  co_return Result<>{};
}

}  // namespace cairn::lfs
