#pragma once
#include <string_view>

namespace cairn::people {

/// Whether this may be a picture that was sent whole: begins as PNG, JPEG or GIF do, nothing that
/// the child's other readers take; and a PNG has all its chunks up to IEND (PNG
/// specification, 5.3), because the reader shows what is there of one that was cut off. No more
/// than that is read.
[[nodiscard]] bool is_whole_picture(std::string_view bytes);

}  // namespace cairn::people
