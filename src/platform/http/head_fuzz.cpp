#include <cstdlib>

#include "platform/http/chunked.h"
#include "platform/http/head.h"

namespace {

struct Read {
  cairn::http::RequestReader::State state;
  std::string target;
  std::string body;
};

/// As a connection does, `step` bytes at a time.
Read read(std::string_view bytes, std::size_t step) {
  using namespace cairn::http;
  Request request;
  ServerLimits limits{.header_bytes_max = 1024, .header_count_max = 8};
  RequestReader reader(request, limits);
  std::size_t begin = 0, end = 0;
  auto state = RequestReader::State::more;
  while (state == RequestReader::State::more && end < bytes.size()) {
    end = std::min(end + step, bytes.size());
    std::size_t used = 0;
    state = reader.feed(bytes.substr(begin, end - begin), used);
    if (used > end - begin) std::abort();
    begin += used;
  }
  Read out{state, {}, {}};
  if (state != RequestReader::State::done) return out;
  out.target = request.target();
  if (!reader.chunked()) return out;
  ChunkedDecoder decoder;
  for (auto rest = bytes.substr(begin); !rest.empty() && !decoder.done() && !decoder.failed();)
    rest.remove_prefix(decoder.decode(rest.substr(0, step), out.body));
  return out;
}

}  // namespace

// Any bytes. What a request is must not depend on how its bytes are cut into packets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto whole = read(bytes, size);
  auto cut = read(bytes, 1 + data[size - 1] % 7);
  // Limits may be noticed before or after a mistake, so refusals are not compared further.
  if (whole.state == cairn::http::RequestReader::State::done &&
      cut.state == cairn::http::RequestReader::State::done &&
      (whole.target != cut.target || whole.body != cut.body))
    std::abort();
  return 0;
}
