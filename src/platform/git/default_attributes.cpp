#include "platform/git/attributes.h"

namespace cairn::git {
namespace {

/// Weights, arrays, tables and archives: formats no line-based diff can show.
constexpr std::string_view weights[] = {
    "*.7z",      "*.arrow",       "*.bin",
    "*.bz2",     "*.ckpt",        "*.ftz",
    "*.gguf",    "*.gz",          "*.h5",
    "*.joblib",  "*.lfs.*",       "*.mlmodel",
    "*.model",   "*.msgpack",     "*.npy",
    "*.npz",     "*.onnx",        "*.ot",
    "*.parquet", "*.pb",          "*.pickle",
    "*.pkl",     "*.pt",          "*.pth",
    "*.rar",     "*.safetensors", "saved_model/**/*",
    "*.tar.*",   "*.tar",         "*.tflite",
    "*.tgz",     "*.wasm",        "*.xz",
    "*.zip",     "*.zst",         "*tfevents*",
};

constexpr std::string_view audio[] = {
    "*.aac",  "*.aif", "*.aiff", "*.flac", "*.m4a", "*.mp3", "*.ogg",
    "*.opus", "*.pcm", "*.raw",  "*.sam",  "*.wav", "*.wma",
};

constexpr std::string_view images[] = {
    "*.avif", "*.bmp", "*.gif", "*.heic", "*.jp2",  "*.jpeg",
    "*.jpg",  "*.png", "*.tif", "*.tiff", "*.webp",
};

constexpr std::string_view video[] = {"*.avi", "*.mkv", "*.mov", "*.mp4", "*.webm"};

template <std::size_t N>
void append_rules(std::string& out, const std::string_view (&patterns)[N]) {
  for (auto pattern : patterns) {
    out += pattern;
    out += " filter=lfs diff=lfs merge=lfs -text\n";
  }
}

}  // namespace

std::string default_gitattributes(LargeFiles kinds) {
  std::string out;
  append_rules(out, weights);
  if (kinds == LargeFiles::weights_and_media) {
    out += "# Audio\n";
    append_rules(out, audio);
    out += "# Images\n";
    append_rules(out, images);
    out += "# Video\n";
    append_rules(out, video);
  }
  return out;
}

}  // namespace cairn::git
