#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "hub/imports/source.h"
#include "hub/lfs/lfs.h"
#include "platform/http/outbound.h"

/// Large files of another server, by the Git LFS batch API. All of it blocks.
namespace cairn::imports {

/// Where one can be had.
struct Offer {
  lfs::Wanted file;
  std::string url;  ///< Empty: the source does not have it.
  http::Headers headers;
};

/// Files asked about at once; servers take some hundred.
constexpr std::size_t batch_max = 100;

class LfsClient {
 public:
  /// @param outbound, stop  outlive it.
  LfsClient(const http::Outbound& outbound, Source source, std::string authorization,
            const std::atomic<bool>& stop);

  /// @param files  at most `batch_max`. @return one offer for each, in order; `forbidden`, word
  ///         "SourceNeedsToken"; `unprocessable` "SourceHasNoLfs"; `unavailable`
  ///         "SourceUnavailable".
  [[nodiscard]] Result<std::vector<Offer>> ask(const std::vector<lfs::Wanted>& files) const;

  /// Writes the bytes to a file, behind what a run before this one left there; hashed as they
  /// arrive. What turns out wrong is removed.
  /// @param arrived  told how many bytes came.
  /// @return `unprocessable`, word "SourceSentOther", for other bytes than the name says;
  ///         `unavailable` "SourceUnavailable"; `storage_full`.
  [[nodiscard]] Result<> download(const Offer& offer, const std::string& path,
                                  const std::function<void(std::uint64_t)>& arrived) const;

 private:
  const http::Outbound& outbound_;
  Source source_;
  std::string authorization_;
  const std::atomic<bool>& stop_;
};

/// Reads the answer to a batch. @return `unavailable`, word "SourceUnavailable", for anything else.
[[nodiscard]] Result<std::vector<Offer>> parse_batch(std::string_view body,
                                                     const std::vector<lfs::Wanted>& files,
                                                     const Source& source,
                                                     const std::string& authorization);

}  // namespace cairn::imports
