#pragma once
#include <map>
#include <set>
#include <unordered_map>

#include "hub/xet/inner.h"
#include "platform/xet/shard.h"

/// Inside the module: a shard from its first byte to its files' links.
///
/// While it arrives, every block is held against the stored xorbs: a term needs its range hash,
/// which nobody can make who does not have the chunks (10.1), and a file's name is computed from
/// its chunks. Then each file that the hub does not know is put together once, and its SHA-256 is
/// taken: what commits name is never believed (10.5). Only then is anything written: all files in
/// one transaction, or, when a shard has thousands, in several; each is whole by itself.
namespace cairn::xet {

class Registration final : public ShardSink {
 public:
  Registration(Inner& inner, Token token, Gate::Pass pass)
      : inner_(inner), token_(token), pass_(std::move(pass)) {}

  // While it arrives, on Blocking threads.
  Result<> file(FileBlock block) override;
  Result<> xorb(XorbBlock block) override;
  /// The shard's end: which files are known by now.
  Result<> end();

  Task<Result<Progress>> step();

 private:
  /// A xorb that the shard names.
  struct Named {
    XorbRow row;
    std::set<Hash> keys;  ///< Chunks that may be asked for.
  };
  /// A file whose terms and name hold.
  struct Verified {
    Hash hash;
    std::optional<Sha256Digest> claimed;
    std::optional<Sha256Digest> sha256;  ///< Once it is known.
    std::uint64_t size_bytes = 0;
    std::vector<StoredTerm> terms;
  };

  Result<Named*> named(const Hash& xorb);
  Result<> settle_sha256(Verified& file, const Sha256Digest& sha256);
  /// Takes the SHA-256 of files until so many bytes are through or time is over. Blocks.
  Result<> hash_files();
  struct Hashing;
  Task<Result<>> store_some();
  /// Files from `stored_` to `last`. @return whether one is new to the repository.
  Result<bool> store(db::Tx& tx, std::size_t last, const std::vector<XorbId>& held);

  Inner& inner_;
  Token token_;
  Gate::Pass pass_;
  std::unordered_map<Hash, Named> xorbs_;
  std::map<XorbId, Hash> by_id_;
  std::vector<Verified> files_;

  std::shared_ptr<Hashing> hashing_;
  std::size_t hashed_ = 0;                        ///< Files whose SHA-256 is known, from the front.
  std::size_t stored_ = 0;                        ///< Files that are linked, from the front.
  std::set<XorbId> held_;                         ///< Xorbs that were taken care of.
  std::map<XorbId, Hash>::const_iterator named_;  ///< The next one that may not be.
  std::uint64_t verified_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
  bool is_new_ = false;
};

}  // namespace cairn::xet
