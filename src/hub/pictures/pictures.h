#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/keyring.h"
#include "base/task.h"

/// Pictures of other hosts that cards show, asked for by the hub.
namespace cairn::pictures {

/// Larger ones are not shown: they are held in memory, and a card has many.
constexpr std::size_t picture_bytes_max = 5u << 20;

struct Options {
  /// The body of an address on another host; blocks. The caller sees to which servers may be asked.
  std::function<Result<std::string>(const std::string& url, std::size_t bytes_max)> fetch;
  std::size_t at_once_max = 4;  ///< Questions to other hosts; each takes a thread while it lasts.
  std::size_t cache_bytes_max = 64u << 20;
  std::size_t cache_rows_max = 10'000;
  Duration kept = hours(24);
  /// What gave no picture is not asked for again for so long.
  Duration failure_kept = minutes(5);
};

struct Picture {
  std::string_view type;  ///< "image/png".
  std::string bytes;
};
using PictureRef = std::shared_ptr<const Picture>;

/// "image/png" and the like of what a browser draws, by its first bytes; empty for all else.
[[nodiscard]] std::optional<std::string_view> type_of(std::string_view bytes);

/// Thread-safe. References outlive it.
class Pictures {
 public:
  Pictures(Blocking& blocking, const Keyring& keyring, Options options);
  ~Pictures();
  Pictures(const Pictures&) = delete;
  Pictures& operator=(const Pictures&) = delete;

  /// Where a page of this hub shows the picture: "/-/pictures/<signature>?url=…", ready for an
  /// attribute.
  [[nodiscard]] std::string address(std::string_view url) const;

  /// @param who  whose share of the questions it takes: an account, an address.
  /// @return `invalid_argument` "InvalidPicture" for what `address` did not make; `unavailable`
  ///         "PictureUnavailable" when there is none, "HubBusy" when too many wait.
  Task<Result<PictureRef>> get(std::string signature, std::string url, std::string who);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cairn::pictures
