#pragma once
#include <string>
#include <vector>

#include "hub/repo/types.h"

namespace cairn::api::admin {

struct ExampleFile {
  std::string path;
  std::string content;
};

/// A repository that this project wrote: small, and whole in what a repository can have.
struct Example {
  RepoKind kind = RepoKind::model;
  std::string name;  ///< Without owner.
  std::string sdk;   ///< Spaces.
  std::vector<ExampleFile> files;
};

/// The owner of the examples.
constexpr std::string_view examples_owner = "examples";

/// A model with its weights and a full card, a dataset in many scripts with pictures, a static
/// space. The same bytes at every call.
[[nodiscard]] std::vector<Example> all_examples();

}  // namespace cairn::api::admin
