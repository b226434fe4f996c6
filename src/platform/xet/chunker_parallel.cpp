#include <algorithm>
#include <thread>

#include "platform/xet/chunker.h"

namespace cairn::xet {

namespace {

// Below this a thread costs more than it saves; and the fewer chunks a part has, the less is gained
// once the parts are joined.
constexpr std::size_t part_bytes_min = std::size_t{4} << 20;

using Ends = std::vector<std::size_t>;

/// Ends of the chunks that end within `[first, end)`, when one begins at `first`.
Ends cut_part(std::string_view content, std::size_t first, std::size_t end) {
  Ends out;
  Chunker chunker;
  std::string_view part = content.substr(first, end - first);
  std::size_t at = first;
  while (auto length = chunker.next(part)) {
    out.push_back(at += *length);
    part.remove_prefix(*length);
  }
  return out;
}

/// Where the chunk that begins at `first` ends.
std::size_t next_end(std::string_view content, std::size_t first) {
  Chunker chunker;
  std::string_view rest = content.substr(first, chunk_bytes_max);
  return first + chunker.next(rest).value_or(rest.size());
}

}  // namespace

std::vector<std::uint32_t> chunk_lengths_parallel(std::string_view content, unsigned threads) {
  std::size_t count =
      std::clamp<std::size_t>(content.size() / part_bytes_min, 1, std::max(threads, 1u));
  if (count == 1) return chunk_lengths(content);

  std::vector<Ends> parts(count);
  auto first_of = [&](std::size_t part) { return content.size() / count * part; };
  {
    std::vector<std::jthread> others;
    auto cut = [&](std::size_t part) {
      parts[part] = cut_part(content, first_of(part),
                             part + 1 == count ? content.size() : first_of(part + 1));
    };
    for (std::size_t part = 1; part < count; ++part) others.emplace_back(cut, part);
    cut(0);
  }

  // A chunker begins anew after each cut. So once a cut is one of those that a part was given from
  // its guessed start, all that follow in the part are right.
  std::vector<std::uint32_t> out;
  out.reserve(content.size() / chunk_bytes_target + 1);
  std::size_t done = 0;
  auto accept = [&](std::size_t end) {
    out.push_back(static_cast<std::uint32_t>(end - done));
    done = end;
  };
  for (std::size_t part = 0; part < count; ++part) {
    auto known = std::lower_bound(parts[part].begin(), parts[part].end(), done);
    std::size_t end = part + 1 == count ? content.size() : first_of(part + 1);
    // Part 0 begins where a chunk does; the others are walked until they agree.
    while (part > 0 && done < end && (known == parts[part].end() || *known != done)) {
      accept(next_end(content, done));
      known = std::lower_bound(known, parts[part].end(), done);
    }
    if (part > 0 && known != parts[part].end() && *known == done) ++known;
    for (; known != parts[part].end(); ++known) accept(*known);
  }
  while (done < content.size()) accept(next_end(content, done));
  return out;
}

}  // namespace cairn::xet
