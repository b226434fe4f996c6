// The large files of an import: which are here, and bringing the others.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "hub/imports/lfs_client.h"
#include "hub/imports/run.h"

namespace cairn::imports {

namespace fs = std::filesystem;

Task<Result<std::vector<lfs::Wanted>>> Run::not_here() {
  constexpr std::size_t look_max = 500;
  std::set<Sha256Digest> here;
  for (std::size_t at = 0; at < large_.size(); at += look_max) {
    auto look = [this, at](db::Tx& tx) -> Result<std::vector<lfs::Linked>> {
      std::vector<Sha256Digest> names;
      for (std::size_t i = at; i < std::min(large_.size(), at + look_max); ++i)
        names.push_back(large_[i].sha256);
      return lfs::linked_among(tx, import_.repo, names);
    };
    CAIRN_CO_TRY(linked, co_await parts_.database.read(look));
    for (const auto& file : linked) here.insert(file.sha256);
  }
  std::vector<lfs::Wanted> out;
  for (const auto& file : large_) {
    counters_.file_bytes_total += file.size_bytes;
    if (!here.contains(file.sha256)) {
      out.push_back(file);
      continue;
    }
    ++counters_.files_done;
    counters_.file_bytes_done += file.size_bytes;
  }
  counters_.files_total = large_.size();
  co_return out;
}

Task<Result<>> Run::bring_large_files() {
  CAIRN_CO_TRY(wanted, co_await not_here());
  CAIRN_CO_CHECK(co_await keep_row());
  const auto file_max = parts_.large_files.options().file_bytes_max;
  for (const auto& file : wanted)
    if (file.size_bytes > file_max)
      co_return fail(ErrorCode::too_large, "FileTooLarge",
                     "The source has a file of " + human_bytes(file.size_bytes) +
                         "; this hub takes files up to " + human_bytes(file_max) + ".");
  for (std::size_t at = 0; at < wanted.size(); at += batch_max) {
    auto end =
        wanted.begin() + static_cast<std::ptrdiff_t>(std::min(wanted.size(), at + batch_max));
    std::vector<lfs::Wanted> batch(wanted.begin() + static_cast<std::ptrdiff_t>(at), end);
    if (!import_.local) {
      CAIRN_CO_CHECK(co_await bring_batch(std::move(batch)));
      continue;
    }
    for (const auto& file : batch) CAIRN_CO_CHECK(co_await bring_from_folder(file));
  }
  if (missing_.empty()) co_return Result<>{};
  std::string first;
  for (std::size_t i = 0; i < std::min<std::size_t>(missing_.size(), 5); ++i)
    first += (i ? ", " : "") + missing_[i];
  co_return fail(ErrorCode::unprocessable, "LargeFilesMissing",
                 "The source lacks " + std::to_string(missing_.size()) +
                     " of the large files that its history names (" + first +
                     (missing_.size() > 5 ? ", …" : "") + "). " +
                     (import_.local ? "Run git lfs fetch --all there, then import again."
                                    : "Add them there, then import again."));
}

Task<Result<>> Run::bring_from_folder(lfs::Wanted file) {
  auto hex = file.sha256.hex();
  std::string path =
      local_.git_folder + "/lfs/objects/" + hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex;
  auto look = [path, size = file.size_bytes] {
    std::error_code failed;
    return fs::is_regular_file(path, failed) && fs::file_size(path, failed) == size;
  };
  if (!co_await parts_.blocking.run(look)) {
    missing_.push_back(hex);
    co_return Result<>{};
  }
  CAIRN_CO_CHECK(co_await link(file, path));
  counters_.file_bytes_done += file.size_bytes;
  co_return co_await keep_row();
}

Task<Result<>> Run::bring_batch(std::vector<lfs::Wanted> files) {
  LfsClient client(parts_.outbound, source_, authorization_, stop_);
  std::vector<Offer> offers;
  auto ask = [&]() -> Result<> {
    CAIRN_TRY(got, client.ask(files));
    offers = std::move(got);
    return {};
  };
  CAIRN_CO_CHECK(co_await step(ask));
  for (const auto& offer : offers) {
    if (offer.url.empty()) {
      missing_.push_back(offer.file.sha256.hex());
      continue;
    }
    std::string path = folder_ + "/large/" + offer.file.sha256.hex();
    const std::uint64_t before = counters_.file_bytes_done;
    auto arrived = [this, before](std::uint64_t bytes) {
      counters_.file_bytes_done = before + bytes;
    };
    auto download = [&] { return client.download(offer, path, arrived); };
    CAIRN_CO_CHECK(co_await step(download));
    CAIRN_CO_CHECK(co_await link(offer.file, path));
    std::error_code ignored;
    fs::remove(path, ignored);
    counters_.file_bytes_done = before + offer.file.size_bytes;
  }
  co_return Result<>{};
}

/// The bytes of a file become a large file of the repository; hashed once more on the way.
Task<Result<>> Run::link(lfs::Wanted file, std::string path) {
  constexpr std::size_t piece_bytes = 1u << 20;
  auto in = std::make_shared<std::ifstream>(path, std::ios::binary);
  auto read = [this, in]() -> Task<Result<std::string>> {
    auto some = [in]() -> std::string {
      std::string piece(piece_bytes, '\0');
      in->read(piece.data(), static_cast<std::streamsize>(piece.size()));
      piece.resize(static_cast<std::size_t>(in->gcount()));
      return piece;
    };
    co_return co_await parts_.blocking.run(some);
  };
  auto added = co_await parts_.large_files.add(import_.repo, import_.user, file, read);
  if (!added &&
      (added.error().word == "LfsHashMismatch" || added.error().word == "LfsSizeMismatch"))
    co_return fail(ErrorCode::unprocessable, "SourceSentOther",
                   "The large file " + file.sha256.hex() +
                       " has other bytes than its name says. Repair it where it comes from.");
  if (!added) co_return fail(added.error());
  ++counters_.files_done;
  co_return Result<>{};
}

}  // namespace cairn::imports
