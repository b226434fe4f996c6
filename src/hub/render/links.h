#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace cairn::render {

/// What an address in a document means.
struct Link {
  enum class Kind {
    fragment,  ///< "#x", on the same page.
    here,      ///< On this hub: a path, or a mark and a path.
    elsewhere,
    mail,
  };
  Kind kind = Kind::fragment;
  std::string url;       ///< Ready for an attribute but for HTML escapes.
  std::string fragment;  ///< Without '#'; part of `url` as well.
};

enum class Use { link, media };

/// Reads an address as a browser would, and takes only what can do no harm: http, https, mail,
/// fragments and paths. @return empty for all else.
[[nodiscard]] std::optional<Link> read_link(std::string_view text, std::string_view folder,
                                            Use use);

/// "host.example" of an absolute address; empty for others.
[[nodiscard]] std::string_view host_of(std::string_view url);

/// What `place_links` replaces, with a letter behind it. No valid UTF-8 text has this byte.
constexpr char mark = '\xff';

}  // namespace cairn::render
