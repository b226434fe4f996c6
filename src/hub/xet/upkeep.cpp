#include <algorithm>

#include "base/log.h"
#include "hub/xet/inner.h"
#include "hub/xet/reader.h"

namespace cairn::xet {
namespace {

constexpr int rows_per_step = 100;
constexpr int keys_per_step = 1000;
/// A dry run counts so many rows of each kind.
constexpr int shown_max = 100'000;
/// Between the moment bytes get their key and the transaction that names it lie minutes at most.
constexpr Duration orphan_age_min = hours(1);
constexpr std::uint64_t hash_step_bytes = 4 << 20;

void count(Sweep& sweep, std::uint64_t size_bytes) {
  ++sweep.objects;
  sweep.bytes += size_bytes;
}

/// Objects of kind "xorb" in the store that no row names, of one page of its list.
struct OrphanPage {
  std::vector<storage::Listed> orphans;
  std::optional<storage::Key> next;  ///< Empty at the end.
};

Task<Result<OrphanPage>> find_orphans(Inner& in, std::optional<Time> before,
                                      std::optional<storage::Key> after) {
  auto list = [&in, after] { return in.store.list("xorb/", after, keys_per_step); };
  CAIRN_CO_TRY(listed, co_await in.blocking.run(list));
  auto unused = [&listed, before](db::Tx& tx) -> Result<OrphanPage> {
    OrphanPage page;
    for (const auto& object : listed)
      if ((!before || object.modified < *before) && !lfs::key_in_use(tx, object.key))
        page.orphans.push_back(object);
    return page;
  };
  CAIRN_CO_TRY(page, co_await in.database.read(unused));
  if (listed.size() == keys_per_step) page.next = listed.back().key;
  co_return page;
}

Task<Result<>> remove_key(Inner& in, storage::Key key) {
  in.xorbs.forget(key);
  auto remove = [&in, key] { return in.store.remove(key); };
  co_return co_await in.blocking.run(remove);
}

// ---- In the order of section 11: files, the index of chunks, rows of xorbs, bytes ----

/// Files that no repository has. Their xorbs stay for those who may remember them, unless the file
/// was purged.
Task<Result<>> forget_files(Inner& in, Duration grace) {
  while (true) {
    auto forget = [&in, grace](db::Tx& tx) -> Result<std::vector<lfs::Object>> {
      auto due = due_files(tx, grace, rows_per_step);
      std::ranges::sort(due, {}, &lfs::Object::id);
      for (const auto& file : due) {
        bool purged = file.condemned_at == Time{0};
        forget_file(tx, file, purged ? Time{0} : tx.now() + in.options.grace);
      }
      return due;
    };
    CAIRN_CO_TRY(forgotten, co_await in.database.write(forget));
    for (const auto& file : forgotten)
      in.hot.forget(file.key.text.substr(file.key.text.rfind('/') + 1));
    if (forgotten.empty()) co_return Result<>{};
  }
}

/// Xorbs that nothing uses and nobody can know. Their chunks are not answered for from here on;
/// those who got an answer have let it expire.
Task<Result<>> condemn_xorbs(Inner& in) {
  std::optional<XorbId> after = XorbId{};
  while (after) {
    auto look = [after](db::Tx& tx) -> Result<FreePage> {
      return free_xorbs(tx, *after, tx.now(), keys_per_step);
    };
    CAIRN_CO_TRY(page, co_await in.database.read(look));
    for (std::size_t at = 0; at < page.free.size(); at += rows_per_step) {
      auto condemn = [&page, at](db::Tx& tx) -> Result<> {
        for (auto i = at; i < std::min(at + rows_per_step, page.free.size()); ++i)
          condemn_xorb(tx, page.free[i], tx.now());
        return {};
      };
      CAIRN_CO_CHECK(co_await in.database.write(condemn));
    }
    after = page.next;
  }
  co_return Result<>{};
}

/// Rows first: a key without a row is garbage that is found again, a row without its key is loss.
Task<Result<>> delete_xorbs(Inner& in, Duration grace, Sweep& sweep) {
  while (true) {
    auto forget = [grace](db::Tx& tx) -> Result<std::vector<lfs::Object>> {
      auto due = due_xorbs(tx, grace, rows_per_step);
      std::ranges::sort(due, {}, &lfs::Object::id);
      std::erase_if(due, [&](const lfs::Object& xorb) { return !forget_xorb(tx, xorb); });
      return due;
    };
    CAIRN_CO_TRY(forgotten, co_await in.database.write(forget));
    for (const auto& xorb : forgotten) {
      CAIRN_CO_CHECK(co_await remove_key(in, xorb.key));
      count(sweep, xorb.size_bytes);
    }
    if (forgotten.empty()) co_return Result<>{};
  }
}

Task<Result<>> count_due(Inner& in, Duration grace, Sweep& sweep) {
  auto list = [grace](db::Tx& tx) -> Result<std::vector<lfs::Object>> {
    return due_xorbs(tx, grace, shown_max);
  };
  CAIRN_CO_TRY(due, co_await in.database.read(list));
  for (const auto& xorb : due) count(sweep, xorb.size_bytes);
  co_return Result<>{};
}

// ---- Checks ----

/// What is wrong with a stored xorb; empty = nothing. Blocks.
std::string flaw_of(Inner& in, const XorbRow& row, bool deep) {
  auto open = in.xorbs.open(row.key);
  if (!open) return "cannot be opened: " + open.error().message;
  const auto& index = (*open)->index;
  if (index.xorb() != row.hash) return "has the index of xorb " + index.xorb().text();
  if (index.count() != row.chunks || index.body_bytes() != row.body_bytes ||
      index.content_bytes() != row.raw_bytes)
    return "is not what its row says";
  if (!deep) return "";
  constexpr std::uint32_t step = 64;  // Chunks: at most 16 MiB of records.
  for (std::uint32_t at = 0; at < index.count(); at += step) {
    ChunkRange chunks{at, std::min(at + step, index.count())};
    auto records = index.records(chunks);
    auto bytes = (*open)->reader->read({records.first, records.count()});
    if (!bytes) return "cannot be read: " + bytes.error().message;
    if (auto checked = check_chunks(index, chunks, *bytes); !checked)
      return "is damaged: " + checked.error().message;
  }
  return "";
}

/// What is wrong with a file; empty = nothing. Blocks.
std::string flaw_of(Inner& in, const FileRow& file, bool deep) {
  auto load = [&file](db::Tx& tx) -> Result<std::vector<StoredTerm>> {
    std::uint64_t first_byte = 0;
    return read_terms(tx, file.id, 0, file.size_bytes, first_byte);
  };
  auto terms = in.database.read_now(load);
  if (!terms) return terms.error().message;
  for (const auto& term : *terms) {
    auto xorb = in.open_xorb(term.xorb);
    if (!xorb) return "needs a xorb that cannot be opened: " + xorb.error().message;
    const auto& index = (*xorb)->index;
    ChunkRange chunks{term.chunk_first, term.chunk_end};
    ByteRange body{term.body_first, term.body_end};
    if (!index.contains(chunks) || index.content_bytes(chunks) != term.raw_bytes ||
        index.records(chunks) != body)
      return "has a term that lies outside its xorb";
  }
  auto reader = make_file_reader(in, *terms, file.size_bytes);
  if (!reader) return "has terms of another size";
  if (!deep) return "";
  Sha256 hasher;
  for (std::uint64_t at = 0; at < file.size_bytes; at += hash_step_bytes) {
    auto bytes = (*reader)->read({at, std::min(hash_step_bytes, file.size_bytes - at)});
    if (!bytes) return "cannot be put together: " + bytes.error().message;
    hasher.update(*bytes);
  }
  if (auto got = hasher.finish(); got != file.sha256) return "has SHA-256 " + got.hex();
  return "";
}

using Report = std::function<void(Finding)>;

Task<Result<>> check_xorbs(Inner& in, bool deep, const Report& report) {
  XorbId after;
  while (true) {
    auto page = [after](db::Tx& tx) -> Result<std::vector<XorbRow>> {
      return all_xorbs(tx, after, rows_per_step);
    };
    CAIRN_CO_TRY(rows, co_await in.database.read(page));
    for (const auto& row : rows) {
      auto inspect = [&in, &row, deep] { return flaw_of(in, row, deep); };
      auto flaw = co_await in.blocking.run(inspect);
      if (!flaw.empty()) report({true, "xorb " + row.hash.text() + " " + flaw, row.key.text});
      after = row.id;
    }
    if (rows.size() < rows_per_step) co_return Result<>{};
  }
}

Task<Result<>> check_files(Inner& in, bool deep, const Report& report) {
  lfs::ObjectId after;
  while (true) {
    auto page = [after](db::Tx& tx) -> Result<std::vector<CheckedFile>> {
      return all_files(tx, after, rows_per_step);
    };
    CAIRN_CO_TRY(files, co_await in.database.read(page));
    for (const auto& checked : files) {
      auto inspect = [&in, &checked, deep] { return flaw_of(in, checked.file, deep); };
      auto flaw = co_await in.blocking.run(inspect);
      std::string name = "file " + checked.hash.text();
      if (checked.linked && checked.condemned)
        report({true, name + " is linked, but condemned", ""});
      else if (!flaw.empty())
        report({checked.linked, name + " " + flaw, ""});
      else if (!checked.linked)
        report({false, name + " is in no repository", ""});
      after = checked.file.id;
    }
    if (files.size() < rows_per_step) co_return Result<>{};
  }
}

}  // namespace

Task<Result<Sweep>> Xet::collect(Duration grace, bool dry_run) {
  Inner& in = *inner_;
  Sweep sweep;
  if (dry_run) {
    CAIRN_CO_CHECK(co_await count_due(in, grace, sweep));
  } else {
    CAIRN_CO_CHECK(co_await forget_files(in, grace));
    CAIRN_CO_CHECK(co_await condemn_xorbs(in));
    CAIRN_CO_CHECK(co_await delete_xorbs(in, grace, sweep));
  }
  Time before = in.clock.now() - std::max(grace, orphan_age_min);
  std::optional<storage::Key> after;
  do {
    CAIRN_CO_TRY(page, co_await find_orphans(in, before, after));
    for (const auto& orphan : page.orphans) {
      count(sweep, orphan.size_bytes);
      if (dry_run) continue;
      log::info("xet.collect.orphan", {{"key", orphan.key.text}});
      CAIRN_CO_CHECK(co_await remove_key(in, orphan.key));
    }
    after = page.next;
  } while (after);
  co_return sweep;
}

Task<Result<>> Xet::check(bool deep, std::function<void(Finding)> report) {
  Inner& in = *inner_;
  CAIRN_CO_CHECK(co_await check_xorbs(in, deep, report));
  CAIRN_CO_CHECK(co_await check_files(in, deep, report));
  std::optional<storage::Key> after;
  do {
    CAIRN_CO_TRY(page, co_await find_orphans(in, {}, after));
    for (const auto& orphan : page.orphans)
      report({false, "bytes that no row names", orphan.key.text});
    after = page.next;
  } while (after);
  co_return Result<>{};
}

Task<Result<Stats>> Xet::stats() {
  auto sum = [](db::Tx& tx) -> Result<Totals> { return totals(tx); };
  CAIRN_CO_TRY(all, co_await inner_->database.read(sum));
  co_return Stats{all.files, all.logical_bytes, all.xorbs, all.stored_bytes};
}

Task<Result<Usage>> Xet::usage(RepoId repo) {
  auto sum = [repo](db::Tx& tx) -> Result<RepoTotals> { return totals(tx, repo); };
  CAIRN_CO_TRY(all, co_await inner_->database.read(sum));
  co_return Usage{all.logical_bytes, all.stored_bytes};
}

}  // namespace cairn::xet
