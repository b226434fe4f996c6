#include "hub/pictures/pictures.h"

#include "base/kept.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/process/slots.h"

namespace cairn::pictures {
namespace {

constexpr std::string_view purpose = "picture of another host";
constexpr std::size_t url_bytes_max = 4096;
constexpr std::size_t waiting_max = 100;
constexpr Duration patience = seconds(10);

/// An SVG begins with its element, behind an XML declaration, a document type and comments.
bool is_svg(std::string_view bytes) {
  constexpr std::size_t looked_at = 4096;
  std::string_view text = bytes.substr(0, looked_at);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.starts_with("<svg")) return true;
    std::string_view end;
    if (text.starts_with("<?xml"))
      end = "?>";
    else if (text.starts_with("<!--"))
      end = "-->";
    else if (text.starts_with("<!DOCTYPE svg"))
      end = ">";
    else
      return false;
    auto at = text.find(end);
    if (at == text.npos) return false;
    text.remove_prefix(at + end.size());
  }
}

Failure no_picture() {
  return fail(ErrorCode::unavailable, "PictureUnavailable",
              "The other host gave no picture that can be shown.");
}

}  // namespace

std::optional<std::string_view> type_of(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "image/gif";
  if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv)
    return "image/webp";
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp"sv) {
    auto brand = bytes.substr(8, 4);
    if (brand == "avif"sv || brand == "avis"sv) return "image/avif";
  }
  if (is_svg(bytes)) return "image/svg+xml";
  return std::nullopt;
}

struct Pictures::State {
  State(Blocking& b, const Keyring& k, Options o)
      : blocking(b),
        keyring(k),
        options(std::move(o)),
        slots(options.at_once_max, std::max<std::size_t>(options.at_once_max / 2, 1), waiting_max),
        kept(options.cache_bytes_max, options.cache_rows_max) {}

  /// Blocks. @return with an empty type when there is none.
  PictureRef ask(const std::string& url) {
    Picture out;
    auto body = options.fetch(url, picture_bytes_max);
    if (!body) {
      log::info("picture.failed", {{"error", body.error().word}});
    } else if (auto type = type_of(*body)) {
      out = {*type, std::move(*body)};
    } else {
      log::info("picture.failed", {{"error", "NoPicture"}});
    }
    auto age = out.type.empty() ? options.failure_kept : options.kept;
    auto picture = std::make_shared<const Picture>(std::move(out));
    kept.add(url, picture, picture->bytes.size(),
             Kept<Picture>::Monotonic::now() + std::chrono::microseconds(age.us));
    return picture;
  }

  Blocking& blocking;
  const Keyring& keyring;
  Options options;
  process::Slots slots;
  Kept<Picture> kept;
};

Pictures::Pictures(Blocking& blocking, const Keyring& keyring, Options options)
    : state_(std::make_unique<State>(blocking, keyring, std::move(options))) {}
Pictures::~Pictures() = default;

std::string Pictures::address(std::string_view url) const {
  return "/-/pictures/" + state_->keyring.sign(purpose, url) + "?url=" + percent_encode(url);
}

Task<Result<PictureRef>> Pictures::get(std::string signature, std::string url, std::string who) {
  auto* state = state_.get();
  if (url.size() > url_bytes_max || !state->keyring.verify(purpose, url, signature))
    co_return fail(
        ErrorCode::invalid_argument, "InvalidPicture",
        "This hub shows no picture under this address. Load the page that names it again.");
  auto found = state->kept.find(url);
  if (!found) {
    CAIRN_CO_TRY(slot, co_await state->slots.acquire(std::move(who), patience));
    (void)slot;  // Held until the answer is there.
    // Somebody else may have asked while this one waited.
    found = state->kept.find(url);
    if (!found) {
      auto ask = [state, url] { return state->ask(url); };
      found = co_await state->blocking.run(ask);
    }
  }
  if (found->type.empty()) co_return no_picture();
  co_return found;
}

}  // namespace cairn::pictures
