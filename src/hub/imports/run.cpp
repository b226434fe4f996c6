#include "hub/imports/run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "base/text.h"
#include "hub/imports/store.h"
#include "hub/lfs/pointer.h"
#include "platform/http/outbound_proxy.h"
#include "platform/process/stream.h"

namespace cairn::imports {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// How often the row is brought up to date, and somebody's wish to end is looked for.
constexpr auto look_every = std::chrono::milliseconds(500);
/// Refs of one fetch after the first: a break costs at most so many.
constexpr std::size_t fetch_refs_max = 2000;
constexpr std::size_t refs_max = push::commands_max;

/// What a killed git left behind: its locks, and packs that never ended.
void sweep(const std::string& bare) {
  std::error_code failed;
  std::vector<fs::path> gone;
  for (const auto& file : fs::recursive_directory_iterator(bare, failed)) {
    auto name = file.path().filename().string();
    if (name.ends_with(".lock") || name.starts_with("tmp_")) gone.push_back(file.path());
  }
  for (const auto& path : gone) fs::remove(path, failed);
}

Failure repo_gone() {
  return fail(ErrorCode::gone, "RepoGone", "The repository was deleted before its import ended.");
}

}  // namespace

std::string folder_of(const Parts& parts, const Import& import) {
  return parts.folder + "/" + std::to_string(import.id.value) + "-" + import.public_id.hex;
}

void remove_folder(const std::string& root, ImportId id) {
  const std::string prefix = std::to_string(id.value) + "-";
  std::error_code failed;
  std::vector<fs::path> gone;
  for (const auto& folder : fs::directory_iterator(root, failed))
    if (folder.path().filename().string().starts_with(prefix)) gone.push_back(folder.path());
  for (const auto& path : gone) fs::remove_all(path, failed);
}

Run::Run(Parts& parts, Import import, Lease lease, std::function<bool()> stopping)
    : parts_(parts),
      import_(std::move(import)),
      lease_(std::move(lease)),
      stopping_(std::move(stopping)),
      folder_(folder_of(parts, import_)),
      bare_(folder_ + "/bare") {}

Progress Run::progress() const {
  return {counters_.phase,           counters_.objects_done,    counters_.objects_total,
          counters_.bytes_received,  counters_.files_done,      counters_.files_total,
          counters_.file_bytes_done, counters_.file_bytes_total};
}

void Run::note(std::string text) {
  if (notes_.size() < notes_max) notes_.push_back(std::move(text));
}

Task<Result<>> Run::go() {
  CAIRN_CO_CHECK(co_await find_repo());
  auto look_step = [this] { return look(); };
  CAIRN_CO_CHECK(co_await step(look_step));
  counters_.phase = Phase::fetching;
  auto fetch_step = [this] { return fetch(); };
  CAIRN_CO_CHECK(co_await step(fetch_step));
  counters_.phase = Phase::sorting;
  auto sort_step = [this] { return sort_objects(); };
  CAIRN_CO_CHECK(co_await step(sort_step));
  counters_.phase = Phase::large_files;
  // What the hub will refuse in any case is not worth the transfer of the rest.
  if (!has_too_large_) CAIRN_CO_CHECK(co_await bring_large_files());
  counters_.phase = Phase::saving;
  CAIRN_CO_CHECK(co_await keep_row());
  co_return co_await save();
}

/// Runs `work` on a thread that may block; meanwhile the row is kept, and it ends when it should.
Task<Result<>> Run::step(std::function<Result<>()> work) {
  struct Ending {
    std::optional<Result<>> result;
    std::exception_ptr thrown;
    std::shared_ptr<asio::steady_timer> timer;
  };
  auto executor = co_await asio::this_coro::executor;
  auto ending = std::make_shared<Ending>();
  ending->timer = std::make_shared<asio::steady_timer>(executor);
  auto run = [](Blocking& blocking, std::function<Result<>()> what,
                std::shared_ptr<Ending> to) -> Task<> {
    try {
      to->result = co_await blocking.run(std::move(what));
    } catch (...) {
      to->thrown = std::current_exception();
    }
    to->timer->cancel();
  };
  asio::co_spawn(executor, run(parts_.blocking, std::move(work), ending), asio::detached);
  while (!ending->result && !ending->thrown) {
    boost::system::error_code ignored;
    ending->timer->expires_after(look_every);
    co_await ending->timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (ending->result || ending->thrown) break;
    // An error of the database ends nothing here; what matters is asked again when it is saved.
    if (auto kept = co_await keep_row(); !kept && kept.error().word == "LeaseLost") stop_ = true;
  }
  if (ending->thrown) std::rethrow_exception(ending->thrown);
  CAIRN_CO_CHECK(*ending->result);
  if (stop_) co_return fail(ErrorCode::unavailable, "Stopped", "The import was told to end.");
  co_return Result<>{};
}

Task<Result<>> Run::keep_row() {
  auto write = [this, now = progress()](db::Tx& tx) -> Result<bool> {
    CAIRN_CHECK(lease_(tx));
    auto row = store::find(tx, import_.id);
    if (!row || row->state == State::cancelled) return false;
    row->state = State::running;
    row->progress = now;
    store::update(tx, *row);
    return true;
  };
  CAIRN_CO_TRY(goes_on, co_await parts_.database.write(write));
  if (!goes_on) cancelled_ = true;
  if (cancelled_ || stopping_()) stop_ = true;
  if (stop_) co_return fail(ErrorCode::unavailable, "Stopped", "The import was told to end.");
  co_return Result<>{};
}

Task<Result<>> Run::find_repo() {
  auto check = [this](db::Tx& tx) -> Result<repo::Repo> {
    auto repo = repo::find_repo(tx, import_.repo);
    if (!repo) return repo_gone();
    actor_ = Actor::system();
    actor_.user_name = repo->owner_name;
    if (import_.user.value != 0) {
      CAIRN_TRY(user, account::find_user(tx, import_.user));
      if (user.disabled_at)
        return fail(ErrorCode::forbidden, "Forbidden", "The account is disabled.");
      actor_.kind = account::ActorKind::user;
      actor_.user = user.id;
      actor_.user_public_id = user.public_id;
      actor_.user_name = user.name;
    }
    return parts_.repos.recheck(tx, actor_, import_.repo, repo::Action::write);
  };
  CAIRN_CO_TRY(repo, co_await parts_.database.write(check));
  repo_ = std::make_shared<const repo::Repo>(std::move(repo));
  co_return co_await keep_row();
}

// ---- Looking -----------------------------------------------------------------------------------

Result<> Run::look() {
  std::error_code failed;
  fs::create_directories(folder_ + "/large", failed);
  if (failed)
    return fail(ErrorCode::unavailable, "DiskTrouble",
                "The hub could not make a folder for the import. Try again later.")
        .with("path", folder_);
  if (import_.local) {
    CAIRN_CHECK(look_at_folder());
  } else {
    CAIRN_CHECK(look_at_remote());
  }
  if (refs_.refs.size() > refs_max)
    return fail(ErrorCode::too_large, "TooManyRefs",
                "The source has " + std::to_string(refs_.refs.size()) +
                    " branches and tags; an import takes " + std::to_string(refs_max) + ".");
  return {};
}

Result<> Run::look_at_folder() {
  CAIRN_TRY(local, git::open_local(import_.source, stop_));
  local_ = std::move(local);
  refs_ = local_.refs;
  // Objects are read where they are, so the folder is made anew: a moment's work.
  std::error_code ignored;
  fs::remove_all(bare_, ignored);
  git::BareFolder bare;
  bare.refs = refs_.refs;
  CAIRN_CHECK(git::make_bare_folder(bare_, bare));
  return git::borrow_objects(bare_, local_.git_folder);
}

Result<> Run::look_at_remote() {
  CAIRN_TRY(named, parse_source(import_.source));
  std::string token;
  if (!import_.token.empty()) {
    CAIRN_TRY(opened, parts_.keyring.open(token_purpose, import_.token));
    token = opened;
  }
  authorization_ = authorization_of(import_.username, token);
  CAIRN_TRY(found, look_at(parts_.outbound, named, authorization_, &stop_));
  source_ = std::move(found);
  std::error_code ignored;
  if (!fs::exists(bare_ + "/packed-refs", ignored)) {
    fs::remove_all(bare_, ignored);
    CAIRN_CHECK(git::make_bare_folder(bare_, {}));
  }
  sweep(bare_);
  CAIRN_TRY(proxy, http::OutboundProxy::start(parts_.outbound, source_.url.starts_with("http:")));
  git::Remote remote{source_.url, authorization_, proxy->url(), 0};
  CAIRN_TRY(refs, git::list_remote(bare_, remote, stop_));
  refs_ = std::move(refs);
  return {};
}

// ---- Fetching ----------------------------------------------------------------------------------

Result<> Run::fetch() {
  if (import_.local || refs_.refs.empty()) return {};
  CAIRN_TRY(proxy, http::OutboundProxy::start(parts_.outbound, source_.url.starts_with("http:")));
  const auto pack_max = parts_.pushes.options().pack_bytes_max;
  git::Remote remote{source_.url, authorization_, proxy->url(), pack_max};
  auto tell = [&](const git::TransferProgress& now) {
    counters_.bytes_received = proxy->received_bytes();
    if (now.stage != "Receiving objects") return;
    counters_.objects_done = now.done;
    counters_.objects_total = now.total;
  };
  // The default branch first: mostly it holds nearly all, and then it is here for good.
  std::vector<std::vector<std::string>> groups;
  std::vector<std::string> rest;
  for (const auto& ref : refs_.refs) {
    if (ref.name == refs_.head) {
      groups.insert(groups.begin(), {ref.name});
      continue;
    }
    rest.push_back(ref.name);
    if (rest.size() == fetch_refs_max) groups.push_back(std::exchange(rest, {}));
  }
  if (!rest.empty()) groups.push_back(std::move(rest));
  for (const auto& group : groups) {
    auto fetched = git::fetch_refs(bare_, remote, group, tell, stop_);
    counters_.bytes_received = proxy->received_bytes();
    if (!fetched && proxy->refused())
      return fail(ErrorCode::forbidden, "AddressRefused",
                  "The source is in a private network now. Whoever runs the hub can allow the "
                  "address: outbound_allowed.");
    if (counters_.bytes_received > pack_max)
      return fail(ErrorCode::too_large, "PackTooLarge",
                  "An import brings at most " + human_bytes(pack_max) +
                      " of history, files in git-lfs not counted. Move what is large there first.");
    CAIRN_CHECK(fetched);
  }
  return {};
}

// ---- Sorting -----------------------------------------------------------------------------------

/// Which large files the history names, by the texts that stand for them.
Result<> Run::sort_objects() {
  if (refs_.refs.empty()) return {};
  std::vector<git::Oid> small;
  std::uint64_t objects = 0;
  const auto blob_max = parts_.pushes.options().blob_bytes_max;
  auto visit = [&](const git::ObjectInfo& object) {
    ++objects;
    if (object.type != git::ObjectType::blob) return;
    has_too_large_ = has_too_large_ || object.size_bytes > blob_max;
    if (object.size_bytes <= lfs::pointer_bytes_max) small.push_back(object.oid);
  };
  CAIRN_CHECK(git::each_reachable(bare_, visit, stop_));
  counters_.objects_done = counters_.objects_total = objects;
  std::set<Sha256Digest> seen;
  auto read = [&](const git::Oid&, std::string_view text) {
    auto pointer = lfs::parse_pointer(text);
    if (pointer && seen.insert(pointer->sha256).second)
      large_.push_back({pointer->sha256, pointer->size_bytes});
  };
  return git::each_content(bare_, small, read, stop_);
}

// ---- Saving ------------------------------------------------------------------------------------

/// Which refs move: those of the source, and `main`, where clients look without being told, to what
/// the source has for its default branch when it has no `main`. Nothing that somebody made here
/// meanwhile is replaced.
Task<Result<push::Request>> Run::commands() {
  auto read = [this](db::Tx& tx) -> Result<std::vector<history::Ref>> {
    return parts_.history.refs(tx, import_.repo, "refs/");
  };
  CAIRN_CO_TRY(here, co_await parts_.database.read(read));
  std::map<std::string, git::Oid> there;
  for (const auto& ref : here) there.emplace(ref.name, ref.tag_object.value_or(ref.commit));
  const std::string main = "refs/heads/" + repo_->default_branch;
  auto refs = refs_.refs;
  bool has_main = std::ranges::any_of(refs, [&](const auto& ref) { return ref.name == main; });
  for (const auto& ref : refs_.refs) {
    if (has_main || ref.name != refs_.head) continue;
    refs.push_back({main, ref.oid});
    note("The source's default branch is " + ref.name.substr(11) + "; " + repo_->default_branch +
         " leads to the same commit here.");
    has_main = true;
  }
  if (!has_main && !refs.empty())
    note("The source has no branch " + repo_->default_branch +
         ", nor says which is its default one: ours stays empty.");
  push::Request out;
  out.report_status = true;
  for (const auto& ref : refs) {
    auto now = there.find(ref.name);
    if (now != there.end() && now->second == ref.oid) continue;
    bool ours = now != there.end() && !(ref.name == main && now->second.hex() == import_.initial);
    if (ours && ref.name == main)
      co_return fail(ErrorCode::conflict, "ImportConflict",
                     "Somebody changed " + repo_->default_branch +
                         " while the import ran; nothing was replaced. Import to another name.");
    if (ours) {
      note(ref.name + " is here already and leads elsewhere; it stays as it is.");
      continue;
    }
    push::Command command;
    command.ref = ref.name;
    command.to = ref.oid;
    if (now != there.end()) command.from = now->second;
    out.commands.push_back(std::move(command));
  }
  // The first transaction brings the pack, and should bring what people look at.
  if (auto first = std::ranges::find(out.commands, main, &push::Command::ref);
      first != out.commands.end())
    std::rotate(out.commands.begin(), first, first + 1);
  if (refs.empty()) note("The source is empty.");
  co_return out;
}

Task<Result<>> Run::save() {
  CAIRN_CO_TRY(request, co_await commands());
  if (request.commands.empty()) co_return Result<>{};
  auto executor = co_await asio::this_coro::executor;
  CAIRN_CO_TRY(push, co_await parts_.pushes.begin(actor_, repo_, std::move(request), executor));
  CAIRN_CO_CHECK(co_await send_pack(*push));
  auto report = co_await push->finish();
  co_return take_report(report);
}

Task<Result<>> Run::send_pack(push::Push& push) {
  constexpr Duration silence = minutes(30);  // Of git, while it counts.
  auto executor = co_await asio::this_coro::executor;
  CAIRN_CO_TRY(packer,
               process::Stream::start(executor, git::pack_everything_command(bare_), silence));
  packer->close_input();
  auto looked = std::chrono::steady_clock::now();
  for (;;) {
    CAIRN_CO_TRY(bytes, co_await packer->read_some());
    if (bytes.empty()) break;
    CAIRN_CO_CHECK(co_await push.write(std::move(bytes)));
    if (std::chrono::steady_clock::now() - looked < look_every) continue;
    looked = std::chrono::steady_clock::now();
    CAIRN_CO_CHECK(co_await keep_row());
  }
  CAIRN_CO_TRY(exit, co_await packer->finish());
  if (exit.code == 0) co_return Result<>{};
  co_return fail(ErrorCode::unprocessable, "InvalidPack",
                 "git could not read what came from the source: " +
                     std::string(truncate_utf8(trim(exit.err), 300)) + ".");
}

Result<> Run::take_report(const push::Report& report) {
  const std::string main = "refs/heads/" + repo_->default_branch;
  std::string words;
  for (const auto& line : report.words) words += "\n" + line;
  auto refused = [&](const std::string& why) {
    return fail(
        ErrorCode::unprocessable, "ImportRefused",
        std::string(truncate_utf8("The hub does not take the repository: " + why + words, 4000)));
  };
  if (!report.unpack_error.empty()) return refused(report.unpack_error);
  std::size_t done = 0;
  for (const auto& ref : report.refs) {
    if (ref.refusal.empty()) {
      ++done;
    } else if (ref.name == main) {
      return refused(ref.refusal);
    } else {
      note(ref.name + " was left out: " + ref.refusal);
    }
  }
  if (done == 0) return refused(report.refs.front().refusal);
  for (const auto& line : report.words) note(line);
  return {};
}

}  // namespace cairn::imports
