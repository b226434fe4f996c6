#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/xet/shard.h"
#include "platform/xet/xorb.h"

/// Makes xorbs of files that came in another way (git, LFS), as a client would have made them, so
/// that the next version deduplicates against them.
namespace cairn::xet {

/// Where an import takes what is known from and brings what is new. Calls come from the thread that
/// writes, one at a time, and may block.
class ImportStore {
 public:
  virtual ~ImportStore() = default;
  /// Stored xorbs that may hold more of what follows `chunk`: the one that has it, perhaps its
  /// neighbors. Asked as clients ask: for the file's first chunk and for key chunks. None is fine.
  virtual Result<std::vector<XorbIndex>> xorbs_near(const Hash& chunk) = 0;
  /// A xorb is complete. Before this returns, it is as durable as the caller wants it before the
  /// file is. An error ends the import.
  virtual Result<> store(const XorbWriter::Finished& xorb) = 0;
};

struct ImportOptions {
  /// Threads that hash and compress, the calling one included.
  unsigned threads = 1;
};

/// Turns a stream of bytes into xorbs and terms. Memory: a block of 8 MiB, one xorb, and 100 bytes
/// for each chunk that later ones may be equal to (import_known_chunks_max).
class FileImporter {
 public:
  /// @param store  outlives the importer.
  explicit FileImporter(ImportStore& store, ImportOptions options = {});
  ~FileImporter();
  FileImporter(FileImporter&&) noexcept;
  FileImporter& operator=(FileImporter&&) noexcept;

  /// The next bytes of the file, as many as the caller has. @return the store's error.
  [[nodiscard]] Result<> write(std::string_view bytes);
  /// The end of the file. Its last xorb is stored.
  /// @return the file: hash, terms and range hashes, no SHA-256. It may be registered as it is.
  ///         The importer is then used up.
  [[nodiscard]] Result<FileBlock> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Chunks that an import can find again, of known xorbs and of the file itself; those that come
/// after are stored anew. 16 GiB of content, 25 MB of memory.
constexpr std::size_t import_known_chunks_max = 262'144;
/// A run of known chunks that is shorter is stored again, unless it continues the term before it or
/// is the whole file: each run costs a range at every download. The clients' guard has the same
/// aim: at least 8 chunks per term.
constexpr std::uint32_t import_run_chunks_min = 8;

}  // namespace cairn::xet
