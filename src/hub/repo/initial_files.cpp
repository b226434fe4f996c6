#include "hub/repo/initial_files.h"

#include <map>

#include "base/text.h"
#include "platform/git/attributes.h"
#include "platform/git/special_file.h"

namespace cairn::repo {
namespace {

constexpr std::size_t field_bytes_max = 200;
/// As the pages of Spaces show it.
constexpr std::size_t short_description_max = 60;

/// A text as YAML: plain where that cannot be read as anything else, else quoted as JSON does,
/// which YAML 1.2 includes.
std::string yaml_text(const std::string& text) {
  bool plain = !text.empty() &&
               text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  plain = plain && text[0] >= 'a' && text[0] <= 'z' && text != "true" && text != "false" &&
          text != "null";
  return plain ? text : json::serialize(json::value(text));
}

std::string line(std::string_view key, const std::string& value) {
  return value.empty() ? "" : std::string(key) + ": " + yaml_text(value) + "\n";
}

std::string license_lines(const NewRepo& request) {
  return line("license", request.license) + line("license_name", request.license_name) +
         line("license_link", request.license_link);
}

std::string app_file(const std::string& sdk) {
  if (sdk == "static") return "index.html";
  return sdk == "docker" ? "" : "app.py";
}

std::string space_readme(const NewRepo& request) {
  std::string text = "---\n" + line("title", request.name);
  text += "emoji: 🪨\ncolorFrom: gray\ncolorTo: blue\n";
  text += line("sdk", request.sdk) + line("sdk_version", request.sdk_version) +
          line("app_file", app_file(request.sdk));
  text += "pinned: false\n" + license_lines(request) +
          line("short_description", request.short_description) + "---\n\n";
  text += "# " + request.name + "\n";
  return text;
}

constexpr std::string_view static_page = R"html(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>A static space</title>
  </head>
  <body>
    <h1>A static space</h1>
    <p>Edit <code>index.html</code> to change this page.</p>
  </body>
</html>
)html";

Result<> check_fields(const NewRepo& request) {
  for (const auto* field : {&request.license, &request.license_name, &request.license_link,
                            &request.sdk_version, &request.short_description}) {
    if (field->size() > field_bytes_max || !is_valid_utf8(*field) || field->contains('\0'))
      return fail(
          ErrorCode::invalid_argument, "InvalidField",
          "License fields, sdkVersion and short_description are texts of at most 200 bytes.");
  }
  if (request.kind != RepoKind::space) return {};
  if (request.short_description.size() > short_description_max * 4)
    return fail(ErrorCode::invalid_argument, "InvalidField",
                "short_description has at most 60 characters.");
  for (std::string_view known : {"gradio", "docker", "static", "streamlit"})
    if (request.sdk == known) return {};
  return fail(ErrorCode::invalid_argument, "InvalidSdk",
              "A space needs \"sdk\": gradio, docker, static or streamlit.");
}

}  // namespace

Result<std::vector<FirstFile>> first_files(const NewRepo& request) {
  CAIRN_CHECK(check_fields(request));
  if (request.files.size() > initial_files_max)
    return fail(ErrorCode::too_large, "TooManyFiles",
                "A repository is created with at most 100 files. Commit the others afterwards.");
  std::map<std::string, std::string> files;
  bool media = request.kind == RepoKind::dataset;
  files[".gitattributes"] = git::default_gitattributes(media ? git::LargeFiles::weights_and_media
                                                             : git::LargeFiles::weights);
  if (request.kind == RepoKind::space) {
    files["README.md"] = space_readme(request);
    if (request.sdk == "static") files["index.html"] = static_page;
  } else if (auto license = license_lines(request); !license.empty()) {
    files["README.md"] = "---\n" + license + "---\n";
  }
  std::size_t bytes = 0;
  for (const auto& file : request.files) {
    bytes += file.content.size();
    files[file.path] = file.content;
  }
  if (bytes > initial_bytes_max)
    return fail(ErrorCode::too_large, "FilesTooLarge",
                "A repository is created with at most 10 MB of files. Commit them afterwards.");
  std::vector<FirstFile> out;
  for (auto& [name, content] : files) {
    CAIRN_TRY(path, git::parse_path(name));
    CAIRN_CHECK(git::check_special_file(path, git::FileMode::regular, content));
    out.push_back({std::move(path), std::move(content)});
  }
  return out;
}

}  // namespace cairn::repo
