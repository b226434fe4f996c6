#include "hub/fetch/fetch.h"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

#include "base/hash.h"
#include "base/log.h"
#include "hub/fetch/answers.h"
#include "hub/fetch/snapshots.h"
#include "hub/fetch/wants.h"
#include "platform/git/git_program.h"
#include "platform/git/pkt_line.h"
#include "platform/process/slots.h"
#include "platform/process/stream.h"

namespace cairn::fetch {
namespace {

// A child that says nothing for so long is stuck: git reports progress or keeps the line alive
// every few seconds once it counts objects.
constexpr Duration silence_max = minutes(10);
constexpr Duration place_patience = minutes(1);
constexpr std::size_t waiting_max = 512;

git::RefView view_of(const history::RefList& list, const repo::Repo& repo) {
  return {list.refs, "refs/heads/" + repo.default_branch};
}

/// Whose share of the places a request takes.
std::string who_of(const Actor& actor) {
  return actor.has_user() ? "user " + std::to_string(actor.user.value) : "address " + actor.address;
}

/// git shows what is refused within the protocol ("fatal: remote error: …"), and of an HTTP error
/// the number alone.
Result<Answer> refused(const Error& error) {
  if (error.word != "InvalidGitRequest") return fail(error);
  std::string out;
  git::append_error_pkt(out, error.message);
  return Answer(std::move(out));
}

/// Of haves none of which is ours, in protocol 2. git takes a request without haves for the last.
std::string nothing_in_common() {
  std::string out;
  git::append_pkt_line(out, "acknowledgments");
  git::append_pkt_line(out, "NAK");
  git::append_flush(out);
  return out;
}

std::string not_our_ref(const git::Oid& oid) {
  std::string out;
  git::append_error_pkt(out, "upload-pack: not our ref " + oid.hex());
  return out;
}

/// The wants among these that are not in the set.
std::vector<git::Oid> missing(const std::vector<git::Oid>& wants, const ObjectSet& set) {
  std::vector<git::Oid> out;
  for (const auto& want : wants)
    if (!std::ranges::binary_search(set, want)) out.push_back(want);
  return out;
}

process::Command upload_pack(const std::string& folder, git::Protocol protocol,
                             const git::FetchRequest& request, const Options& options, bool alone) {
  // Ids were checked by us: git's own check knows tips only, and in protocol 2 nothing at all.
  std::vector<std::string> arguments = {"-c", "uploadpack.allowFilter=true",
                                        "-c", "uploadpack.allowAnySHA1InWant=true",
                                        "-c", "core.packedGitLimit=1g"};
  // Beside others, a fetch uses one core; its memory is bounded whatever it finds.
  arguments.insert(arguments.end(), {"-c", alone ? "pack.threads=0" : "pack.threads=1",  //
                                     "-c", "pack.windowMemory=64m"});
  // Who has nothing gets deltas as they are stored: background merging makes them, and looking for
  // those between packs not merged yet saves 0 to 4 % of the bytes and takes most of the time
  // (200 000 objects: 2.5 s -> 0.9 s). Who has the last commit gets a delta against it.
  if (request.haves.empty()) arguments.insert(arguments.end(), {"-c", "pack.window=0"});
  arguments.insert(arguments.end(), {"upload-pack", "--stateless-rpc", "--strict", "."});
  auto command = git::git_command(folder, std::move(arguments));
  command.input = git::encode_fetch(request, protocol);
  command.deadline = options.transfer_max;
  if (protocol == git::Protocol::v1) command.environment["GIT_PROTOCOL"] = "version=1";
  if (protocol == git::Protocol::v2) command.environment["GIT_PROTOCOL"] = "version=2";
  return command;
}

/// Names a question: equal questions about equal repositories have equal answers. The order in
/// which ids and options are named means nothing, so it is taken away.
std::string question(const std::string& snapshot, git::FetchRequest request,
                     git::Protocol protocol) {
  for (auto* ids : {&request.wants, &request.haves, &request.shallow}) {
    std::ranges::sort(*ids);
    ids->erase(std::ranges::unique(*ids).begin(), ids->end());
  }
  std::ranges::sort(request.options);
  std::ranges::sort(request.capabilities);
  return sha256(snapshot + ' ' + std::to_string(static_cast<int>(protocol)) + ' ' +
                git::encode_fetch(request, protocol))
      .hex();
}

/// What one git program writes, with all that must live as long as it.
class ProgramBody final : public StreamBody {
 public:
  ProgramBody(process::Slots::Slot slot, Snapshots::Folder folder,
              std::unique_ptr<process::Stream> program)
      : slot_(std::move(slot)), folder_(std::move(folder)), program_(std::move(program)) {}

  Task<Result<std::string>> next() override {
    if (!program_) co_return std::string();
    CAIRN_CO_TRY(bytes, co_await program_->read_some());
    if (!bytes.empty()) co_return std::move(bytes);
    CAIRN_CO_TRY(exit, co_await program_->finish());
    program_.reset();
    slot_ = {};
    // git tells its client why it stops; that is in the answer already.
    if (exit.code != 0)
      log::warning("fetch.program.failed",
                   {{"exit_code", exit.code}, {"stderr", exit.err.substr(0, 500)}});
    if (exit.code > 128)
      co_return fail(ErrorCode::internal, "ProgramFailed", "The transfer was cut.");
    co_return std::string();
  }

 private:
  // Destroyed in reverse order: the program, its folder, its place.
  process::Slots::Slot slot_;
  Snapshots::Folder folder_;
  std::unique_ptr<process::Stream> program_;
};

}  // namespace

struct Fetches::Parts {
  db::Database& database;
  history::History& history;
  Blocking& blocking;
  Options options;
  process::Slots slots;
  Snapshots snapshots;
  Answers kept;  // Ends before what its programs use.
  std::atomic<std::uint64_t> answers = 0, cached = 0;

  Task<Result<history::RefListRef>> refs(RepoId repo) {
    if (auto known = history.cached_ref_list(repo)) co_return known;
    auto read = [this, repo](db::Tx& tx) -> Result<history::RefListRef> {
      return history.ref_list(tx, repo);
    };
    co_return co_await database.read(read);
  }
  Task<Result<Answer>> fetch(Actor actor, repo::RepoRef repo, git::Protocol protocol,
                             git::FetchRequest request);
};

Fetches::Fetches(db::Database& database, history::History& history, Blocking& blocking,
                 Options options)
    : parts_(
          new Parts{.database = database,
                    .history = history,
                    .blocking = blocking,
                    .options = options,
                    // One account may have most of the places, never all.
                    .slots = {options.processes_max,
                              std::max<std::size_t>(1, options.processes_max * 3 / 4), waiting_max},
                    .snapshots = {history, blocking, options.cache_folder},
                    .kept = {options.cache_folder + "/answers", options.answer_cache_bytes}}) {}
Fetches::~Fetches() = default;

Task<Result<std::string>> Fetches::advertise(repo::RepoRef repo, git::Protocol protocol) {
  const auto& agent = parts_->options.agent;
  if (protocol == git::Protocol::v2) co_return git::encode_capabilities_v2(agent);
  CAIRN_CO_TRY(list, co_await parts_->refs(repo->id));
  co_return git::encode_upload_advertisement(view_of(*list, *repo), protocol, agent);
}

Task<Result<Answer>> Fetches::answer(Actor actor, repo::RepoRef repo, git::Protocol protocol,
                                     std::string request) {
  if (protocol != git::Protocol::v2) {
    auto parsed = git::parse_fetch_v0(request);
    if (!parsed) co_return refused(parsed.error());
    co_return co_await parts_->fetch(std::move(actor), std::move(repo), protocol,
                                     std::move(*parsed));
  }
  auto command = git::parse_command_v2(request);
  if (!command) co_return refused(command.error());
  if (auto* ls_refs = std::get_if<git::LsRefsRequest>(&*command)) {
    CAIRN_CO_TRY(list, co_await parts_->refs(repo->id));
    co_return Answer(git::encode_ls_refs(view_of(*list, *repo), *ls_refs));
  }
  co_return co_await parts_->fetch(std::move(actor), std::move(repo), protocol,
                                   std::move(std::get<git::FetchRequest>(*command)));
}

Task<Result<Answer>> Fetches::Parts::fetch(Actor actor, repo::RepoRef repo, git::Protocol protocol,
                                           git::FetchRequest request) {
  // Wants nothing: git sends so when it finds that it has everything.
  if (request.wants.empty() && protocol != git::Protocol::v2) co_return Answer(std::string());
  auto check = [&](db::Tx& tx) -> Result<std::pair<CheckedWants, git::FetchRequest>> {
    auto copy = request;  // The function may run again.
    CAIRN_TRY(checked, check_wants(tx, history, repo->id, copy, options.grace));
    return std::pair(std::move(checked), std::move(copy));
  };
  CAIRN_CO_TRY(result, co_await database.read(check));
  auto& checked = result.first;
  bool had_haves = !request.haves.empty();
  request = std::move(result.second);
  ++answers;

  std::string head_ref = "refs/heads/" + repo->default_branch;
  auto key = Snapshots::key_of(repo->id, head_ref, *checked.refs, checked.pack_set);
  bool no_common = protocol == git::Protocol::v2 && had_haves && request.haves.empty() &&
                   request.end != git::FetchRequest::End::done;
  if (no_common && checked.open.empty()) co_return Answer(nothing_in_common());

  // An answer is as true as its question: ids that were open are asked again each time.
  bool may_keep = checked.open.empty();
  auto asked = may_keep ? question(key, request, protocol) : std::string();
  if (auto known = may_keep ? kept.find(asked) : nullptr) {
    ++cached;
    co_return Recording::read(std::move(known));
  }
  CAIRN_CO_TRY(slot, co_await slots.acquire(who_of(actor), place_patience));
  CAIRN_CO_TRY(folder, co_await snapshots.get(repo->id, head_ref, key));
  if (!checked.open.empty()) {
    CAIRN_CO_TRY(set, co_await snapshots.reach(folder));
    auto foreign = missing(checked.open, *set);
    if (!foreign.empty()) co_return Answer(not_our_ref(foreign.front()));
    if (no_common) co_return Answer(nothing_in_common());
  }
  auto executor = co_await boost::asio::this_coro::executor;
  bool alone = slots.counts().running <= 1;
  auto command = upload_pack(folder->path(), protocol, request, options, alone);
  if (may_keep && folder->key() == key) {
    struct Held {
      process::Slots::Slot slot;
      Snapshots::Folder folder;
    };
    auto held = std::make_shared<Held>(std::move(slot), folder);
    if (auto recording = kept.begin(asked, folder->pack_bytes(), command, held)) {
      ++cached;
      co_return Recording::read(std::move(recording));
    }
    slot = std::move(held->slot);
  }
  CAIRN_CO_TRY(program, process::Stream::start(executor, command, silence_max));
  std::shared_ptr<StreamBody> body =
      std::make_shared<ProgramBody>(std::move(slot), std::move(folder), std::move(program));
  co_return Answer(std::move(body));
}

void Fetches::tidy() {
  parts_->snapshots.tidy();
  parts_->kept.tidy();
}

Fetches::Metrics Fetches::metrics() const {
  auto counts = parts_->slots.counts();
  return {counts.running, counts.waiting, parts_->answers, parts_->cached};
}

}  // namespace cairn::fetch
