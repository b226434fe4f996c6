#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// The smallest valid files of two formats, for the examples.
namespace cairn::api::admin {

struct Tensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::vector<float> values;  ///< In row-major order, as many as the shape says.
};
/// A safetensors file: 8 bytes of header length, a JSON header, then the values as F32.
/// @param tensors  sorted by name.
[[nodiscard]] std::string safetensors(const std::vector<Tensor>& tensors);

struct Rgb {
  std::uint8_t red, green, blue;
};
/// A PNG of `size` × `size` pixels with diagonal stripes, not compressed (RFC 2083, RFC
/// 1951 3.2.4).
/// @pre size is at most 100.
[[nodiscard]] std::string striped_png(std::uint32_t size, Rgb first, Rgb second);

}  // namespace cairn::api::admin
