#include "hub/fetch/snapshots.h"

#include <algorithm>
#include <filesystem>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/bytes.h"
#include "base/random.h"
#include "platform/git/git_program.h"
#include "platform/process/stream.h"

namespace cairn::fetch {
namespace {

namespace asio = boost::asio;

// A million objects take some seconds.
constexpr Duration rev_list_max = minutes(10);

/// Ends a wait that has begun or will begin, on the waiter's own thread, which is also the last one
/// to let go of the timer: its context may end right after.
void wake(std::shared_ptr<asio::steady_timer> timer) {
  auto executor = timer->get_executor();
  asio::post(executor, [timer = std::move(timer)] {
    timer->expires_at(asio::steady_timer::time_point::min());
  });
}

std::uint64_t pack_bytes_in(const std::string& folder) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder + "/objects/pack", failed))
    if (file.path().extension() == ".pack") sum += file.file_size(failed);
  return sum;
}

}  // namespace

SnapshotFolder::~SnapshotFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Snapshots::Snapshots(history::History& history, Blocking& blocking, const std::string& folder)
    : history_(history), blocking_(blocking), root_(folder + "/snapshots") {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
  std::filesystem::create_directories(root_, ignored);
}

std::string Snapshots::key_of(RepoId repo, std::string_view head_ref, const history::RefList& refs,
                              std::string_view pack_set) {
  return std::to_string(repo.value) + ' ' + refs.id + ' ' + std::string(pack_set) + ' ' +
         std::string(head_ref);
}

Task<Result<Snapshots::Folder>> Snapshots::get(RepoId repo, std::string head_ref, std::string key) {
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    Waiter waiter;
    {
      std::lock_guard lock(mutex_);
      if (auto known = kept_.find(key); known != kept_.end()) {
        known->second.used_at = tidied_;
        co_return known->second.folder;
      }
      auto [making, first] = making_.try_emplace(key);
      if (first) break;
      waiter = std::make_shared<asio::steady_timer>(executor);
      waiter->expires_at(asio::steady_timer::time_point::max());
      making->second.push_back(waiter);
    }
    boost::system::error_code ignored;
    co_await waiter->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  // However this ends, those who wait look again.
  struct Done {
    Snapshots* snapshots;
    const std::string& key;
    ~Done() {
      std::lock_guard lock(snapshots->mutex_);
      auto making = snapshots->making_.find(key);
      for (auto& waiter : making->second) wake(std::move(waiter));
      snapshots->making_.erase(making);
    }
  } done{this, key};
  auto make_it = [this, repo, head_ref] { return make(repo, head_ref); };
  CAIRN_CO_TRY(folder, co_await blocking_.run(make_it));
  keep(folder);
  co_return std::move(folder);
}

Result<Snapshots::Folder> Snapshots::make(RepoId repo, const std::string& head_ref) {
  for (int attempt = 0;; ++attempt) {
    CAIRN_TRY(snapshot, history_.snapshot(repo));
    auto folder =
        std::make_shared<SnapshotFolder>(root_ + "/" + hex_encode(random_bytes(12)),
                                         key_of(repo, head_ref, *snapshot.refs, snapshot.pack_set));
    git::BareFolder content;
    content.packs = std::move(snapshot.packs);
    content.extra = std::move(snapshot.extra);
    for (const auto& ref : snapshot.refs->refs) content.refs.push_back({ref.name, ref.oid});
    if (!head_ref.empty()) content.head_ref = head_ref;
    auto made = git::make_bare_folder(folder->path(), content);
    if (made) {
      folder->pack_bytes_ = pack_bytes_in(folder->path());
      return folder;
    }
    // A merge may have taken a file away between the list and the link.
    if (attempt >= 3 || made.error().word != "DiskError") return fail(made.error());
  }
}

void Snapshots::keep(Folder folder) {
  std::vector<Folder> dropped;  // Their files go after the lock.
  std::lock_guard lock(mutex_);
  kept_[folder->key()] = {folder, tidied_};
  while (kept_.size() > folders_max) {
    auto oldest =
        std::ranges::min_element(kept_, {}, [](const auto& entry) { return entry.second.used_at; });
    dropped.push_back(std::move(oldest->second.folder));
    kept_.erase(oldest);
  }
}

Task<Result<std::shared_ptr<const ObjectSet>>> Snapshots::reach(Folder folder) {
  {
    std::lock_guard lock(mutex_);
    if (auto known = folder->reach_.lock()) co_return known;
  }
  auto command = git::git_command(folder->path(), {"rev-list", "--objects", "--no-object-names",
                                                   "--use-bitmap-index", "--all"});
  command.deadline = rev_list_max;
  auto executor = co_await asio::this_coro::executor;
  CAIRN_CO_TRY(program, process::Stream::start(executor, command, rev_list_max));
  program->close_input();
  auto set = std::make_shared<ObjectSet>();
  std::string cut;  // Of a line that came in two pieces.
  for (;;) {
    CAIRN_CO_TRY(bytes, co_await program->read_some());
    if (bytes.empty()) break;
    cut += bytes;
    std::size_t at = 0;
    for (std::size_t end; (end = cut.find('\n', at)) != cut.npos; at = end + 1)
      if (auto oid = git::Oid::parse(std::string_view(cut).substr(at, end - at)))
        set->push_back(*oid);
    cut.erase(0, at);
  }
  CAIRN_CO_TRY(exit, co_await program->finish());
  if (exit.code != 0)
    co_return fail(ErrorCode::internal, "ProgramFailed", "git could not list a repository.")
        .with("stderr", exit.err.substr(0, 1000));
  auto sort = [set] { std::ranges::sort(*set); };
  co_await blocking_.run(sort);
  std::lock_guard lock(mutex_);
  folder->reach_ = set;
  reach_recent_.push_back(set);
  if (reach_recent_.size() > reach_kept) reach_recent_.pop_front();
  co_return set;
}

void Snapshots::tidy() {
  std::vector<Folder> dropped;
  std::lock_guard lock(mutex_);
  ++tidied_;
  for (auto at = kept_.begin(); at != kept_.end();) {
    if (at->second.used_at + 2 > tidied_) {
      ++at;
      continue;
    }
    dropped.push_back(std::move(at->second.folder));
    at = kept_.erase(at);
  }
}

}  // namespace cairn::fetch
