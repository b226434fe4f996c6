#pragma once
#include <string_view>

#include "hub/render/document.h"

namespace cairn::render {

/// Builds a document from HTML in which anything may stand: it is read into a tree by an HTML5
/// parser, and written anew with what is allowed. @pre valid UTF-8, at most `html_bytes_max`
[[nodiscard]] Document sanitize(std::string_view html, std::string_view folder, Pictures pictures);

}  // namespace cairn::render
