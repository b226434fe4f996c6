#include "hub/xet/xet.h"

#include <thread>

#include <boost/asio/post.hpp>

#include "hub/xet/inner.h"
#include "hub/xet/reader.h"
#include "hub/xet/token.h"

namespace cairn::xet {
namespace {

/// Rows of xorbs in memory, about 200 bytes each.
constexpr std::size_t rows_max = 50'000;
/// Shards at once, and of one guest: their terms may take 18 MB each.
constexpr int registering_max = 6;
constexpr int registering_each_max = 3;
/// A thread decodes more than 1 GB/s; copies are few.
constexpr std::size_t ahead_threads = 3;

/// Answers of an instant come before pieces of uploads.
constexpr int upload_nice = 5;

/// Two for a core: some of them wait for the disk.
std::size_t upload_threads() {
  return std::max(4u, 2 * std::thread::hardware_concurrency());
}

}  // namespace

std::optional<DedupScope> parse_dedup_scope(std::string_view text) {
  if (text == "public") return DedupScope::public_;
  if (text == "namespace") return DedupScope::namespace_;
  if (text == "repository") return DedupScope::repository;
  if (text == "off") return DedupScope::off;
  return std::nullopt;
}

// ---- Inner ----

Inner::Inner(db::Database& d, storage::ObjectStore& s, Blocking& b, const Keyring& k,
             const Clock& c, Options o)
    : database(d),
      store(s),
      blocking(b),
      keyring(k),
      clock(c),
      options(std::move(o)),
      xorbs(s),
      receiving({.all = options.receiving_max,
                 .each = options.receiving_each_max,
                 .wait_max = options.turn_wait_max}),
      registering({.all = registering_max,
                   .each = registering_each_max,
                   .wait_max = options.turn_wait_max}),
      hot(options.cache_folder, options.cache_bytes_max),
      uploads(upload_threads(), upload_nice),
      ahead(ahead_threads) {}

Inner::~Inner() {
  hot.stop();
  ahead.join();
}

Result<OwnerId> Inner::allow(db::Tx& tx, const Token& token, Right right) const {
  if (!options.allow) return OwnerId{};
  return options.allow(tx, token.repo, token.user, right);
}

std::optional<XorbRow> Inner::known_row(XorbId id) {
  std::lock_guard lock(mutex_);
  auto at = rows_.find(id);
  if (at == rows_.end()) return std::nullopt;
  return at->second;
}

void Inner::remember(const XorbRow& row) {
  std::lock_guard lock(mutex_);
  if (rows_.size() >= rows_max) rows_.clear();
  rows_.insert_or_assign(row.id, row);
}

void Inner::note_followed(lfs::ObjectId file) {
  std::lock_guard lock(mutex_);
  turn_followed();
  followed_.insert(file);
}

bool Inner::is_followed(lfs::ObjectId file) {
  std::lock_guard lock(mutex_);
  turn_followed();
  return followed_.contains(file) || followed_before_.contains(file);
}

void Inner::turn_followed() {
  auto now = clock.now();
  if (now < followed_since_ + options.url_life) return;
  bool recent = now < followed_since_ + options.url_life + options.url_life;
  followed_before_ = recent ? std::move(followed_) : std::unordered_set<lfs::ObjectId>();
  followed_.clear();
  followed_since_ = now;
}

Result<XorbRow> Inner::row_of(XorbId id) {
  if (auto known = known_row(id)) return *known;
  auto find = [id](db::Tx& tx) -> Result<std::optional<XorbRow>> { return find_xorb(tx, id); };
  CAIRN_TRY(row, database.read_now(find));
  if (!row)
    return fail(ErrorCode::corrupt, "XorbMissing",
                "A stored part of this file is missing. Ask an administrator to run cairn fsck.");
  remember(*row);
  return *row;
}

Result<std::shared_ptr<const OpenXorb>> Inner::open_xorb(XorbId id) {
  CAIRN_TRY(row, row_of(id));
  auto open = xorbs.open(row.key);
  if (!open && open.error().code == ErrorCode::not_found)
    return fail(ErrorCode::corrupt, "XorbMissing",
                "A stored part of this file is missing. Ask an administrator to run cairn fsck.")
        .with("key", row.key.text);
  return open;
}

// ---- The facade ----

Xet::Xet(db::Database& database, storage::ObjectStore& store, Blocking& blocking,
         const Keyring& keyring, const Clock& clock, Options options)
    : inner_(
          std::make_unique<Inner>(database, store, blocking, keyring, clock, std::move(options))) {}

Xet::~Xet() = default;

const Options& Xet::options() const {
  return inner_->options;
}

IssuedToken Xet::issue_token(RepoId repo, UserId user, Right right) const {
  // Whole seconds: the wire has no others.
  Time now = inner_->clock.now();
  Time end = Time{(now + inner_->options.token_life).seconds() * 1'000'000};
  Token token{.repo = repo, .user = user, .right = right, .expires_at = end};
  return {seal_token(inner_->keyring, token), end, inner_->options.cas_url};
}

Result<Token> Xet::open_token(std::string_view text) const {
  return unseal_token(inner_->keyring, text, inner_->clock.now(), inner_->options.token_leeway);
}

Metrics Xet::metrics() const {
  const Inner& in = *inner_;
  return {in.xorbs_received, in.xorb_bytes, in.files_registered,
          in.chunk_queries,  in.chunk_hits, static_cast<std::uint64_t>(in.receiving.inside())};
}

std::optional<Hash> hash_of(const lfs::Linked& file) {
  // The key is "xet/<digest>/<incarnation>", and the digest the hash's bytes.
  constexpr std::string_view kind = "xet/";
  constexpr std::size_t digits = 64;
  if (!file.key.text.starts_with(kind)) return std::nullopt;
  auto digest = Sha256Digest::parse(std::string_view(file.key.text).substr(kind.size(), digits));
  if (!digest) return std::nullopt;
  return hash_of(*digest);
}

Result<std::shared_ptr<storage::Reader>> Xet::open_file(const lfs::Linked& file) {
  Inner& in = *inner_;
  std::string name = file.key.text.substr(file.key.text.rfind('/') + 1);
  if (auto copy = in.hot.open(name)) return copy;
  auto load = [&file](db::Tx& tx) -> Result<std::vector<StoredTerm>> {
    std::uint64_t first_byte = 0;
    return read_terms(tx, file.object, 0, file.size_bytes, first_byte);
  };
  CAIRN_TRY(terms, in.database.read_now(load));
  CAIRN_TRY(reader, make_file_reader(in, std::move(terms), file.size_bytes));
  if (in.hot.wants(name, file.size_bytes)) {
    auto fill = [&in, name, reader] { in.hot.fill(name, *reader); };
    boost::asio::post(in.ahead, fill);
  }
  return reader;
}

Task<Result<std::map<Sha256Digest, Hash>>> Xet::hashes(RepoId repo,
                                                       std::vector<Sha256Digest> files) {
  auto find = [repo, files = std::move(files)](db::Tx& tx) -> Result<std::map<Sha256Digest, Hash>> {
    std::map<Sha256Digest, Hash> out;
    for (const auto& link : lfs::linked_among(tx, repo, files))
      if (auto hash = hash_of(link)) out.emplace(link.sha256, *hash);
    return out;
  };
  co_return co_await inner_->database.read(find);
}

}  // namespace cairn::xet
