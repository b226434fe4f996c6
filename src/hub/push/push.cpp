#include "hub/push/push.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/push/content.h"
#include "hub/push/move.h"
#include "hub/push/push_parts.h"
#include "hub/push/rules.h"
#include "platform/git/git_program.h"
#include "platform/process/stream.h"

namespace cairn::push {
namespace {

constexpr std::size_t pack_header_bytes = 12;
constexpr std::size_t lookup_step = 500;
// index-pack yields to requests; its work is long and theirs is short.
constexpr int checker_nice = 5;

std::string who_of(const Actor& actor) {
  return actor.has_user() ? "user:" + std::to_string(actor.user.value) : actor.address;
}

/// The repository, when this actor may push anything at all to it.
Result<repo::Repo> pushable(db::Tx& tx, PushParts& parts, const Actor& actor, RepoId id) {
  auto current = repo::find_repo(tx, id);
  if (!current) return fail(access::hidden(actor));
  auto writes = access::check(tx, actor, access::Action::write, *current);
  bool own = !writes && parts.pull_requests && parts.pull_requests->has_own(tx, actor, *current);
  if (!writes && !own) return std::unexpected(writes.error());
  return std::move(*current);
}

}  // namespace

/// One push. Its coroutine members run on the transport's executor; what blocks runs elsewhere.
class PushInProgress final : public Push {
 public:
  using Parts = std::shared_ptr<PushParts>;

  PushInProgress(Parts parts, process::Slots::Slot slot, Request request)
      : parts_(std::move(parts)), slot_(std::move(slot)), request_(std::move(request)) {}

  /// What a look at the refs tells: nothing is changed by a push that this refuses whole.
  struct Looked {
    std::int64_t gc_epoch = 0;
    std::string default_branch;
    std::vector<std::string> refusals;
  };
  static Result<Looked> look(db::Tx& tx, PushParts& parts, const Actor& actor, RepoId repo,
                             const Request& request) {
    auto& history = parts.history;
    CAIRN_TRY(current, pushable(tx, parts, actor, repo));
    Looked out{current.gc_epoch, current.default_branch,
               refusals(request.commands, current.default_branch)};
    for (std::size_t i = 0; i < request.commands.size(); ++i) {
      const auto& command = request.commands[i];
      if (out.refusals[i].empty())
        out.refusals[i] = refuse_for(tx, parts.pull_requests, actor, current, command.ref);
      if (!out.refusals[i].empty()) continue;
      auto ref = history.find_ref(tx, repo, command.ref);
      std::optional<git::Oid> value;
      if (ref) value = ref->tag_object.value_or(ref->commit);
      if (value != command.from) out.refusals[i] = "the ref moved meanwhile (fetch first)";
    }
    return out;
  }

  Task<Result<>> start(Actor actor, repo::RepoRef repo, boost::asio::any_io_executor executor) {
    ready_.actor = std::move(actor);
    ready_.repo = std::move(repo);
    ready_.request = &request_;
    CAIRN_CO_CHECK(co_await look_at_refs());
    if (!request_.brings_pack()) co_return Result<>{};
    if (all_refused()) co_return Result<>{};  // The pack is read past.
    auto make = [this] { return parts_->history.receive(ready_.repo->id); };
    CAIRN_CO_TRY(incoming, co_await parts_->blocking.run(make));
    incoming_ = std::move(incoming);
    git::IndexPackOptions how;
    how.bytes_max = parts_->options.pack_bytes_max;
    how.deadline = parts_->options.deadline;
    how.fix_thin = true;
    how.nice = checker_nice;
    how.memory_bytes_max = parts_->options.checker_memory_bytes_max;
    CAIRN_CO_TRY(checker,
                 process::Stream::start(executor, git::index_pack_command(incoming_->folder(), how),
                                        parts_->options.deadline));
    checker_ = std::move(checker);
    co_return Result<>{};
  }

  Task<Result<>> write(std::string bytes) override {
    received_ += bytes.size();
    if (received_ > parts_->options.pack_bytes_max)
      co_return fail(ErrorCode::too_large, "PackTooLarge",
                     "A push has at most " + human_bytes(parts_->options.pack_bytes_max) +
                         ". Push an older commit of the branch first, then the rest.");
    if (header_.size() < pack_header_bytes)
      header_ += bytes.substr(0, pack_header_bytes - header_.size());
    if (!checker_) co_return Result<>{};
    co_return co_await checker_->write(std::move(bytes));
  }

  Task<Report> finish() override {
    auto done = co_await run();
    if (!done) {
      const Error& error = done.error();
      if (error.code == ErrorCode::internal || error.code == ErrorCode::corrupt)
        log::error("push.failed", error, {{"repo", ready_.repo->id.value}});
      refuse_pack(error);
    }
    incoming_gone_ = std::move(incoming_);
    auto clean = [this] { incoming_gone_.reset(); };
    co_await parts_->blocking.run(clean);
    co_return report();
  }

 private:
  Task<Result<>> look_at_refs() {
    auto read = [this](db::Tx& tx) {
      return look(tx, *parts_, ready_.actor, ready_.repo->id, request_);
    };
    CAIRN_CO_TRY(looked, co_await parts_->database.read(read));
    ready_.checked_epoch = looked.gc_epoch;
    ready_.default_branch = looked.default_branch;
    ready_.changes.resize(request_.commands.size());
    for (std::size_t i = 0; i < ready_.changes.size(); ++i)
      ready_.changes[i].refusal = std::move(looked.refusals[i]);
    if (request_.atomic && request_.commands.size() > commands_in_transaction_max)
      for (auto& change : ready_.changes)
        change.refusal =
            "an atomic push moves at most " + std::to_string(commands_in_transaction_max) + " refs";
    spread_refusals();
    co_return Result<>{};
  }

  [[nodiscard]] bool all_refused() const {
    return std::ranges::all_of(ready_.changes, [](const auto& c) { return !c.refusal.empty(); });
  }

  /// All or none: one refusal is everybody's.
  void spread_refusals() {
    bool any =
        std::ranges::any_of(ready_.changes, [](const auto& c) { return !c.refusal.empty(); });
    if (!request_.atomic || !any) return;
    for (auto& change : ready_.changes)
      if (change.refusal.empty()) change.refusal = "another ref of this atomic push was refused";
  }

  Task<Result<>> run() {
    if (checker_) {
      CAIRN_CO_TRY(pack, co_await finish_checker());
      auto check = [this, pack = pack] { return check_pack(pack); };
      CAIRN_CO_CHECK(co_await parts_->blocking.run(check));
      ready_.incoming = incoming_.get();
    }
    spread_refusals();
    if (all_refused()) co_return Result<>{};
    co_return co_await move_all();
  }

  Task<Result<git::PackFile>> finish_checker() {
    checker_->close_input();
    process::Output output;
    for (;;) {
      CAIRN_CO_TRY(text, co_await checker_->read_some());
      if (text.empty()) break;
      if (output.out.size() < 4096) output.out += text;
    }
    CAIRN_CO_TRY(exit, co_await checker_->finish());
    output.exit_code = exit.code;
    output.err = std::move(exit.err);
    checker_.reset();
    co_return git::index_pack_result(incoming_->folder(), output);
  }

  /// Everything about the pack and where its refs lead. Blocks.
  Result<> check_pack(const git::PackFile& pack) {
    std::uint64_t sent = header_.size() == pack_header_bytes ? read_u32be(header_.data() + 8) : 0;
    CAIRN_CHECK(incoming_->take(pack, sent));
    CAIRN_TRY(content, check_content(*incoming_, parts_->options.blob_bytes_max));
    ready_.content = std::move(content);
    if (ready_.content.refusal.empty()) CAIRN_CHECK(check_large_files());
    if (!ready_.content.refusal.empty()) {
      for (std::size_t i = 0; i < ready_.changes.size(); ++i)
        if (request_.commands[i].to && ready_.changes[i].refusal.empty())
          ready_.changes[i].refusal = ready_.content.refusal;
      return {};
    }
    CAIRN_CHECK(find_tips());
    spread_refusals();
    if (all_refused()) return {};
    return incoming_->store();
  }

  Result<> check_large_files() {
    std::vector<Named> missing;
    const auto& all = ready_.content.large;
    for (std::size_t at = 0; at < all.size(); at += lookup_step) {
      auto find = [&](db::Tx& tx) -> Result<std::vector<Named>> {
        return not_uploaded(tx, ready_.repo->id, all, at, lookup_step);
      };
      CAIRN_TRY(some, parts_->database.read_now(find));
      missing.insert(missing.end(), some.begin(), some.end());
    }
    if (!missing.empty()) say_not_uploaded(ready_.content, missing);
    return {};
  }

  Result<> find_tips() {
    for (std::size_t i = 0; i < request_.commands.size(); ++i) {
      const auto& command = request_.commands[i];
      auto& change = ready_.changes[i];
      if (!command.to || !change.refusal.empty()) continue;
      auto tip = incoming_->peel(*command.to);
      if (!tip && tip.error().code != ErrorCode::unprocessable) return fail(tip.error());
      if (!tip) {
        change.refusal = tip.error().message;
        continue;
      }
      bool is_branch =
          command.ref.starts_with("refs/heads/") || repo::is_pull_request_ref(command.ref);
      if (is_branch && tip->tag_object) {
        change.refusal = "a branch leads to a commit, not to a tag object";
        continue;
      }
      if (is_branch && command.from) {
        CAIRN_TRY(forward, incoming_->descends(tip->commit, *command.from));
        change.fast_forward = forward;
      }
      if (command.ref == "refs/heads/" + ready_.default_branch) {
        CAIRN_TRY(card, card_of_commit(*incoming_, ready_.repo->kind, tip->commit));
        ready_.card = std::move(card);
      }
      change.tip = std::move(*tip);
    }
    return {};
  }

  Task<Result<>> move_all() {
    auto* history = &parts_->history;
    auto* repos = &parts_->repos;
    for (std::size_t at = 0; at < request_.commands.size(); at += commands_in_transaction_max) {
      std::size_t end = std::min(request_.commands.size(), at + commands_in_transaction_max);
      auto refused = std::make_shared<std::vector<std::string>>();
      auto write = [this, history, repos, at, end, refused](db::Tx& tx) {
        return move_refs(tx, *history, *repos, parts_->pull_requests, ready_, at, end, at == 0,
                         *refused);
      };
      auto moved = co_await parts_->database.write(write);
      if (!moved && moved.error().word == "AtomicPushFailed") {
        for (std::size_t i = at; i < end; ++i) ready_.changes[i].refusal = (*refused)[i - at];
        spread_refusals();
        co_return Result<>{};
      }
      if (!moved) co_return std::unexpected(moved.error());
      for (std::size_t i = at; i < end; ++i) ready_.changes[i].refusal = (*moved)[i - at];
      moved_ = end;
    }
    log::info("push.done", {{"repo", ready_.repo->id.value},
                            {"refs", request_.commands.size()},
                            {"commits", ready_.incoming ? ready_.incoming->commits().size() : 0},
                            {"size_bytes", received_}});
    co_return Result<>{};
  }

  void refuse_pack(const Error& error) {
    // What earlier transactions of a push of very many refs moved, stays moved.
    if (moved_ == 0 && request_.brings_pack()) unpack_error_ = error.message;
    for (std::size_t i = moved_; i < ready_.changes.size(); ++i)
      if (ready_.changes[i].refusal.empty())
        ready_.changes[i].refusal = unpack_error_.empty() ? error.message : "unpacker error";
  }

  Report report() const {
    Report out;
    out.unpack_error = unpack_error_;
    for (std::size_t i = 0; i < request_.commands.size(); ++i)
      out.refs.push_back({request_.commands[i].ref, ready_.changes[i].refusal});
    if (!unpack_error_.empty()) out.words.push_back("error: " + unpack_error_);
    for (const auto& line : ready_.content.problems) out.words.push_back(line);
    if (ready_.card)
      for (const auto& line : ready_.card->warnings) out.words.push_back(line);
    return out;
  }

  Parts parts_;
  process::Slots::Slot slot_;
  Request request_;
  Ready ready_;
  std::unique_ptr<history::Incoming> incoming_, incoming_gone_;
  std::unique_ptr<process::Stream> checker_;
  std::string header_;
  std::uint64_t received_ = 0;
  std::size_t moved_ = 0;
  std::string unpack_error_;
};

Pushes::Pushes(db::Database& database, history::History& history, repo::Repos& repos,
               Blocking& blocking, Options options, repo::PullRequests* pull_requests)
    : parts_(
          new PushParts{database,
                        history,
                        repos,
                        blocking,
                        options,
                        {options.pushes_max, options.pushes_each_max, options.pushes_waiting_max},
                        pull_requests}) {}
Pushes::~Pushes() = default;

const Options& Pushes::options() const {
  return parts_->options;
}

Task<Result<>> Pushes::check(Actor actor, repo::RepoRef repo) {
  auto* parts = parts_.get();
  auto read = [parts, actor, repo](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(pushable(tx, *parts, actor, repo->id));
    return {};
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<std::vector<Advertised>>> Pushes::refs(Actor actor, repo::RepoRef repo) {
  auto* parts = parts_.get();
  auto read = [parts, actor, repo](db::Tx& tx) -> Result<std::vector<Advertised>> {
    CAIRN_CHECK(pushable(tx, *parts, actor, repo->id));
    std::vector<Advertised> out;
    for (auto& ref : parts->history.refs(tx, repo->id, ""))
      out.push_back({std::move(ref.name), ref.tag_object.value_or(ref.commit)});
    return out;
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<std::unique_ptr<Push>>> Pushes::begin(Actor actor, repo::RepoRef repo, Request request,
                                                  boost::asio::any_io_executor executor) {
  CAIRN_CO_TRY(slot, co_await parts_->slots.acquire(who_of(actor), parts_->options.wait_max));
  auto push = std::make_unique<PushInProgress>(parts_, std::move(slot), std::move(request));
  CAIRN_CO_CHECK(co_await push->start(std::move(actor), std::move(repo), std::move(executor)));
  co_return std::unique_ptr<Push>(std::move(push));
}

}  // namespace cairn::push
