#include "platform/http/encoding.h"

#include <charconv>
#include <memory>
#include <stdexcept>

#include <zlib.h>
#include <zstd.h>

#include "base/text.h"

namespace cairn::http {
namespace {

/// Above this the fastest level: it runs on an I/O thread, where others wait.
constexpr std::size_t fast_above_bytes = 512u << 10;

/// A quality between 0 and 1; malformed counts as 0, so that no client gets what it did not ask.
double quality(std::string_view parameters) {
  for (auto parameter : split(parameters, ';')) {
    parameter = trim(parameter);
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    parameter.remove_prefix(2);
    double value = 0;
    auto [end, error] =
        std::from_chars(parameter.data(), parameter.data() + parameter.size(), value);
    return error == std::errc{} && value >= 0 && value <= 1 ? value : 0;
  }
  return 1;
}

/// Kept per thread and reset: setting one up costs more than compressing a small answer.
class Deflater {
 public:
  Deflater() {
    // 16 + 15: a gzip header around the largest window.
    if (deflateInit2(&stream_, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflater() { deflateEnd(&stream_); }

  std::string run(std::string_view text) {
    deflateReset(&stream_);
    deflateParams(&stream_, text.size() > fast_above_bytes ? 1 : 5, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream_, text.size()), '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate failed");
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_{};
};

}  // namespace

Encoding choose_encoding(std::string_view accept_encoding) {
  double gzip_quality = -1, zstd_quality = -1, identity_quality = -1, any_quality = -1;
  for (auto item : split(accept_encoding, ',')) {
    auto semicolon = item.find(';');
    auto name = trim(item.substr(0, semicolon));
    double q = quality(semicolon == std::string_view::npos ? "" : item.substr(semicolon + 1));
    if (equal_names(name, "gzip") || equal_names(name, "x-gzip")) gzip_quality = q;
    if (equal_names(name, "zstd")) zstd_quality = q;
    if (equal_names(name, "identity")) identity_quality = q;
    if (name == "*") any_quality = q;
  }
  // `*` stands for gzip, which everyone can read, not for zstd.
  if (gzip_quality < 0) gzip_quality = any_quality;
  double best = std::max(gzip_quality, zstd_quality);
  if (best <= 0 || identity_quality > best) return Encoding::identity;
  return zstd_quality >= gzip_quality ? Encoding::zstd : Encoding::gzip;
}

bool is_compressible(std::string_view content_type) {
  auto type = to_lower_ascii(trim(content_type.substr(0, content_type.find(';'))));
  return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
         type == "application/javascript" || type == "application/xml" || type.ends_with("+xml") ||
         type == "application/x-ndjson" || type == "application/wasm";
}

std::string gzip(std::string_view text) {
  thread_local Deflater deflater;
  return deflater.run(text);
}

std::string zstd(std::string_view text) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  std::string out(ZSTD_compressBound(text.size()), '\0');
  auto size = ZSTD_compressCCtx(context.get(), out.data(), out.size(), text.data(), text.size(),
                                text.size() > fast_above_bytes ? 1 : 3);
  if (ZSTD_isError(size)) throw std::runtime_error("zstd failed");
  out.resize(size);
  return out;
}

void compress(const Request& request, Response& response) {
  auto body = response.text();
  // 1 GiB: zlib counts in 32 bits.
  if (body.size() < compress_bytes_min || body.size() > (1u << 30)) return;
  if (response.status == 206 || response.headers.has("Content-Encoding") ||
      response.headers.has("ETag") || response.headers.has("Accept-Ranges") ||
      !is_compressible(response.headers.get("Content-Type")))
    return;
  response.headers.add_token("Vary", "Accept-Encoding");
  auto encoding = choose_encoding(request.headers().joined("Accept-Encoding"));
  if (encoding == Encoding::identity) return;
  response.body = encoding == Encoding::zstd ? zstd(body) : gzip(body);
  response.headers.set("Content-Encoding", encoding == Encoding::zstd ? "zstd" : "gzip");
}

}  // namespace cairn::http
