#pragma once
#include <string>
#include <string_view>

namespace cairn::xet {

/// Decodes one LZ4 frame (lz4_Frame_format.md 1.6) to exactly `size` bytes: independent and linked
/// blocks, stored blocks, checksums and content size where present. No dictionary id, nothing after
/// the frame. Writes only `into[0, size)` and allocates nothing, whatever the frame announces.
/// @return nothing when it worked; else what is wrong, as the end of a sentence.
[[nodiscard]] const char* decode_lz4_frame(std::string_view frame, char* into, std::size_t size);

/// Appends `content` as one frame: one block, independent, no checksums, as every decoder of the
/// protocol reads it. @pre at most 4 MiB.
void append_lz4_frame(std::string& out, std::string_view content);

}  // namespace cairn::xet
