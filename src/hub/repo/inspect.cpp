#include "hub/repo/inspect.h"

#include <algorithm>

#include "base/log.h"
#include "hub/card/files.h"
#include "hub/card/weights.h"
#include "hub/lfs/links.h"
#include "hub/repo/card_rows.h"
#include "hub/repo/files_parts.h"
#include "hub/repo/store.h"
#include "hub/work/work.h"

namespace cairn::repo {
namespace {

using history::SheetEntry;

/// Headers of one model, all shards together.
constexpr std::uint64_t headers_bytes_max = 256u << 20;
constexpr std::size_t index_bytes_max = 32u << 20;
constexpr std::size_t eval_files_max = 100;
constexpr std::size_t eval_file_bytes_max = 256u << 10;
constexpr int name_page = 1000;
constexpr std::string_view eval_folder = ".eval_results";

bool is_shard_of_many(std::string_view name) {
  return name.contains("-of-");
}

class BytesOfBoth final : public FileBytes {
 public:
  BytesOfBoth(db::Database& database, history::History& history, storage::ObjectStore& objects,
              const lfs::Lfs& large_files)
      : database_(database), history_(history), objects_(objects), large_files_(large_files) {}

  Result<std::string> read(RepoId repo, const SheetEntry& entry, std::uint64_t offset,
                           std::uint64_t count) override {
    if (offset >= entry.size_bytes) return std::string{};
    count = std::min(count, entry.size_bytes - offset);
    if (!entry.lfs) {
      CAIRN_TRY(text, history_.blob(repo, entry.oid, blob_bytes_max));
      return text->substr(offset, count);
    }
    auto find = [&](db::Tx& tx) -> Result<std::optional<lfs::Linked>> {
      return lfs::linked(tx, repo, *entry.lfs);
    };
    CAIRN_TRY(linked, database_.read_now(find));
    if (!linked)
      return fail(ErrorCode::not_found, "LfsObjectNotFound", "The large file is not stored here.");
    const auto& open_chunked = large_files_.options().open_chunked;
    if (!linked->key.text.starts_with("lfs/") && open_chunked) {
      CAIRN_TRY(chunked, open_chunked(*linked));
      return chunked->read({offset, count});
    }
    CAIRN_TRY(reader, objects_.open(linked->key));
    return reader->read({offset, count});
  }

 private:
  db::Database& database_;
  history::History& history_;
  storage::ObjectStore& objects_;
  const lfs::Lfs& large_files_;
};

/// What one look at a commit needs.
struct Looking {
  history::History& history;
  FileBytes* bytes;
  RepoId repo;
  RepoKind kind;
  history::CommitInfo commit;

  /// The first files, in order of their paths.
  Result<std::vector<SheetEntry>> files() const {
    std::vector<SheetEntry> out;
    history::TreeQuery query{.folder = {}, .recursive = true, .limit = name_page, .after = {}};
    do {
      CAIRN_TRY(page, history.tree(commit, query));
      for (auto& entry : page.entries)
        if (!entry.is_folder()) out.push_back(std::move(entry));
      query.after = std::move(page.next);
    } while (query.after && out.size() < card::file_names_max);
    return out;
  }

  /// Of every file, by the sums that the root's entries carry.
  Result<std::uint64_t> bytes_of_all() const {
    std::uint64_t sum = 0;
    history::TreeQuery query{.folder = {}, .recursive = false, .limit = name_page, .after = {}};
    do {
      CAIRN_TRY(page, history.tree(commit, query));
      for (const auto& entry : page.entries) sum += entry.size_bytes;
      query.after = std::move(page.next);
    } while (query.after);
    return sum;
  }

  Result<std::string> description() const {
    auto entry = history.entry(commit, "README.md");
    if (!entry && entry.error().code == ErrorCode::not_found) return std::string{};
    if (!entry) return fail(entry.error());
    if (entry->is_folder() || entry->lfs || entry->size_bytes > readme_bytes_max)
      return std::string{};
    CAIRN_TRY(text, history.blob(repo, entry->oid, readme_bytes_max));
    auto parsed = card::parse_card(*text);
    return card::description_of(std::string_view(*text).substr(parsed.body_offset));
  }

  /// A JSON file at the root. Null when it is not there, too large or none.
  Result<json::value> config(std::string_view name, std::size_t bytes_max) const {
    auto entry = history.entry(commit, name);
    if (!entry && entry.error().code == ErrorCode::not_found) return json::value();
    if (!entry) return fail(entry.error());
    if (entry->is_folder() || entry->lfs || entry->size_bytes > bytes_max) return json::value();
    CAIRN_TRY(text, history.blob(repo, entry->oid, bytes_max));
    auto parsed = parse_json(*text);
    return parsed ? std::move(*parsed) : json::value();
  }
};

Result<> read_eval_results(const Looking& at, card::FileContents& out) {
  history::TreeQuery query{.folder = std::string(eval_folder),
                           .recursive = false,
                           .limit = static_cast<int>(eval_files_max),
                           .after = {}};
  auto page = at.history.tree(at.commit, query);
  if (!page && page.error().code == ErrorCode::not_found) return {};
  if (!page) return fail(page.error());
  for (const auto& entry : page->entries) {
    bool yaml = entry.path.ends_with(".yaml") || entry.path.ends_with(".yml");
    if (entry.is_folder() || entry.lfs || !yaml || entry.size_bytes > eval_file_bytes_max) continue;
    CAIRN_TRY(text, at.history.blob(at.repo, entry.oid, eval_file_bytes_max));
    out.eval_results.emplace_back(entry.path, *text);
  }
  return {};
}

Result<json::object> read_header(const Looking& at, const SheetEntry& file, std::uint64_t& budget) {
  CAIRN_TRY(first, at.bytes->read(at.repo, file, 0, 8));
  CAIRN_TRY(length, card::safetensors_header_bytes(first, file.size_bytes));
  if (length > budget)
    return fail(ErrorCode::unprocessable, "InvalidWeights",
                "The headers of the model's files are too long together.");
  budget -= length;
  CAIRN_TRY(text, at.bytes->read(at.repo, file, 8, length));
  return card::parse_safetensors_header(text);
}

/// The files whose tensors are the model: what the index names, else the one file, else all at the
/// root (a model under another name, or adapters).
Result<std::vector<SheetEntry>> weight_files(const Looking& at,
                                             const std::vector<SheetEntry>& files) {
  std::vector<SheetEntry> root;
  for (const auto& file : files)
    if (!file.path.contains('/') && file.path.ends_with(".safetensors")) root.push_back(file);
  auto named = [&](std::string_view name) {
    return std::ranges::find(root, name, &SheetEntry::path);
  };
  if (auto one = named("model.safetensors"); one != root.end()) return std::vector{*one};
  CAIRN_TRY(index, at.config("model.safetensors.index.json", index_bytes_max));
  if (!index.is_null()) {
    auto shards = card::shards_of(index);
    std::vector<SheetEntry> out;
    if (shards)
      for (const auto& shard : *shards)
        if (auto found = named(shard); found != root.end()) out.push_back(*found);
    if (shards && out.size() == shards->size()) return out;
    return std::vector<SheetEntry>{};  // Shards are still on their way.
  }
  if (root.size() > card::shards_max) root.clear();
  return root;
}

/// The first GGUF file, and the further shards when it is the first of several.
std::vector<SheetEntry> gguf_files(const std::vector<SheetEntry>& files) {
  std::vector<SheetEntry> out;
  for (const auto& file : files) {
    if (!file.path.ends_with(".gguf")) continue;
    if (out.empty()) {
      out.push_back(file);
      if (!is_shard_of_many(file.path)) return out;
      continue;
    }
    auto stem = [](const std::string& path) { return path.substr(0, path.rfind("-of-") - 5); };
    if (is_shard_of_many(file.path) && file.path.size() == out[0].path.size() &&
        stem(file.path) == stem(out[0].path) && out.size() < card::shards_max)
      out.push_back(file);
  }
  return out;
}

/// Names these very contents.
std::string identity(const std::vector<SheetEntry>& tensors, const std::vector<SheetEntry>& gguf) {
  std::string text;
  for (const auto* list : {&tensors, &gguf})
    for (const auto& file : *list) text += file.path + " " + file.oid.hex() + "\n";
  return text.empty() ? "" : sha256(text).hex();
}

/// Headers that cannot be read tell nothing; trouble of the hub itself is an error.
bool tells_nothing(const Error& error) {
  return error.code == ErrorCode::unprocessable || error.code == ErrorCode::not_found ||
         error.code == ErrorCode::too_large;
}

Result<> read_weights(const Looking& at, const std::vector<SheetEntry>& tensors,
                      const std::vector<SheetEntry>& gguf, card::FileFacts& facts) {
  card::TensorCounts counts;
  std::uint64_t budget = headers_bytes_max;
  bool sound = !tensors.empty();
  for (const auto& file : tensors) {
    auto header = read_header(at, file, budget);
    auto counted =
        header ? card::count_tensors(*header, counts) : Result<>(std::unexpected(header.error()));
    if (counted) continue;
    if (!tells_nothing(counted.error())) return counted;
    sound = false;
    break;
  }
  if (sound) card::add_safetensors(facts, counts);

  std::int64_t total = 0;
  for (const auto& file : gguf) {
    card::ReadBytes read = [&](std::uint64_t offset, std::uint64_t count) {
      return at.bytes->read(at.repo, file, offset, count);
    };
    auto header = card::read_gguf(read);
    if (!header && !tells_nothing(header.error())) return fail(header.error());
    if (!header) {
      facts.gguf = nullptr;
      return {};
    }
    if (__builtin_add_overflow(total, header->at("total").as_int64(), &total)) return {};
    if (facts.gguf.is_null()) facts.gguf = std::move(*header);
  }
  if (!gguf.empty()) {
    facts.gguf.as_object()["total"] = total;
    if (!facts.parameters) facts.parameters = total;
  }
  return {};
}

/// What was read from these very weights holds for them.
void keep_weights(const card::FileFacts& known, card::FileFacts& facts) {
  facts.safetensors = known.safetensors;
  facts.gguf = known.gguf;
  facts.parameters = known.parameters;
  facts.weights = known.weights;
}

/// @param known    what the row says now.
/// @param weights  receives the name of the weights that are there, read or not.
Result<card::FileFacts> look(const Looking& at, Depth depth, const card::FileFacts& known,
                             std::string& weights) {
  if (at.kind != RepoKind::model && at.kind != RepoKind::dataset) return card::FileFacts{};
  CAIRN_TRY(files, at.files());
  card::FileContents contents;
  for (const auto& file : files) contents.names.push_back(file.path);
  if (at.kind == RepoKind::dataset) {
    auto facts = card::facts_of(card_kind(at.kind), contents);
    CAIRN_TRY(bytes, at.bytes_of_all());
    facts.main_bytes = static_cast<std::int64_t>(bytes);
    CAIRN_TRY(description, at.description());
    facts.description = std::move(description);
    return facts;
  }

  struct Config {
    const char* name;
    std::size_t bytes_max;
    json::value* into;
  };
  for (const auto& config :
       {Config{"config.json", card::config_bytes_max, &contents.config},
        Config{"tokenizer_config.json", card::tokenizer_config_bytes_max,
               &contents.tokenizer_config},
        Config{"model_index.json", card::config_bytes_max, &contents.model_index},
        Config{"adapter_config.json", card::config_bytes_max, &contents.adapter_config}}) {
    CAIRN_TRY(value, at.config(config.name, config.bytes_max));
    *config.into = std::move(value);
  }
  CAIRN_CHECK(read_eval_results(at, contents));
  auto facts = card::facts_of(card_kind(at.kind), contents);

  CAIRN_TRY(tensors, weight_files(at, files));
  auto gguf = gguf_files(files);
  weights = identity(tensors, gguf);
  if (weights == known.weights) {
    keep_weights(known, facts);
  } else if (depth == Depth::everything) {
    CAIRN_CHECK(read_weights(at, tensors, gguf, facts));
    facts.weights = weights;
  }
  return facts;
}

struct Start {
  Repo repo;
  history::CommitInfo commit;
  card::FileFacts known;
};

}  // namespace

std::unique_ptr<FileBytes> make_file_bytes(db::Database& database, history::History& history,
                                           storage::ObjectStore& objects,
                                           const lfs::Lfs& large_files) {
  return std::make_unique<BytesOfBoth>(database, history, objects, large_files);
}

void plan_inspection(db::Tx& tx, RepoId repo) {
  work::NewWork next;
  next.kind = inspect_work;
  next.key = std::to_string(repo.value);
  next.payload = json::object{{"repo", repo.value}};
  work::enqueue(tx, next);
}

bool changes_facts(RepoKind kind, const std::vector<CommitOp>& ops) {
  if (kind == RepoKind::dataset) return !ops.empty();  // Every name tells what the data are.
  if (kind != RepoKind::model) return false;
  constexpr std::string_view names[] = {"README.md",
                                        "config.json",
                                        "tokenizer_config.json",
                                        "model_index.json",
                                        "adapter_config.json",
                                        "modules.json",
                                        "config_sentence_transformers.json",
                                        "config_setfit.json",
                                        "open_clip_config.json",
                                        "keras_metadata.pb",
                                        "meta.json",
                                        "pytorch_model.bin.index.json"};
  constexpr std::string_view endings[] = {".safetensors", ".safetensors.index.json",
                                          ".gguf",        ".onnx",
                                          ".h5",          ".msgpack",
                                          ".ot",          ".mlmodel",
                                          ".bin",         ".pth",
                                          ".pt",          ".tflite",
                                          ".keras",       ".joblib",
                                          ".nemo",        "model.xml"};
  auto tells = [&](const std::string& path) {
    if (path.starts_with(eval_folder)) return true;
    if (std::ranges::find(names, path) != std::ranges::end(names)) return true;
    return std::ranges::any_of(endings, [&](auto ending) { return path.ends_with(ending); });
  };
  return std::ranges::any_of(ops, [&](const CommitOp& op) {
    if (auto* file = std::get_if<PutFile>(&op)) return tells(file->path.text());
    if (auto* large = std::get_if<PutLarge>(&op)) return tells(large->path.text());
    // A deletion or a rename may be a folder's, with anything in it.
    return true;
  });
}

Task<Result<>> Inspector::inspect(RepoId repo, Depth depth) {
  auto* history = &history_;
  auto* repos = &repos_;
  auto read = [repo, history](db::Tx& tx) -> Result<std::optional<Start>> {
    auto row = store::find(tx, repo);
    if (!row) return std::optional<Start>{};
    CAIRN_TRY(commit, resolve_in(tx, *history, *row, row->default_branch));
    auto known = store::card_files(tx, repo);
    return std::optional(Start{std::move(*row), std::move(commit), std::move(known)});
  };
  CAIRN_CO_TRY(start, co_await database_.read(read));
  if (!start) co_return Result<>{};  // Deleted meanwhile.

  auto shared = std::make_shared<const Start>(std::move(*start));
  struct Seen {
    CardInfo card;
    std::string weights;
  };
  auto see = [history, bytes = bytes_, shared, depth]() -> Result<Seen> {
    Looking at{*history, bytes, shared->repo.id, shared->repo.kind, shared->commit};
    Seen seen;
    CAIRN_TRY(facts, look(at, depth, shared->known, seen.weights));
    CAIRN_TRY(card, card_at(*history, shared->repo.kind, shared->repo.id, shared->commit,
                            std::move(facts)));
    seen.card = std::move(card);
    return seen;
  };
  CAIRN_CO_TRY(seen, co_await blocking_.run(see));
  auto write = [shared, seen, repos](db::Tx& tx) -> Result<> {
    tx.lock_row(db::Lockable::repo, shared->repo.id.value);
    auto row = store::find(tx, shared->repo.id);
    // The branch moved: whoever moved it asked for another look.
    if (!row || row->sha != shared->commit.oid.hex()) return {};
    auto card = seen.card;
    // Whoever looked deeper meanwhile has read what this look left out.
    if (auto now = store::card_files(tx, row->id); now.weights == seen.weights)
      keep_weights(now, card.files);
    store::set_card(tx, row->id, card);
    repos->forget_after_commit(tx, *row);
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<json::object>> Inspector::safetensors_metadata(RepoRef repo, CommitRef commit,
                                                           std::string path) {
  auto read = [this, repo, commit, path]() -> Result<json::object> {
    Looking at{history_, bytes_, repo->id, repo->kind, *commit};
    auto entry = history_.entry(*commit, path);
    if (!entry) return fail(entry_error(std::move(entry).error(), *commit));
    if (entry->is_folder()) return no_entry(*commit);
    if (entry->size_bytes > index_bytes_max)
      return fail(ErrorCode::unprocessable, "InvalidWeights", "The index file is too large.");
    CAIRN_TRY(text, bytes_->read(repo->id, *entry, 0, entry->size_bytes));
    auto index = parse_json(text);
    if (!index)
      return fail(ErrorCode::unprocessable, "InvalidWeights", "The index file is no JSON.");
    CAIRN_TRY(shards, card::shards_of(*index));
    std::string folder = path.substr(0, path.rfind('/') + 1);
    std::uint64_t budget = headers_bytes_max;
    json::object headers;
    for (const auto& shard : shards) {
      auto file = history_.entry(*commit, folder + shard);
      if (!file) return fail(entry_error(std::move(file).error(), *commit));
      CAIRN_TRY(header, read_header(at, *file, budget));
      headers[shard] = std::move(header);
    }
    json::object about;
    if (auto* metadata = index->get_object().if_contains("metadata")) about["metadata"] = *metadata;
    return json::object{{"headers", std::move(headers)}, {"index", std::move(about)}};
  };
  co_return co_await blocking_.run(read);
}

}  // namespace cairn::repo
