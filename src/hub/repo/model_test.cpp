// A random sequence of commits, branches, tags, squashes, moves, copies and collections, against a
// simple model in memory: what the hub answers is what the model says, after every step.
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using testing::Hub;

/// A commit as somebody would explain it: files, and what came before.
struct Commit {
  std::map<std::string, std::string> files;
  std::shared_ptr<const Commit> parent;
  std::string oid;
};
using CommitPtr = std::shared_ptr<const Commit>;

struct ModelRepo {
  PublicId id;
  std::map<std::string, CommitPtr> branches, tags;
};

class Model {
 public:
  Model(db::Engine engine, unsigned seed) : hub_(engine), random_(seed) {}

  void run(int steps) {
    create();
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      step();
      if (i % 10 == 9) check_all();
    }
    check_all();
    for (const auto& [name, repo] : repos_)
      for (const auto& f : hub_.must(hub_.history->check(find(name)->id)))
        ADD_FAILURE() << name << ": " << f.what;
  }

 private:
  void step() {
    if (repos_.empty()) return create();
    switch (below(20)) {
      case 0:
        return create();
      case 1:
        return branch();
      case 2:
        return delete_branch();
      case 3:
        return force_branch();
      case 4:
        return tag();
      case 5:
        return delete_tag();
      case 6:
        return squash();
      case 7:
        return move();
      case 8:
        return duplicate();
      case 9:
        return collect();
      case 10:
        return delete_and_restore();
      default:
        return commit();
    }
  }

  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  template <class Map>
  auto& any(Map& map) {
    return *std::next(map.begin(), below(static_cast<int>(map.size())));
  }
  RepoRef find(const std::string& name) { return hub_.must(hub_.find(hub_.ada, name)).repo; }
  std::string free_name() {
    for (;;) {
      auto name = "ada/r" + std::to_string(below(12));
      if (!repos_.contains(name)) return name;
    }
  }

  void create() {
    if (repos_.size() >= 4) return;
    auto name = free_name();
    auto repo = hub_.create(hub_.ada, name.substr(4));
    auto first = std::make_shared<Commit>();
    first->files[".gitattributes"] = hub_.text(repo, ".gitattributes");
    first->oid = repo->sha;
    repos_[name] = ModelRepo{repo->public_id, {{"main", first}}, {}};
    old_names_.erase(name);
  }

  /// Paths of which none is a folder of another, so that every change is possible.
  std::string path() {
    static const char* folders[] = {"", "a/", "a/b/", "c/", "c/d/e/"};
    return folders[below(5)] + std::string("f") + std::to_string(below(6)) + ".txt";
  }

  void commit() {
    auto& [name, repo] = any(repos_);
    auto& [branch, head] = any(repo.branches);
    auto next = std::make_shared<Commit>();
    next->parent = head;
    next->files = head->files;
    std::string body = hub_.header("Commit");
    std::set<std::string> touched;
    for (int i = 1 + below(3); i > 0; --i) {
      auto at = path();
      if (!touched.insert(at).second) continue;
      if (next->files.contains(at) && below(3) == 0) {
        body += hub_.line("deletedFile", {{"path", at}});
        next->files.erase(at);
      } else {
        auto content = std::to_string(below(1000));
        body += hub_.file(at, content);
        next->files[at] = content;
      }
    }
    auto made = hub_.commit(hub_.ada, find(name), body, branch);
    ASSERT_TRUE(made) << made.error().message;
    next->oid = made->commit->oid.hex();
    head = next;
  }

  CommitPtr any_commit(const ModelRepo& repo) {
    auto at =
        std::next(repo.branches.begin(), below(static_cast<int>(repo.branches.size())))->second;
    for (int back = below(4); back > 0 && at->parent; --back) at = at->parent;
    return at;
  }

  void branch() {
    auto& [name, repo] = any(repos_);
    auto fresh = "b" + std::to_string(below(5));
    auto from = any_commit(repo);
    auto done = hub_.run(hub_.files->create_branch(hub_.ada, find(name),
                                                   {.name = fresh, .starting_point = from->oid}));
    EXPECT_EQ(done.has_value(), !repo.branches.contains(fresh));
    if (done) repo.branches[fresh] = from;
  }
  void delete_branch() {
    auto& [name, repo] = any(repos_);
    auto gone = any(repo.branches).first;
    auto done = hub_.run(hub_.files->delete_branch(hub_.ada, find(name), gone));
    EXPECT_EQ(done.has_value(), gone != "main");
    if (done) repo.branches.erase(gone);
  }
  void force_branch() {
    auto& [name, repo] = any(repos_);
    auto& [branch, head] = any(repo.branches);
    auto to = any_commit(repo);
    hub_.must(hub_.run(hub_.files->create_branch(
        hub_.ada, find(name), {.name = branch, .starting_point = to->oid, .overwrite = true})));
    head = to;
  }
  void tag() {
    auto& [name, repo] = any(repos_);
    auto fresh = "v" + std::to_string(below(4));
    auto at = any_commit(repo);
    auto done = hub_.run(hub_.files->create_tag(hub_.ada, find(name),
                                                {fresh, at->oid, below(2) ? "annotated" : ""}));
    EXPECT_EQ(done.has_value(), !repo.tags.contains(fresh));
    if (done) repo.tags[fresh] = at;
  }
  void delete_tag() {
    auto& [name, repo] = any(repos_);
    auto gone = "v" + std::to_string(below(4));
    auto done = hub_.run(hub_.files->delete_tag(hub_.ada, find(name), gone));
    EXPECT_EQ(done.has_value(), repo.tags.erase(gone) == 1);
  }
  void squash() {
    auto& [name, repo] = any(repos_);
    auto& [branch, head] = any(repo.branches);
    auto made =
        hub_.must(hub_.run(hub_.operations->super_squash(hub_.ada, find(name), branch, "")));
    auto next = std::make_shared<Commit>();
    next->files = head->files;
    next->oid = made->oid.hex();
    head = next;
  }
  void move() {
    auto [name, repo] = any(repos_);
    auto to = free_name();
    hub_.must(hub_.run(hub_.repos->move(hub_.ada, RepoKind::model, name, to)));
    repos_.erase(name);
    repos_[to] = repo;
    old_names_[name] = repo.id;
    old_names_.erase(to);
  }
  void duplicate() {
    if (repos_.size() >= 4) return;
    auto& [name, repo] = any(repos_);
    auto to = free_name();
    DuplicateRequest request;
    request.to = hub_.must(parse_repo_name(to));
    auto made = hub_.must(hub_.run(hub_.operations->duplicate(hub_.ada, find(name), request)));
    auto copy = repo;
    copy.id = made->public_id;
    repos_[to] = copy;
    old_names_.erase(to);
  }
  void collect() {
    auto& [name, repo] = any(repos_);
    constexpr Time everything{std::numeric_limits<std::int64_t>::max()};
    hub_.must(hub_.run(hub_.operations->collect(find(name)->id, everything)));
  }
  void delete_and_restore() {
    auto& [name, repo] = any(repos_);
    hub_.must(hub_.run(hub_.repos->remove(hub_.ada, RepoKind::model, name)));
    EXPECT_FALSE(hub_.find(hub_.ada, name));
    hub_.must(hub_.run(hub_.repos->restore(hub_.ada, repo.id, {})));
  }

  // ---- what must hold ----

  void check_all() {
    for (const auto& [name, repo] : repos_) {
      SCOPED_TRACE(name);
      check(name, repo);
    }
    for (const auto& [old, id] : old_names_) {
      auto found = hub_.find(hub_.ada, old);
      bool lives = std::ranges::any_of(repos_, [&](const auto& r) { return r.second.id == id; });
      ASSERT_EQ(found.has_value(), lives) << old;
      if (!lives) continue;
      EXPECT_TRUE(found->moved);
      EXPECT_EQ(found->repo->public_id, id);
    }
  }

  void check(const std::string& name, const ModelRepo& repo) {
    auto real = find(name);
    EXPECT_EQ(real->public_id, repo.id);
    EXPECT_EQ(real->sha, repo.branches.at("main")->oid);
    auto refs = hub_.must(hub_.run(hub_.files->refs(real, true)));
    std::map<std::string, std::string> branches, tags, want_branches, want_tags;
    for (const auto& r : refs.branches) branches[r.name] = r.commit.hex();
    for (const auto& r : refs.tags) tags[r.name] = r.commit.hex();
    for (const auto& [n, c] : repo.branches) want_branches[n] = c->oid;
    for (const auto& [n, c] : repo.tags) want_tags[n] = c->oid;
    EXPECT_EQ(branches, want_branches);
    EXPECT_EQ(tags, want_tags);
    for (const auto* list : {&repo.branches, &repo.tags})
      for (const auto& [ref, commit] : *list) check_commit(real, ref, *commit);
    // What no ref reaches is no revision, however often it was one.
    std::set<std::string> reachable;
    for (const auto* list : {&repo.branches, &repo.tags})
      for (const auto& [ref, commit] : *list)
        for (const Commit* c = commit.get(); c; c = c->parent.get()) reachable.insert(c->oid);
    for (const auto& oid : reachable) seen_[repo.id.hex].insert(oid);
    for (const auto& oid : seen_[repo.id.hex])
      EXPECT_EQ(hub_.run(hub_.files->resolve(real, oid)).has_value(), reachable.contains(oid))
          << oid;
  }

  void check_commit(const RepoRef& real, const std::string& ref, const Commit& commit) {
    SCOPED_TRACE(ref);
    auto page =
        hub_.must(hub_.run(hub_.files->tree(real, ref, {.recursive = true, .expand = true})));
    std::map<std::string, std::string> last, want;
    for (const auto& e : page.entries)
      if (!e.entry.is_folder()) last[e.entry.path] = e.entry.last_commit.hex();
    std::int64_t length = 0;
    for (const Commit* c = &commit; c; c = c->parent.get()) ++length;
    for (const auto& [path, content] : commit.files) {
      const Commit* at = &commit;
      while (at->parent && at->parent->files.contains(path) &&
             at->parent->files.at(path) == content)
        at = at->parent.get();
      want[path] = at->oid;
      EXPECT_EQ(hub_.text(real, path, ref), content) << path;
    }
    EXPECT_EQ(last, want);
    EXPECT_EQ(hub_.must(hub_.run(hub_.files->log(real, ref, {}))).total, length);
  }

  Hub hub_;
  std::mt19937 random_;
  std::map<std::string, ModelRepo> repos_;
  std::map<std::string, PublicId> old_names_;
  std::map<std::string, std::set<std::string>> seen_;  ///< Commits of a repository, ever.
};

class RandomSequences : public ::testing::TestWithParam<std::tuple<db::Engine, unsigned>> {};

TEST_P(RandomSequences, AgreeWithTheModel) {
  auto [engine, seed] = GetParam();
  Model(engine, seed).run(150);
}

INSTANTIATE_TEST_SUITE_P(Engines, RandomSequences,
                         ::testing::Combine(::testing::ValuesIn(db::testing::engines()),
                                            ::testing::Values(1u, 2u, 3u)),
                         [](const auto& info) {
                           return db::testing::to_string(std::get<0>(info.param)) + "Seed" +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace cairn::repo
