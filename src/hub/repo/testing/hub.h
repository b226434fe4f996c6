#pragma once
// A hub with repositories for tests: real database, object store and history in a temporary folder.
#include <filesystem>

#include "base/random.h"
#include "hub/account/testing/world.h"
#include "hub/event/event.h"
#include "hub/lfs/lfs.h"
#include "hub/lfs/links.h"
#include "hub/repo/commit_body.h"
#include "hub/repo/commits.h"
#include "hub/repo/files.h"
#include "hub/repo/repos.h"
#include "hub/settings/settings.h"

namespace cairn::repo::testing {

class Hub : public account::testing::World {
 public:
  explicit Hub(db::Engine engine = db::Engine::sqlite, Options options = {})
      : World(migrations(), engine) {
    folder_ =
        std::filesystem::temp_directory_path() / ("cairn-repo-" + hex_encode(random_bytes(8)));
    std::filesystem::create_directories(folder_);
    store = must(storage::open_local_store((folder_ / "objects").string()));
    history = history::make_history(*database, *store, blocking, clock,
                                    {.cache_folder = (folder_ / "cache").string()});
    options.public_url = "http://hub.example:2247";
    repos = std::make_unique<Repos>(*database, *history, keyring, blocking, clock, options);
    files = std::make_unique<Files>(*database, *history, *repos, keyring, blocking, clock);
    commits = std::make_unique<Commits>(*database, *history, *repos, *files, blocking, clock);
    ada = as(user("ada"));
    bob = as(user("bob"));
  }
  ~Hub() {
    commits.reset();
    files.reset();
    repos.reset();
    history.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::vector<db::Migration> migrations() {
    std::vector<db::Migration> out;
    for (auto part : {access::access_migrations(), event::event_migrations(), history::migrations(),
                      lfs::lfs_migrations(), settings::settings_migrations(), repo_migrations()})
      out.insert(out.end(), part.begin(), part.end());
    return out;
  }

  Actor as(const account::User& who, account::TokenRole role = account::TokenRole::write) {
    return must(authenticate(token(who, role).value));
  }

  RepoRef create(const Actor& actor, std::string name, NewRepo request = {}) {
    request.name = std::move(name);
    return must(run(repos->create(actor, request))).repo;
  }
  Result<Found> find(const Actor& actor, std::string name, Action action = Action::see,
                     RepoKind kind = RepoKind::model) {
    return run(repos->find(actor, kind, std::move(name), action));
  }
  /// The row as it is now.
  RepoRef again(const RepoRef& repo) {
    return must(run(repos->find(Actor::system(), repo->kind, repo->name, Action::see))).repo;
  }

  /// A commit from the text of its body, as a client sends it.
  Result<CommitMade> commit(const Actor& actor, const RepoRef& repo, std::string body,
                            std::string revision = "main") {
    CommitBody parser(CommitBody::Format::ndjson, commits->stage());
    CAIRN_CHECK(parser.feed(body));
    CAIRN_TRY(request, parser.finish());
    return run(commits->commit(actor, repo, std::move(revision), std::move(request), false));
  }
  static std::string header(std::string summary, std::string parent = "") {
    json::object value{{"summary", summary}};
    if (!parent.empty()) value["parentCommit"] = parent;
    return line("header", value);
  }
  static std::string file(std::string path, std::string content) {
    return line("file",
                {{"path", path}, {"content", base64_encode(content)}, {"encoding", "base64"}});
  }
  static std::string line(std::string key, json::object value) {
    return json::serialize(json::object{{"key", key}, {"value", std::move(value)}}) + "\n";
  }
  CommitRef put(const RepoRef& repo, std::string path, std::string content) {
    return must(commit(ada, repo, header("Add " + path) + file(path, content))).commit;
  }

  /// As after an upload of `content`.
  Sha256Digest upload(const RepoRef& repo, std::string content) {
    auto digest = sha256(content);
    auto key = storage::make_key("lfs", digest.hex());
    auto link = [&](db::Tx& tx) -> Result<> {
      auto object = lfs::adopt_object(tx, "lfs", digest, content.size(), key);
      lfs::link(tx, repo->id, object, std::nullopt);
      return {};
    };
    must(write(link));
    return digest;
  }
  static std::string large(std::string path, const Sha256Digest& digest) {
    return line("lfsFile", {{"path", path}, {"algo", "sha256"}, {"oid", digest.hex()}});
  }

  /// Names of all files at a revision.
  std::vector<std::string> listing(const RepoRef& repo, std::string revision = "main") {
    std::vector<std::string> out;
    auto page = must(run(files->tree(repo, std::move(revision), {.recursive = true})));
    for (const auto& e : page.entries)
      if (!e.entry.is_folder()) out.push_back(e.entry.path);
    return out;
  }
  std::string text(const RepoRef& repo, std::string path, std::string revision = "main") {
    auto found = must(run(files->raw(repo, std::move(revision), std::move(path))));
    return *found.blob;
  }
  /// Types of the events so far.
  std::vector<std::string> events() {
    auto read_all = [](db::Tx& tx) -> Result<std::vector<std::string>> {
      std::vector<std::string> out;
      for (const auto& e : event::read_events(tx, "test", 1000)) out.push_back(e.type);
      return out;
    };
    return must(read(read_all));
  }

  std::unique_ptr<storage::ObjectStore> store;
  std::unique_ptr<history::History> history;
  std::unique_ptr<Repos> repos;
  std::unique_ptr<Files> files;
  std::unique_ptr<Commits> commits;
  Actor ada, bob;

 private:
  std::filesystem::path folder_;
};

}  // namespace cairn::repo::testing
