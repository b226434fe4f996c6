#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/repo/commits.h"

namespace cairn::repo {

/// One line of a commit body as read, before it means anything.
struct BodyItem {
  std::string kind;        ///< "header", "file", "lfsFile", "deletedFile"…
  bool is_object = false;  ///< `value` was an object.
  std::string summary, description, parent;
  std::string path, old_path, content, encoding, algo, oid;
  bool has_content = false;
  std::optional<std::uint64_t> size_bytes;
  bool bad_size = false;

  /// Where a text member goes; null for members nobody reads.
  [[nodiscard]] std::string* header_slot(std::string_view key);
  [[nodiscard]] std::string* slot(std::string_view key);
  /// The older form's next operation. @param list  "files", "lfsFiles", "deletedFiles"…
  void reset_op(std::string_view list);

  struct Made {
    std::vector<CommitOp> ops;
    std::uint64_t bytes = 0;  ///< Of regular files.
  };
  /// Decodes, checks, and stages a file's content; the texts are then gone.
  [[nodiscard]] Result<Made> to_ops(history::Staging& staging, std::size_t file_bytes_max);
};

[[nodiscard]] Error file_too_large(const std::string& path, std::size_t file_bytes_max);

}  // namespace cairn::repo
