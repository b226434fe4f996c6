#include "hub/imports/imports.h"

#include <algorithm>
#include <array>

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "base/text.h"
#include "hub/imports/run.h"
#include "hub/imports/source.h"
#include "hub/imports/store.h"
#include "hub/work/worker.h"

namespace cairn::imports {
namespace {

constexpr std::array state_words = {"waiting", "running", "done", "failed", "cancelled"};
constexpr std::array phase_words = {"looking", "fetching", "sorting", "large_files", "saving"};
// About a day, with an hour between the later ones: what a source's maintenance takes.
constexpr int attempts_max = 30;

Failure import_not_found() {
  return fail(ErrorCode::not_found, "ImportNotFound",
              "There is no such import. See the list of imports.");
}

/// Whose imports these are: 0 for the operator.
UserId user_of(const Actor& actor) {
  return actor.is_system() ? UserId{0} : actor.user;
}

Result<> check_request(const Actor& actor, const NewImport& request) {
  if (request.url.empty() == request.path.empty())
    return fail(ErrorCode::invalid_argument, "InvalidSource",
                "Say where the repository comes from: one address.");
  if (!request.path.empty() && !actor.is_system())
    return fail(ErrorCode::forbidden, "Forbidden",
                "Folders of the hub's machine are imported there: cairn admin repo import PATH.");
  bool sound = request.token.size() <= token_bytes_max &&
               request.username.size() <= username_bytes_max && !request.username.contains(':') &&
               std::ranges::none_of(request.token + request.username,
                                    [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!sound)
    return fail(ErrorCode::invalid_argument, "InvalidSource",
                "The token or its user name is none: give one line of each.");
  return {};
}

/// The name of a folder's repository: "/srv/bert.git" and "/srv/bert/.git" are "bert".
std::string name_of_folder(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  if (path.ends_with("/.git")) path.resize(path.size() - 5);
  auto name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".git")) name.resize(name.size() - 4);
  return name;
}

/// Trouble that may be over the next time.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout ||
         error.code == ErrorCode::rate_limited || error.code == ErrorCode::storage_full;
}

struct Target {
  Source source;  ///< `url` is the folder of a local one.
  RepoKind kind = RepoKind::model;
  std::optional<std::string> owner;
  std::string name;
};

Result<Target> target_of(const NewImport& request) {
  Target out;
  if (!request.path.empty()) {
    std::atomic<bool> stop = false;
    CAIRN_CHECK(git::open_local(request.path, stop));
    out.source.url = request.path;
    out.source.name = name_of_folder(request.path);
  } else {
    CAIRN_TRY(source, parse_source(request.url));
    out.source = std::move(source);
  }
  out.kind = request.kind.value_or(out.source.kind);
  out.name = request.name.value_or(out.source.name);
  if (auto slash = out.name.find('/'); slash != out.name.npos) {
    out.owner = out.name.substr(0, slash);
    out.name = out.name.substr(slash + 1);
  }
  return out;
}

}  // namespace

std::string_view to_string(State state) {
  return state_words.at(static_cast<std::size_t>(state));
}
std::string_view to_string(Phase phase) {
  return phase_words.at(static_cast<std::size_t>(phase));
}

Imports::Imports(Parts parts) : parts_(std::make_shared<Parts>(std::move(parts))) {
  parts_->repos.when_purged(store::forget_repo);
}
Imports::~Imports() = default;

void Imports::owner_purged(db::Tx& tx, OwnerId owner) {
  store::forget_user(tx, UserId{owner.value});
}

namespace {

/// A repository that is here already: only to go on with what failed.
Result<std::optional<Import>> to_go_on(db::Tx& tx, const Actor& actor, RepoId repo) {
  auto last = store::of_repo(tx, repo);
  if (!last || last->user != user_of(actor) || last->state == State::done)
    return std::optional<Import>{};
  if (last->state == State::waiting || last->state == State::running)
    return fail(ErrorCode::conflict, "ImportRunning",
                "This repository is being imported already. See the list of imports.");
  return last;
}

Result<> check_open(db::Tx& tx, const Actor& actor) {
  if (store::count_open(tx, user_of(actor)) < imports_open_max) return {};
  return fail(ErrorCode::too_large, "TooManyImports",
              "There are " + std::to_string(imports_open_max) +
                  " imports that have not ended. Wait for one, or cancel one.");
}

void plan(db::Tx& tx, const Import& import) {
  work::NewWork next;
  next.kind = work_kind;
  next.key = std::to_string(import.id.value);
  next.attempts_max = attempts_max;
  work::enqueue(tx, next);
}

/// Writes the row, a new one without an id, and the work that it waits for.
Result<Import> keep(db::Tx& tx, const Actor& actor, Import import) {
  CAIRN_CHECK(check_open(tx, actor));
  if (import.id.value == 0)
    import = store::insert(tx, std::move(import));
  else
    store::update(tx, import);
  plan(tx, import);
  return import;
}

}  // namespace

Task<Result<Import>> Imports::start(Actor actor, NewImport request) {
  if (!actor.is_system()) CAIRN_CO_CHECK(access::check_own_change(actor));
  CAIRN_CO_CHECK(check_request(actor, request));
  auto* parts = parts_.get();
  auto look = [parts, request]() -> Result<Target> {
    CAIRN_TRY(target, target_of(request));
    if (!request.path.empty()) return std::move(target);
    CAIRN_CHECK(
        look_at(parts->outbound, target.source, authorization_of(request.username, request.token)));
    return std::move(target);
  };
  CAIRN_CO_TRY(target, co_await parts_->blocking.run(look));
  if (actor.is_system()) {
    if (!target.owner)
      co_return fail(ErrorCode::invalid_argument, "InvalidName",
                     "Say whose it will be: --name owner/" + target.name + ".");
    actor.user_name = *target.owner;
  }

  Import row;
  auto owner = target.owner.value_or(actor.user_name);
  auto known = co_await parts_->repos.find(actor, target.kind, owner + "/" + target.name,
                                           repo::Action::write);
  if (known && !known->moved) {
    auto find = [actor, id = known->repo->id](db::Tx& tx) { return to_go_on(tx, actor, id); };
    CAIRN_CO_TRY(before, co_await parts_->database.read(find));
    if (before) row = std::move(*before);
  }
  row.source = target.source.url;
  row.local = !request.path.empty();
  row.username = request.username;
  row.token = request.token.empty() ? "" : parts_->keyring.seal(token_purpose, request.token);
  row.state = State::waiting;
  row.progress = {};
  row.error_word = row.error_message = "";
  row.finished_at.reset();
  if (row.id.value != 0) {
    auto go_on = [actor, row](db::Tx& tx) { return keep(tx, actor, row); };
    co_return co_await parts_->database.write(go_on);
  }

  row.public_id = make_public_id();
  row.user = user_of(actor);
  row.kind = target.kind;
  repo::NewRepo wanted;
  wanted.kind = target.kind;
  wanted.owner = target.owner;
  wanted.name = target.name;
  wanted.visibility = request.visibility;
  if (!request.visibility && !request.token.empty()) wanted.visibility = Visibility::private_;
  // What it was built with stands in its card, which comes with the files.
  if (target.kind == RepoKind::space) wanted.sdk = "static";
  // With the repository or not at all: an empty one that nothing fills would be in the way.
  auto kept = std::make_shared<Import>();
  wanted.also = [actor, row, kept](db::Tx& tx, const repo::Created& made) -> Result<> {
    auto import = row;
    import.repo = made.repo->id;
    import.repo_name = made.repo->name;
    import.initial = made.commit->oid.hex();
    CAIRN_TRY(done, keep(tx, actor, std::move(import)));
    *kept = std::move(done);
    return {};
  };
  CAIRN_CO_CHECK(co_await parts_->repos.create(actor, std::move(wanted)));
  co_return std::move(*kept);
}

Task<Result<std::vector<Import>>> Imports::list(Actor actor) {
  if (!actor.is_system()) CAIRN_CO_CHECK(access::check_own(actor));
  auto read = [user = user_of(actor)](db::Tx& tx) -> Result<std::vector<Import>> {
    return store::of_user(tx, user, list_max);
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<Import>> Imports::find(Actor actor, PublicId id) {
  if (!actor.is_system()) CAIRN_CO_CHECK(access::check_own(actor));
  auto read = [actor, id](db::Tx& tx) -> Result<Import> {
    auto row = store::find(tx, id);
    if (!row || row->user != user_of(actor)) return import_not_found();
    return std::move(*row);
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<>> Imports::remove(Actor actor, PublicId id) {
  if (!actor.is_system()) CAIRN_CO_CHECK(access::check_own_change(actor));
  auto write = [actor, id](db::Tx& tx) -> Result<> {
    auto row = store::find(tx, id);
    if (!row || row->user != user_of(actor)) return import_not_found();
    if (row->state != State::waiting && row->state != State::running) {
      store::remove(tx, row->id);
      return {};
    }
    row->state = State::cancelled;
    row->token = "";
    row->finished_at = tx.now();
    store::update(tx, *row);
    plan(tx, *row);  // So that what it left on the disk goes soon.
    return {};
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<>> Imports::run(work::WorkItem item, std::function<bool()> stopping) {
  auto id = parse_int(item.key);
  if (!id) co_return fail(ErrorCode::internal, "InvalidWork", "The work names no import.");
  auto read = [id = *id](db::Tx& tx) -> Result<std::optional<Import>> {
    return store::find(tx, ImportId{id});
  };
  CAIRN_CO_TRY(row, co_await parts_->database.read(read));
  auto clean = [parts = parts_, id = *id] { remove_folder(parts->folder, ImportId{id}); };
  // It went with its repository or its owner, or was cancelled.
  if (!row || (row->state != State::waiting && row->state != State::running)) {
    co_await parts_->blocking.run(clean);
    co_return Result<>{};
  }
  auto lease = [item](db::Tx& tx) { return work::check_lease(tx, item); };
  Run attempt(*parts_, *row, lease, stopping);
  auto done = co_await attempt.go();
  if (attempt.cancelled()) {
    co_await parts_->blocking.run(clean);
    co_return Result<>{};
  }
  if (!done && (done.error().word == "Stopped" || stopping()))
    co_return std::unexpected(work::interrupted());
  if (!done && done.error().word == "LeaseLost") co_return done;

  const bool again = !done && may_pass(done.error()) && item.attempt < item.attempts_max;
  auto settle = [&, id = row->id](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(work::check_lease(tx, item));
    auto now = store::find(tx, id);
    if (!now || now->state == State::cancelled) return {};
    now->progress = attempt.progress();
    now->notes = attempt.notes();
    now->state = done ? State::done : again ? State::waiting : State::failed;
    now->error_word = done ? "" : done.error().word;
    now->error_message = done ? "" : done.error().message;
    if (!again) {
      now->token = "";
      now->finished_at = tx.now();
    }
    store::update(tx, *now);
    return {};
  };
  CAIRN_CO_CHECK(co_await parts_->database.write(settle));
  if (again) co_return done;
  co_await parts_->blocking.run(clean);
  if (done)
    log::info("import.done", {{"import", row->public_id.hex}, {"repo", row->repo.value}});
  else
    log::warning(
        "import.failed",
        {{"import", row->public_id.hex}, {"repo", row->repo.value}, {"word", done.error().word}});
  co_return Result<>{};
}

Task<Result<Import>> Imports::run_now(PublicId id) {
  auto executor = co_await boost::asio::this_coro::executor;
  work::Worker worker(executor, parts_->database, {});
  worker.handle(std::string(work_kind),
                [this](work::WorkItem item) { return run(std::move(item), [] { return false; }); });
  co_await worker.run_due();
  co_return co_await find(Actor::system(), std::move(id));
}

}  // namespace cairn::imports
