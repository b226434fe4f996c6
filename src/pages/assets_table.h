#pragma once
#include <span>

/// What CMake writes into the build folder from the files of web/build (cmake/Assets.cmake).
namespace cairn::pages {

struct EmbeddedFile {
  const char* path;  ///< "/-/app/immutable/x.js.br".
  const char* begin;
  const char* end;
};
/// Sorted by path as bytes; empty without web/build.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

}  // namespace cairn::pages
