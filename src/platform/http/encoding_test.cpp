#include "platform/http/encoding.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "platform/http/chunked.h"
#include "platform/http/metrics.h"

namespace cairn::http {
namespace {

std::string gunzip(const std::string& in) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string unzstd(const std::string& in) {
  std::string out(1 << 20, '\0');
  out.resize(ZSTD_decompress(out.data(), out.size(), in.data(), in.size()));
  return out;
}

TEST(AcceptEncoding, PrefersZstdAndHonorsQualities) {
  EXPECT_EQ(choose_encoding(""), Encoding::identity);
  EXPECT_EQ(choose_encoding("identity"), Encoding::identity);
  EXPECT_EQ(choose_encoding("br"), Encoding::identity);
  EXPECT_EQ(choose_encoding("gzip, deflate, br, zstd"), Encoding::zstd);
  EXPECT_EQ(choose_encoding("gzip, deflate"), Encoding::gzip);
  EXPECT_EQ(choose_encoding("*"), Encoding::gzip);
  EXPECT_EQ(choose_encoding("gzip;q=0, *;q=0.5"), Encoding::identity);
  EXPECT_EQ(choose_encoding("gzip;q=1, zstd;q=0.5"), Encoding::gzip);
  EXPECT_EQ(choose_encoding("gzip;q=0.5, identity;q=1"), Encoding::identity);
  EXPECT_EQ(choose_encoding("GZIP ; q=0.1"), Encoding::gzip);
  EXPECT_EQ(choose_encoding("gzip;q=x"), Encoding::identity);
}

Response compressed(Response response, std::string accept) {
  auto request = Request::make(Method::get, "/", {{"Accept-Encoding", accept}});
  compress(*request, response);
  return response;
}

TEST(Compression, BothEncodingsComeBackWhole) {
  std::string body;
  for (int i = 0; i < 5000; ++i) body += std::to_string(i * 7919 % 1000) + ",";
  for (int round = 0; round < 2; ++round) {  // The second uses what the first left behind.
    auto gz = compressed(text(200, body), "gzip");
    EXPECT_EQ(gz.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(gunzip(std::string(gz.text())), body);
    auto zs = compressed(text(200, body), "zstd");
    EXPECT_EQ(zs.headers.get("Content-Encoding"), "zstd");
    EXPECT_EQ(unzstd(std::string(zs.text())), body);
    EXPECT_EQ(zs.headers.get("Vary"), "Accept-Encoding");
  }
  std::string large(600 << 10, 'x');
  EXPECT_EQ(gunzip(gzip(large)), large);
}

TEST(Compression, LeavesAloneWhatItShould) {
  std::string body(2000, 'x');
  EXPECT_EQ(compressed(text(200, body), "identity").text(), body);
  EXPECT_EQ(compressed(text(200, body), "identity").headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(compressed(text(200, body.substr(0, 1023)), "gzip").text().size(), 1023u);
  EXPECT_EQ(compressed(text(200, body, "image/png"), "gzip").text(), body);
  EXPECT_EQ(compressed(text(206, body), "gzip").text(), body);
  EXPECT_EQ(compressed(text(200, body).with("ETag", "\"v1\""), "gzip").text(), body);
  EXPECT_EQ(compressed(text(200, body).with("Content-Encoding", "br"), "gzip").text(), body);
}

std::string decoded(std::string_view in, std::size_t step, bool& done, std::size_t& used) {
  ChunkedDecoder decoder;
  std::string out;
  used = 0;
  while (used < in.size() && !decoder.done() && !decoder.failed())
    used += decoder.decode(in.substr(used, step), out);
  done = decoder.done();
  return decoder.failed() ? "failed" : out;
}

TEST(Chunked, DecodesHoweverTheBytesArrive) {
  std::string_view in =
      "5\r\nhello\r\n6;name=\"v\"\r\n world\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\nGET /";
  for (std::size_t step = 1; step <= in.size(); ++step) {
    bool done = false;
    std::size_t used = 0;
    EXPECT_EQ(decoded(in, step, done, used), "hello world");
    EXPECT_TRUE(done);
    EXPECT_EQ(in.substr(used), "GET /");
  }
}

TEST(Chunked, RefusesWhatAnotherReaderMightReadOtherwise) {
  for (std::string_view in : {"\r\n", "g\r\n", "5\nhello\r\n", "5\r\nhello\n0\r\n\r\n",
                              "5\r\nhelloX", "-1\r\n", "0x5\r\n", "1234567890abcdef0\r\n", "5 \n",
                              "0\r\n\n", "0\r\nA: b\n\r\n", "5;a\nb\r\nhello\r\n"}) {
    bool done = false;
    std::size_t used = 0;
    EXPECT_EQ(decoded(in, 100, done, used), "failed") << in;
  }
}

TEST(Chunked, ExtensionsAndTrailersHaveALimit) {
  bool done = false;
  std::size_t used = 0;
  EXPECT_EQ(decoded("5;" + std::string(5000, 'x'), 5000, done, used), "failed");
  EXPECT_EQ(decoded("0\r\n" + std::string(5000, 'x'), 5000, done, used), "failed");
}

TEST(Metrics, PrintAsPrometheusText) {
  Metrics metrics;
  metrics.counter("cairn_x_total", "Things.", {{"kind", "a\"b\\c\nd"}}).add(3);
  metrics.counter("cairn_x_total", "Things.", {{"kind", "a\"b\\c\nd"}}).add();
  metrics.gauge("cairn_open", "Open.", [] { return 2.5; });
  metrics.gauges("cairn_queue", "Waiting.",
                 [] { return std::vector<Metrics::Sample>{{{{"kind", "merge"}}, 7}}; });
  auto& histogram = metrics.histogram("cairn_t_seconds", "Time.");
  histogram.observe(0.0005);
  histogram.observe(0.02);
  histogram.observe(100);
  auto text = metrics.prometheus_text();
  for (auto line :
       {"# TYPE cairn_x_total counter\n", "cairn_x_total{kind=\"a\\\"b\\\\c\\nd\"} 4\n",
        "cairn_open 2.5\n", "cairn_queue{kind=\"merge\"} 7\n",
        "cairn_t_seconds_bucket{le=\"0.0005\"} 1\n", "cairn_t_seconds_bucket{le=\"0.025\"} 2\n",
        "cairn_t_seconds_bucket{le=\"60\"} 2\n", "cairn_t_seconds_bucket{le=\"+Inf\"} 3\n",
        "cairn_t_seconds_count 3\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

}  // namespace
}  // namespace cairn::http
