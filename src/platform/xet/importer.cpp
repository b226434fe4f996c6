#include "platform/xet/importer.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "platform/xet/for_each_index.h"

namespace cairn::xet {

namespace {

// As the clients take a file in. Chunks are looked up a block at a time, so that a hit also helps
// the chunks before it.
constexpr std::size_t block_bytes = std::size_t{8} << 20;

/// A chunk of the block that is being taken in.
using BlockChunk = XorbWriter::NewChunk;

/// A xorb that chunks are looked up in: a stored one, or one that this file made.
struct Source {
  Hash name;  ///< Zero: it is being written.
  std::vector<Hash> hashes;
};

struct Place {
  std::uint32_t source = 0;
  std::uint32_t chunk = 0;
};

/// A term whose xorb may have no name yet.
struct OpenTerm {
  std::uint32_t source = 0;
  ChunkRange chunks;
  std::uint64_t content_bytes = 0;
  RangeHasher proof;
};

}  // namespace

struct FileImporter::State {
  State(ImportStore& to, ImportOptions with) : store(&to), options(with) {}

  Result<> take_block(bool last);
  Result<> ask(const std::vector<BlockChunk>& chunks);
  void learn(const XorbIndex& index);
  void remember(std::uint32_t source, std::uint32_t chunk, const Hash& hash);
  [[nodiscard]] bool holds(Place at, const Hash& hash) const;
  /// How many chunks from `chunks[i]` on lie one after the other at `at`.
  [[nodiscard]] std::uint32_t run_length(const std::vector<BlockChunk>& chunks, std::size_t i,
                                         Place at) const;
  /// A stored run that begins with `chunks[i]` and is worth a term.
  [[nodiscard]] std::optional<std::pair<Place, std::uint32_t>> find_run(
      const std::vector<BlockChunk>& chunks, std::size_t i, bool last) const;
  Result<> add_new(const BlockChunk& chunk);
  void flush();
  void append_to_terms(Place at, const BlockChunk& chunk);
  void end_term();
  Result<> end_xorb();

  ImportStore* store;
  ImportOptions options;
  std::string buffer;  ///< Bytes whose chunks are not all known yet.
  MerkleBuilder merkle;
  std::vector<Source> sources;
  std::unordered_map<Hash, Place> known;
  std::unordered_map<Hash, std::uint32_t> learned;  ///< Xorbs by name.
  XorbWriter writer;
  std::vector<BlockChunk> unwritten;  ///< Of this block, to be compressed together.
  std::uint32_t unwritten_bytes = 0;
  std::optional<std::uint32_t> writing;  ///< The source that is being written.
  std::optional<OpenTerm> open;
  std::vector<Term> terms;
  std::vector<Hash> proofs;
  std::vector<std::uint32_t> term_sources;  ///< Of each term, for the names of written xorbs.
};

void FileImporter::State::remember(std::uint32_t source, std::uint32_t chunk, const Hash& hash) {
  if (known.size() < import_known_chunks_max) known.try_emplace(hash, Place{source, chunk});
}

void FileImporter::State::learn(const XorbIndex& index) {
  if (known.size() + index.count() > import_known_chunks_max) return;
  auto number = static_cast<std::uint32_t>(sources.size());
  if (!learned.try_emplace(index.xorb(), number).second) return;
  Source source{.name = index.xorb()};
  for (std::uint32_t i = 0; i < index.count(); ++i) {
    source.hashes.push_back(index.chunk(i));
    remember(number, i, source.hashes.back());
  }
  sources.push_back(std::move(source));
}

Result<> FileImporter::State::ask(const std::vector<BlockChunk>& chunks) {
  for (const BlockChunk& chunk : chunks) {
    bool first_of_file = merkle.count() == 0 && &chunk == &chunks.front();
    if ((!first_of_file && !chunk.hash.is_key_chunk()) || known.contains(chunk.hash)) continue;
    CAIRN_TRY(found, store->xorbs_near(chunk.hash));
    for (const XorbIndex& index : found) learn(index);
  }
  return {};
}

bool FileImporter::State::holds(Place at, const Hash& hash) const {
  const Source& source = sources[at.source];
  return at.chunk < source.hashes.size() && source.hashes[at.chunk] == hash;
}

std::uint32_t FileImporter::State::run_length(const std::vector<BlockChunk>& chunks, std::size_t i,
                                              Place at) const {
  std::uint32_t length = 0;
  for (; i + length < chunks.size(); ++length)
    if (!holds({at.source, at.chunk + length}, chunks[i + length].hash)) break;
  return length;
}

std::optional<std::pair<Place, std::uint32_t>> FileImporter::State::find_run(
    const std::vector<BlockChunk>& chunks, std::size_t i, bool last) const {
  if (open) {
    Place next{open->source, open->chunks.end};
    if (std::uint32_t length = run_length(chunks, i, next); length > 0)
      return std::pair(next, length);
  }
  auto found = known.find(chunks[i].hash);
  if (found == known.end()) return std::nullopt;
  std::uint32_t length = run_length(chunks, i, found->second);
  bool whole_file = last && merkle.count() == 0 && i == 0 && length == chunks.size();
  if (length < import_run_chunks_min && !whole_file) return std::nullopt;
  return std::pair(found->second, length);
}

void FileImporter::State::end_term() {
  if (!open) return;
  terms.push_back({.xorb = sources[open->source].name,
                   .content_bytes = static_cast<std::uint32_t>(open->content_bytes),
                   .chunks = open->chunks});
  term_sources.push_back(open->source);
  proofs.push_back(open->proof.finish());
  open.reset();
}

void FileImporter::State::append_to_terms(Place at, const BlockChunk& chunk) {
  if (!open || open->source != at.source || open->chunks.end != at.chunk) {
    end_term();
    open.emplace(OpenTerm{.source = at.source, .chunks = {at.chunk, at.chunk}});
  }
  ++open->chunks.end;
  open->content_bytes += chunk.content.size();
  open->proof.add(chunk.hash);
  merkle.add(chunk.hash, chunk.content.size());
}

Result<> FileImporter::State::end_xorb() {
  if (!writing) return {};
  flush();
  XorbWriter::Finished xorb = writer.finish();
  CAIRN_CHECK(store->store(xorb));
  sources[*writing].name = xorb.index.xorb();
  learned.try_emplace(xorb.index.xorb(), *writing);
  writing.reset();
  writer.reuse(std::move(xorb.body));
  return {};
}

Result<> FileImporter::State::add_new(const BlockChunk& chunk) {
  auto count = writer.count() + static_cast<std::uint32_t>(unwritten.size());
  auto size = static_cast<std::uint32_t>(chunk.content.size());
  if (count == xorb_chunks_max || !writer.has_room(unwritten_bytes + size)) {
    CAIRN_CHECK(end_xorb());
    count = 0;
  }
  if (!writing) {
    writing = static_cast<std::uint32_t>(sources.size());
    sources.emplace_back();
  }
  unwritten.push_back(chunk);
  unwritten_bytes += size;
  // Without its hashes a xorb is written all the same; it is only not looked up in.
  if (known.size() < import_known_chunks_max) {
    sources[*writing].hashes.push_back(chunk.hash);
    remember(*writing, count, chunk.hash);
  }
  append_to_terms({*writing, count}, chunk);
  return {};
}

void FileImporter::State::flush() {
  writer.add(unwritten, options.threads);
  unwritten.clear();
  unwritten_bytes = 0;
}

Result<> FileImporter::State::take_block(bool last) {
  // Chunks are cut from a block's start, where a chunk starts; the last one of the block may go on
  // in the next, so it waits.
  std::vector<BlockChunk> chunks;
  Chunker chunker;
  std::string_view rest = buffer;
  while (auto length = chunker.next(rest)) {
    chunks.push_back({{}, rest.substr(0, *length)});
    rest.remove_prefix(*length);
  }
  if (last && !rest.empty()) {
    chunks.push_back({{}, rest});
    rest = {};
  }
  for_each_index(chunks.size(), options.threads,
                 [&](std::size_t i) { chunks[i].hash = chunk_hash(chunks[i].content); });
  CAIRN_CHECK(ask(chunks));
  for (std::size_t i = 0; i < chunks.size();) {
    if (auto run = find_run(chunks, i, last)) {
      auto [at, length] = *run;
      for (std::uint32_t k = 0; k < length; ++k)
        append_to_terms({at.source, at.chunk + k}, chunks[i + k]);
      i += length;
    } else {
      CAIRN_CHECK(add_new(chunks[i++]));
    }
  }
  flush();
  buffer.erase(0, buffer.size() - rest.size());
  return {};
}

FileImporter::FileImporter(ImportStore& store, ImportOptions options)
    : state_(std::make_unique<State>(store, options)) {}
FileImporter::~FileImporter() = default;
FileImporter::FileImporter(FileImporter&&) noexcept = default;
FileImporter& FileImporter::operator=(FileImporter&&) noexcept = default;

Result<> FileImporter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t count = std::min(block_bytes - state_->buffer.size(), bytes.size());
    state_->buffer.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (state_->buffer.size() == block_bytes) CAIRN_CHECK(state_->take_block(false));
  }
  return {};
}

Result<FileBlock> FileImporter::finish() {
  CAIRN_CHECK(state_->take_block(true));
  state_->end_term();
  CAIRN_CHECK(state_->end_xorb());
  FileBlock out{.file = state_->merkle.file(),
                .terms = std::move(state_->terms),
                .range_hashes = std::move(state_->proofs)};
  for (std::size_t i = 0; i < out.terms.size(); ++i)
    out.terms[i].xorb = state_->sources[state_->term_sources[i]].name;
  return out;
}

}  // namespace cairn::xet
