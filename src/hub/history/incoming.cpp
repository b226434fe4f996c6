#include "hub/history/incoming.h"

#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "base/text.h"
#include "hub/history/git_tree.h"
#include "hub/history/store.h"
#include "platform/git/git_program.h"
#include "platform/git/path.h"

namespace cairn::history {
namespace {

// What a row keeps of a commit's texts: the object has them whole. Longer ones are data, not words.
constexpr std::size_t title_bytes_max = 1000;
constexpr std::size_t message_row_bytes_max = 64u << 10;
constexpr std::size_t name_bytes_max = 500;
// Tags of tags: git follows any number, people make one.
constexpr int tag_depth_max = 8;
// Rows looked up in one read transaction.
constexpr std::size_t read_step = 2000;

Failure missing_parent(const git::Oid& oid) {
  return fail(ErrorCode::unprocessable, "InvalidPack",
              "The commit " + oid.hex() +
                  " is a parent of what was pushed, and this repository does not have it. Run git "
                  "fetch (--unshallow in a shallow clone), then push again.");
}

Failure not_a_commit(const git::Oid& oid, git::ObjectType type) {
  return fail(ErrorCode::unprocessable, "NotACommit",
              "The object " + oid.hex() + " is a " + std::string(git::to_string(type)) +
                  ". Branches and tags of this hub lead to commits.");
}

/// Columns hold UTF-8 without zero bytes; old histories hold anything.
std::string text_of(std::string_view bytes, std::size_t bytes_max) {
  bytes = bytes.substr(0, bytes_max);
  if (is_valid_utf8(bytes) && !bytes.contains('\0')) return std::string(bytes);
  // A cut inside a letter takes the letter; what is not UTF-8 at all is read as Latin-1, which it
  // mostly is.
  if (auto cut = truncate_utf8(bytes, bytes.size() - 1);
      bytes.size() == bytes_max && is_valid_utf8(cut) && !cut.contains('\0'))
    return std::string(cut);
  std::string out;
  for (unsigned char c : bytes) {
    if (c == 0) continue;
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      out += static_cast<char>(0xc0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3f));
    }
  }
  return out;
}

/// What a row tells of a commit, but for its place in the history.
CommitInfo info_of(RepoId repo, const git::Oid& oid, git::CommitData data) {
  CommitInfo out;
  out.repo = repo;
  out.oid = oid;
  out.tree = data.tree;
  out.parents = std::move(data.parents);
  constexpr std::int64_t seconds_max = 253'402'300'799;  // The end of the year 9999.
  out.time = Time{std::clamp<std::int64_t>(data.committer.seconds, 0, seconds_max) * 1'000'000};
  out.author_name = text_of(data.author.name, name_bytes_max);
  out.author_email = text_of(data.author.email, name_bytes_max);
  std::string_view message = trim(data.message);
  auto line = message.find('\n');
  out.title = text_of(trim(message.substr(0, line)), title_bytes_max);
  if (line != message.npos)
    out.message = text_of(trim(message.substr(line)), message_row_bytes_max);
  return out;
}

Result<std::string> read_small_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string out((std::istreambuf_iterator<char>(in)), {});
  if (in.bad() || (!in && !in.eof()))
    return fail(ErrorCode::unavailable, "DiskTrouble",
                "The hub could not read a pack. Try again later.")
        .with("path", path);
  return out;
}

}  // namespace

Result<std::unique_ptr<IncomingPack>> IncomingPack::make(Parts parts, RepoId repo) {
  std::string scratch = parts.options.cache_folder + "/incoming/" + hex_encode(random_bytes(12));
  std::unique_ptr<IncomingPack> out(new IncomingPack(parts, repo, scratch));
  std::error_code failed;
  std::filesystem::create_directories(scratch, failed);
  if (failed)
    return fail(ErrorCode::unavailable, "DiskTrouble",
                "The hub could not make a folder for the push. Try again later.")
        .with("path", scratch);
  // A pack can be merged away between the list and its linking; then the list is read again.
  for (int attempt = 0;; ++attempt) {
    auto list = [&](db::Tx& tx) -> Result<std::vector<store::PackRow>> {
      return store::repo_packs(tx, repo);
    };
    CAIRN_TRY(rows, parts.database.read_now(list));
    auto packs = parts.packs.folder_packs(rows);
    if (!packs && packs.error().code == ErrorCode::not_found && attempt < 5) continue;
    if (!packs) return fail(packs.error());
    git::BareFolder bare;
    bare.packs = std::move(*packs);
    CAIRN_CHECK(git::make_bare_folder(out->bare_, bare));
    return out;
  }
}

IncomingPack::IncomingPack(Parts parts, RepoId repo, std::string scratch)
    : parts_(parts), repo_(repo), scratch_(std::move(scratch)), bare_(scratch_ + "/bare") {}

IncomingPack::~IncomingPack() {
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
}

Result<> IncomingPack::take(const git::PackFile& pack, std::uint64_t objects_sent) {
  pack_ = pack;
  CAIRN_CHECK(read_objects(pack, objects_sent));
  CAIRN_CHECK(find_boundary());
  return order_commits();
}

Result<> IncomingPack::read_objects(const git::PackFile& pack, std::uint64_t objects_sent) {
  CAIRN_TRY(base, parts_.packs.source(repo_, true));
  base_ = base;
  CAIRN_TRY(idx, read_small_file(pack.pack_path.substr(0, pack.pack_path.size() - 5) + ".idx"));
  idx_ = std::move(idx);
  CAIRN_TRY(index, git::parse_idx(idx_, false));
  if (index.entries.empty()) {  // Refs lead to what is there already.
    source_ = *base_;
    return {};
  }
  CAIRN_TRY(disk, git::DiskPack::open(pack.pack_path));
  auto packs = base_->disk_packs();
  packs.insert(packs.begin(), disk);
  source_ = git::ObjectSource(base_->inline_packs(), std::move(packs));
  CAIRN_TRY(sent, git::SentPack::open(pack.pack_path, std::move(index.entries), objects_sent));
  sent_ = std::move(sent);
  std::vector<git::Oid> commits;
  for (const auto& entry : sent_->entries()) {
    if (base_->contains(entry.oid)) continue;
    CAIRN_TRY(header, disk->header(entry.oid));
    new_.emplace(entry.oid, header);
    if (header.type == git::ObjectType::blob) blob_bytes_ += header.size_bytes;
    if (header.type == git::ObjectType::commit) commits.push_back(entry.oid);
  }
  return read_commits(commits);
}

Result<> IncomingPack::read_commits(const std::vector<git::Oid>& found) {
  if (found.size() > incoming_commits_max)
    return fail(ErrorCode::too_large, "TooManyCommits",
                "A push brings at most " + std::to_string(incoming_commits_max) +
                    " commits, and this one has " + std::to_string(found.size()) +
                    ". Push an older commit of the branch first, then the rest.");
  commits_.reserve(found.size());
  for (const auto& oid : found) {
    CAIRN_TRY(data, source_.read_commit(oid));
    commits_.push_back(info_of(repo_, oid, std::move(data)));
  }
  return {};
}

Result<> IncomingPack::find_boundary() {
  std::unordered_set<git::Oid> wanted;
  for (const auto& commit : commits_)
    for (const auto& parent : commit.parents)
      if (!new_.contains(parent)) wanted.insert(parent);
  std::vector<git::Oid> list(wanted.begin(), wanted.end());
  for (std::size_t at = 0; at < list.size(); at += read_step) {
    auto read = [&](db::Tx& tx) -> Result<std::vector<CommitInfo>> {
      std::vector<CommitInfo> rows;
      for (std::size_t i = at; i < std::min(list.size(), at + read_step); ++i) {
        auto row = store::find_commit(tx, repo_, list[i]);
        if (!row) return missing_parent(list[i]);
        rows.push_back(std::move(*row));
      }
      return rows;
    };
    CAIRN_TRY(rows, parts_.database.read_now(read));
    for (auto& row : rows) boundary_.emplace(row.oid, std::move(row));
  }
  // What nothing leads to does not exist: a child of it must not bring it back.
  auto reach = [&](db::Tx& tx) -> Result<std::unordered_set<git::Oid>> {
    return store::reached(tx, repo_, list);
  };
  CAIRN_TRY(reached, parts_.database.read_now(reach));
  for (const auto& oid : list)
    if (!reached.contains(oid) && !proved(oid)) return missing_parent(oid);
  return {};
}

/// Parents first, with generations. Without recursion: histories are long.
Result<> IncomingPack::order_commits() {
  std::unordered_map<git::Oid, std::size_t> at;
  for (std::size_t i = 0; i < commits_.size(); ++i) at.emplace(commits_[i].oid, i);
  std::vector<std::size_t> order;
  order.reserve(commits_.size());
  enum class State : char { fresh, open, done };
  std::vector<State> state(commits_.size(), State::fresh);
  std::vector<std::size_t> stack;
  for (std::size_t root = 0; root < commits_.size(); ++root) {
    stack.push_back(root);
    while (!stack.empty()) {
      std::size_t i = stack.back();
      if (state[i] == State::fresh) {
        state[i] = State::open;
        for (const auto& parent : commits_[i].parents)
          if (auto found = at.find(parent);
              found != at.end() && state[found->second] == State::fresh)
            stack.push_back(found->second);
        continue;
      }
      stack.pop_back();
      if (state[i] == State::done) continue;
      state[i] = State::done;
      auto& commit = commits_[i];
      commit.generation = 1;
      commit.linear = commit.parents.size() <= 1;
      for (const auto& parent : commit.parents) {
        auto found = at.find(parent);
        const auto& p = found != at.end() ? commits_[found->second] : boundary_.at(parent);
        commit.generation = std::max(commit.generation, p.generation + 1);
        commit.linear = commit.linear && p.linear;
      }
      order.push_back(i);
    }
  }
  std::vector<CommitInfo> sorted;
  sorted.reserve(order.size());
  for (std::size_t i : order) sorted.push_back(std::move(commits_[i]));
  commits_ = std::move(sorted);
  for (std::size_t i = 0; i < commits_.size(); ++i) commit_at_.emplace(commits_[i].oid, i);
  return {};
}

Result<std::optional<Tip>> IncomingPack::known_tip(const git::Oid& oid) {
  bool sent = proved(oid);
  auto find = [&](db::Tx& tx) -> Result<std::optional<Tip>> {
    if (auto row = store::find_commit(tx, repo_, oid)) {
      if (sent || store::reachable(tx, repo_, oid)) return Tip{std::move(*row), {}};
      return std::optional<Tip>{};
    }
    for (auto& ref : store::refs(tx, repo_, "refs/"))
      if (ref.tag_object == oid)
        if (auto row = store::find_commit(tx, repo_, ref.commit)) return Tip{std::move(*row), oid};
    return std::optional<Tip>{};
  };
  return parts_.database.read_now(find);
}

Result<Tip> IncomingPack::peel(const git::Oid& oid) {
  Tip tip;
  git::Oid at = oid;
  for (int depth = 0; depth < tag_depth_max; ++depth) {
    if (auto found = commit_at_.find(at); found != commit_at_.end()) {
      tip.commit = commits_[found->second];
      return tip;
    }
    auto header = source_.header(at);
    bool was_sent = new_.contains(at) || proved(at);
    if (was_sent && header && header->type == git::ObjectType::tag) {
      if (depth == 0) tip.tag_object = oid;
      CAIRN_TRY(tag, source_.read_tag(at));
      at = tag.object;
      continue;
    }
    if (was_sent && header && header->type != git::ObjectType::commit)
      return not_a_commit(at, header->type);
    CAIRN_TRY(known, known_tip(at));
    if (!known) break;
    tip.commit = std::move(known->commit);
    if (!tip.tag_object) tip.tag_object = known->tag_object;
    return tip;
  }
  return fail(ErrorCode::unprocessable, "MissingObject",
              "The object " + at.hex() +
                  " was not sent, and nothing in this repository leads to it. Run git fetch, then "
                  "push again.");
}

Result<> IncomingPack::walk(const std::function<Result<>(const NewFile&)>& visit) {
  walked_.clear();
  for (const auto& commit : commits_) CAIRN_CHECK(walk_tree(commit.tree, "", visit));
  return {};
}

Result<> IncomingPack::walk_tree(const git::Oid& tree, const std::string& prefix,
                                 const std::function<Result<>(const NewFile&)>& visit) {
  if (!new_.contains(tree) || !walked_.insert(tree).second) return {};
  CAIRN_TRY(entries, source_.read_tree(tree));
  for (const auto& e : entries) {
    std::string path = prefix + e.name;
    auto name = git::parse_path(e.name);
    if (!name || path.size() > git::path_bytes_max)
      return fail(
          ErrorCode::unprocessable, "InvalidPath",
          "The push has a file that this hub cannot serve, in the folder \"" +
              text_of(prefix, 200) + "\": " +
              (name ? "its path is longer than " + std::to_string(git::path_bytes_max) + " bytes."
                    : name.error().message) +
              " Rename it in every commit that has it (git filter-repo --path-rename).");
    if (e.mode == git::FileMode::directory) {
      CAIRN_CHECK(walk_tree(e.oid, path + "/", visit));
      continue;
    }
    NewFile file{path, e.mode, e.oid, 0, {}};
    if (e.mode != git::FileMode::submodule) {
      if (!new_.contains(e.oid) || !walked_.insert(e.oid).second) continue;
      CAIRN_TRY(entry, file_entry(source_, e));
      file.size_bytes = entry.lfs ? entry.pointer_size_bytes : entry.size_bytes;
      if (entry.lfs) file.large = LargeFile{*entry.lfs, entry.size_bytes};
    }
    CAIRN_CHECK(visit(file));
  }
  return {};
}

Result<SheetEntry> IncomingPack::entry(const CommitInfo& commit, std::string_view path) {
  return find_path_in_trees(source_, commit, path);
}

Result<std::string> IncomingPack::read(const git::Oid& blob, std::size_t bytes_max) {
  CAIRN_TRY(object, source_.read(blob, bytes_max));
  return std::move(object.content);
}

Result<bool> IncomingPack::descends(const CommitInfo& commit, const git::Oid& ancestor) {
  if (commit.oid == ancestor) return true;
  std::unordered_set<git::Oid> seen;
  std::vector<git::Oid> queue{commit.oid}, old;
  while (!queue.empty()) {
    auto oid = queue.back();
    queue.pop_back();
    if (oid == ancestor) return true;
    auto found = commit_at_.find(oid);
    if (found == commit_at_.end()) {
      old.push_back(oid);
      continue;
    }
    for (const auto& parent : commits_[found->second].parents)
      if (seen.insert(parent).second) queue.push_back(parent);
  }
  auto reach = [&](db::Tx& tx) -> Result<bool> {
    return std::ranges::any_of(
        old, [&](const auto& oid) { return store::descends(tx, repo_, oid, ancestor); });
  };
  return parts_.database.read_now(reach);
}

}  // namespace cairn::history
