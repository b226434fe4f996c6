#include "platform/http/serve.h"

#include <ctime>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::http {
namespace {

/// One read of a store; also the memory that a response of this kind takes.
constexpr std::uint64_t piece_bytes = 1u << 20;

std::string_view without_weak(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

/// Calls `matches` with each entity tag of a list. A tag may hold commas, so quotes decide.
template <class Function>
bool any_tag(std::string_view list, Function matches) {
  for (std::size_t at = 0; at < list.size();) {
    auto open = list.find('"', at);
    if (open == std::string_view::npos) return false;
    auto close = list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    auto start = open >= at + 2 && list.substr(open - 2, 2) == "W/" ? open - 2 : open;
    if (matches(list.substr(start, close + 1 - start))) return true;
    at = close + 1;
  }
  return false;
}

/// Only the form that RFC 9110, section 5.6.7 lets clients send; another is as if absent.
std::optional<std::int64_t> parse_date(std::string_view text) {
  std::tm parts{};
  std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end) return std::nullopt;
  return ::timegm(&parts);
}

bool strong_match(std::string_view list, std::string_view etag) {
  if (trim(list) == "*") return true;
  if (etag.empty() || etag.starts_with("W/")) return false;
  return any_tag(list, [&](std::string_view tag) { return tag == etag; });
}

/// RFC 9110, section 13.2.2: the order of the preconditions.
std::optional<int> precondition_status(const Request& request, const Representation& what) {
  const auto& headers = request.headers();
  if (headers.has("If-Match")) {
    if (!strong_match(headers.joined("If-Match"), what.etag)) return 412;
  } else if (auto since = parse_date(headers.get("If-Unmodified-Since"));
             since && what.last_modified && what.last_modified->seconds() > *since) {
    return 412;
  }
  if (headers.has("If-None-Match")) {
    if (not_modified(request, what.etag)) return 304;
  } else if (auto since = parse_date(headers.get("If-Modified-Since"));
             since && what.last_modified && what.last_modified->seconds() <= *since) {
    return 304;
  }
  return std::nullopt;
}

/// RFC 9110, section 13.1.5: only a strong validator that is equal keeps the range.
bool range_applies(const Request& request, const Representation& what) {
  auto condition = trim(request.header("If-Range"));
  if (condition.empty()) return true;
  if (condition.starts_with('"')) return condition == what.etag;
  auto date = parse_date(condition);
  return date && what.last_modified && what.last_modified->seconds() == *date;
}

using Piece = Pieces::value_type;

Piece slice(const FileSlice& file, ByteRange range) {
  return FileSlice{file.descriptor, file.offset + range.first, range.count, file.owner};
}
Piece slice(const SharedText& text, ByteRange range) {
  if (range.count == text->size()) return text;
  return text->substr(range.first, range.count);
}
Piece slice(const std::string& text, ByteRange range) {
  return text.substr(range.first, range.count);
}
Piece slice(const ReadAt& read, ByteRange range) {
  struct Place {
    ReadAt read;
    std::uint64_t offset, left;
  };
  auto place = std::make_shared<Place>(Place{read, range.first, range.count});
  // A coroutine with a parameter instead of a capture: the frame then owns what it uses.
  static constexpr auto next = [](std::shared_ptr<Place> at) -> Task<Result<std::string>> {
    if (at->left == 0) co_return std::string();
    CAIRN_CO_TRY(piece, co_await at->read(at->offset, std::min(at->left, piece_bytes)));
    if (piece.empty() || piece.size() > at->left)
      co_return fail(ErrorCode::corrupt, "ObjectTruncated", "A stored object is cut short.");
    at->offset += piece.size();
    at->left -= piece.size();
    co_return std::move(piece);
  };
  return Stream{[place] { return next(place); }, range.count};
}
Piece slice(const ByteSource& source, ByteRange range) {
  return std::visit([&](const auto& s) { return slice(s, range); }, source);
}

std::string content_range(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" +
         std::to_string(range.first + range.count - 1) + "/" + std::to_string(size);
}

Body one_body(Piece piece) {
  return std::visit([](auto& p) -> Body { return std::move(p); }, piece);
}

void multipart(Response& response, const Representation& what, const ByteSource& source,
               const std::vector<ByteRange>& ranges) {
  auto boundary = hex_encode(random_bytes(12));
  Pieces pieces;
  for (auto range : ranges) {
    pieces.push_back("\r\n--" + boundary + "\r\nContent-Type: " + what.content_type +
                     "\r\nContent-Range: " + content_range(range, what.size_bytes) + "\r\n\r\n");
    pieces.push_back(slice(source, range));
  }
  pieces.push_back("\r\n--" + boundary + "--\r\n");
  response.headers.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  response.body = std::move(pieces);
}

Response unsatisfiable(Response base, std::uint64_t size) {
  auto out = json(416, json::object{{"error", "The range lies outside the " + std::to_string(size) +
                                                  " bytes of this file. Ask for a range within."}});
  for (const auto& [name, value] : base.headers)
    if (!out.headers.has(name)) out.headers.add(name, value);
  out.headers.set("Content-Range", "bytes */" + std::to_string(size));
  return out;
}

}  // namespace

bool not_modified(const Request& request, std::string_view etag) {
  auto list = request.headers().joined("If-None-Match");
  if (list.empty()) return false;
  if (trim(list) == "*") return true;
  if (etag.empty()) return false;
  return any_tag(list,
                 [&](std::string_view tag) { return without_weak(tag) == without_weak(etag); });
}

Response serve(const Request& request, const Representation& what, ByteSource source) {
  Response out{.headers = what.headers};
  if (!what.etag.empty()) out.headers.set("ETag", what.etag);
  if (what.last_modified) out.headers.set("Last-Modified", to_http_date(*what.last_modified));
  out.headers.set("Accept-Ranges", "bytes");

  if (auto status = precondition_status(request, what)) {
    out.status = *status;
    return out;
  }
  // RFC 9110, section 14.2: Range means something with GET only.
  Ranges ranges;
  if (request.method() == Method::get && request.headers().has("Range") &&
      range_applies(request, what))
    ranges = parse_ranges(request.header("Range"), what.size_bytes);
  if (ranges.kind == Ranges::Kind::unsatisfiable)
    return unsatisfiable(std::move(out), what.size_bytes);

  out.headers.set("Content-Type", what.content_type);
  if (ranges.kind == Ranges::Kind::none) {
    out.body = one_body(slice(source, {0, what.size_bytes}));
    return out;
  }
  out.status = 206;
  if (ranges.list.size() > 1) {
    multipart(out, what, source, ranges.list);
    return out;
  }
  out.headers.set("Content-Range", content_range(ranges.list[0], what.size_bytes));
  out.body = one_body(slice(source, ranges.list[0]));
  return out;
}

}  // namespace cairn::http
