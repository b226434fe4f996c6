#include "api/cas/wire.h"

#include <charconv>

namespace cairn::api::cas {
namespace {

Failure invalid_range() {
  return fail(ErrorCode::invalid_argument, "InvalidRange",
              "The Range header must name one range of bytes: bytes=a-b, bytes=a- or bytes=-n.");
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

json::object chunks_json(xet::ChunkRange chunks) {
  return {{"start", chunks.first}, {"end", chunks.end}};
}

/// Bytes end inclusively, chunks exclusively: so has the protocol it.
json::object bytes_json(xet::ByteRange bytes) {
  return {{"start", bytes.first}, {"end", bytes.end - 1}};
}

json::object with_terms(const xet::Reconstruction& reconstruction) {
  json::array terms;
  terms.reserve(reconstruction.terms.size());
  for (const auto& term : reconstruction.terms)
    terms.push_back(json::object{{"hash", term.xorb.text()},
                                 {"unpacked_length", term.content_bytes},
                                 {"range", chunks_json(term.chunks)}});
  return {{"offset_into_first_range", reconstruction.offset_into_first_range},
          {"terms", std::move(terms)}};
}

std::string line_of(const json::object& event) {
  return json::serialize(event) + "\n";
}

}  // namespace

Result<std::optional<xet::Span>> parse_span(std::string_view header) {
  if (header.empty()) return std::optional<xet::Span>{};
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return invalid_range();
  header.remove_prefix(unit.size());
  auto dash = header.find('-');
  if (dash == header.npos) return invalid_range();
  auto first_text = header.substr(0, dash), last_text = header.substr(dash + 1);
  xet::Span span{parse_u64(first_text), parse_u64(last_text)};
  bool sound = (first_text.empty() || span.first) && (last_text.empty() || span.last) &&
               (span.first || span.last) &&
               (!span.first || !span.last || *span.first <= *span.last);
  if (!sound) return invalid_range();
  return std::optional(span);
}

json::value reconstruction_v1(const xet::Reconstruction& reconstruction) {
  auto out = with_terms(reconstruction);
  json::object all;
  for (const auto& xorb : reconstruction.xorbs) {
    json::array fetches;
    for (const auto& fetch : xorb.fetches)
      fetches.push_back(json::object{{"url", fetch.url},
                                     {"range", chunks_json(fetch.chunks)},
                                     {"url_range", bytes_json(fetch.body)}});
    all[xorb.hash.text()] = std::move(fetches);
  }
  out["fetch_info"] = std::move(all);
  return out;
}

json::value reconstruction_v2(const xet::Reconstruction& reconstruction) {
  auto out = with_terms(reconstruction);
  json::object all;
  for (const auto& xorb : reconstruction.xorbs) {
    // One range per URL satisfies every client (7.5).
    json::array fetches;
    for (const auto& fetch : xorb.fetches)
      fetches.push_back(
          json::object{{"url", fetch.url},
                       {"ranges", json::array{json::object{{"chunks", chunks_json(fetch.chunks)},
                                                           {"bytes", bytes_json(fetch.body)}}}}});
    all[xorb.hash.text()] = std::move(fetches);
  }
  out["xorbs"] = std::move(all);
  return out;
}

std::string progress_line(const xet::Progress& progress) {
  return line_of({{"type", "validating"},
                  {"verified", progress.verified_bytes},
                  {"total", progress.total_bytes}});
}

std::string result_line(const xet::Progress& progress) {
  return line_of({{"type", "result"}, {"result", progress.is_new ? 1 : 0}});
}

std::string error_line(const Error& error) {
  bool retryable = error.code == ErrorCode::unavailable || error.code == ErrorCode::internal ||
                   error.code == ErrorCode::storage_full;
  return line_of({{"type", "error"}, {"message", error.message}, {"retryable", retryable}});
}

}  // namespace cairn::api::cas
