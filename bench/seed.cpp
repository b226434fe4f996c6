// Fills a hub with repositories for the rows about lists, through the domain: users, organizations,
// then repositories each with a first commit, a card and its tags, then downloads and likes.
//
//   cairn_bench_seed DATA_FOLDER REPOSITORIES USERS      (CAIRN_DATABASE names another database)
//
// The same arguments make the same names, cards and figures.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "app/hub.h"

namespace cairn {
namespace {

constexpr int organizations = 200;
constexpr int users_per_write = 100;
constexpr int likes_per_write = 50;
/// Creations in flight: as many as the database joins in one group.
constexpr int creators = 48;

constexpr const char* tasks[] = {"text-generation",
                                 "text-classification",
                                 "fill-mask",
                                 "text-to-image",
                                 "token-classification",
                                 "translation",
                                 "feature-extraction",
                                 "image-classification",
                                 "automatic-speech-recognition",
                                 "robotics"};
constexpr const char* libraries[] = {"transformers",          "diffusers", "peft",  "gguf",
                                     "sentence-transformers", "timm",      "keras", "spacy"};
constexpr const char* licenses[] = {"apache-2.0", "mit",    "other",   "cc-by-4.0",
                                    "openrail",   "llama3", "gpl-3.0", "bsd-3-clause"};
constexpr const char* languages[] = {"en", "zh", "fr", "de", "es", "ja", "ko", "sw", "is", "mt"};
constexpr const char* words[] = {"bert",    "llama",   "vision", "mistral",  "tiny",
                                 "base",    "large",   "chat",   "instruct", "lora",
                                 "adapter", "whisper", "qwen",   "segment",  "embed",
                                 "coder",   "math",    "news",   "reviews",  "speech"};

/// Few are named often, most rarely, as on every hub.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  int skewed(int n) {
    double u = static_cast<double>(random_() >> 11) * 0x1.0p-53;
    return std::min(n - 1, static_cast<int>(std::pow(u, 3) * n));
  }
  template <std::size_t N>
  const char* one_of(const char* const (&list)[N]) {
    return list[skewed(static_cast<int>(N))];
  }

 private:
  std::mt19937_64 random_;
};

std::string user_name(int n) {
  return "user" + std::to_string(n);
}
std::string organization_name(int n) {
  return "team" + std::to_string(n);
}

std::string model_card(Dice& dice) {
  std::string out = "---\nlicense: " + std::string(dice.one_of(licenses)) +
                    "\nlibrary_name: " + dice.one_of(libraries) +
                    "\npipeline_tag: " + dice.one_of(tasks) + "\nlanguage: [" +
                    dice.one_of(languages) + "]\ntags: [" + dice.one_of(words) + ", " +
                    dice.one_of(words) + ", topic-" + std::to_string(dice.skewed(5000)) + "]\n";
  if (dice.below(3) == 0)
    out += "base_model: " + user_name(dice.skewed(500)) + "/base-" +
           std::to_string(dice.skewed(1000)) + "\n";
  if (dice.below(4) == 0)
    out += "datasets: [" + user_name(dice.skewed(500)) + "/data-" +
           std::to_string(dice.skewed(1000)) + "]\n";
  return out + "---\n# A model\n";
}

std::string dataset_card(Dice& dice) {
  return "---\nlicense: " + std::string(dice.one_of(licenses)) + "\nlanguage: [" +
         dice.one_of(languages) + "]\ntask_categories: [" + dice.one_of(tasks) +
         "]\nsize_categories: [\"10K<n<100K\"]\ntags: [" + dice.one_of(words) + "]\n---\n# Data\n";
}

std::string space_card(Dice& dice) {
  return "---\ntitle: An application\nsdk: gradio\nmodels: [" + user_name(dice.skewed(500)) +
         "/base-" + std::to_string(dice.skewed(1000)) + "]\ntags: [" + dice.one_of(words) +
         "]\n---\n";
}

repo::NewRepo new_repo(int n, int users) {
  Dice dice(static_cast<std::uint64_t>(n) * 7919 + 1);
  repo::NewRepo out;
  int kind = dice.below(10);
  out.kind = kind < 7 ? RepoKind::model : kind < 9 ? RepoKind::dataset : RepoKind::space;
  out.owner = dice.below(4) == 0 ? organization_name(dice.skewed(organizations))
                                 : user_name(dice.skewed(users));
  out.name = std::string(dice.one_of(words)) + "-" + dice.one_of(words) + "-" + std::to_string(n);
  out.visibility = n % 2 ? Visibility::private_ : Visibility::public_;
  std::string card = out.kind == RepoKind::model     ? model_card(dice)
                     : out.kind == RepoKind::dataset ? dataset_card(dice)
                                                     : space_card(dice);
  if (out.kind == RepoKind::space) out.sdk = "gradio";
  out.files.push_back({"README.md", std::move(card)});
  return out;
}

template <class T>
T must(Result<T> result) {
  if (result) {
    if constexpr (std::is_void_v<T>)
      return;
    else
      return *std::move(result);
  }
  std::fprintf(stderr, "%s: %s\n", result.error().word.c_str(), result.error().message.c_str());
  std::exit(1);
}

void make_owners(app::Hub& hub, int users) {
  for (int first = 0; first < users; first += users_per_write) {
    auto write = [&](db::Tx& tx) -> Result<> {
      for (int n = first; n < std::min(first + users_per_write, users); ++n) {
        account::NewUser user;
        user.name = user_name(n);
        CAIRN_CHECK(account::create_user(tx, user));
      }
      return {};
    };
    must(hub.database->write_now(write));
  }
  auto write = [&](db::Tx& tx) -> Result<> {
    for (int n = 0; n < organizations; ++n) {
      account::NewOrganization organization;
      organization.name = organization_name(n);
      CAIRN_CHECK(account::create_organization(tx, organization));
    }
    return {};
  };
  must(hub.database->write_now(write));
}

struct Made {
  std::mutex mutex;
  std::vector<repo::RepoRef> repos;
  std::atomic<int> next = 0;
};

Task<> create_some(app::Hub& hub, Made& made, int repositories, int users) {
  for (int n = made.next++; n < repositories; n = made.next++) {
    auto created = must(co_await hub.repos.create(account::Actor::system(), new_repo(n, users)));
    std::lock_guard lock(made.mutex);
    made.repos.push_back(created.repo);
  }
}

void run_on_threads(const std::function<void(boost::asio::io_context&)>& begin) {
  boost::asio::io_context io;
  begin(io);
  std::vector<std::thread> threads;
  for (int n = 0; n < 2; ++n) threads.emplace_back([&io] { io.run(); });
  for (auto& thread : threads) thread.join();
}

void count_figures(app::Hub& hub, std::vector<repo::RepoRef>& repos) {
  std::ranges::sort(repos, {}, [](const repo::RepoRef& repo) { return repo->id; });
  Dice dice(42);
  int total = static_cast<int>(repos.size());
  for (int n = 0; n < total; ++n)
    hub.repos.count_download(*repos[static_cast<std::size_t>(dice.skewed(total))], "config.json",
                             false, std::to_string(n));
  for (int done = 0; done < total / 5; done += likes_per_write) {
    auto write = [&](db::Tx& tx) -> Result<> {
      for (int n = 0; n < likes_per_write; ++n)
        hub.repos.add_likes(tx, *repos[static_cast<std::size_t>(dice.skewed(total))], 1);
      return {};
    };
    must(hub.database->write_now(write));
  }
  run_on_threads([&](boost::asio::io_context& io) {
    auto flush = [](app::Hub& hub) -> Task<> {
      must(co_await hub.repos.flush_counters());
      must(co_await hub.repos.roll_figures());
    };
    boost::asio::co_spawn(io, flush(hub), boost::asio::detached);
  });
}

int seed(std::string folder, int repositories, int users) {
  app::Config config;
  config.data = std::move(folder);
  config.database = "sqlite:";
  if (const char* database = std::getenv("CAIRN_DATABASE")) config.database = database;
  config.public_url = "http://localhost:2247";
  auto hub = must(app::Hub::open(std::move(config)));
  auto clock = [start = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  make_owners(*hub, users);
  double owners_s = clock();
  Made made;
  run_on_threads([&](boost::asio::io_context& io) {
    for (int n = 0; n < creators; ++n)
      boost::asio::co_spawn(io, create_some(*hub, made, repositories, users),
                            boost::asio::detached);
  });
  double repos_s = clock();
  count_figures(*hub, made.repos);
  std::printf("{\"owners_s\": %.1f, \"repos_s\": %.1f, \"figures_s\": %.1f}\n", owners_s,
              repos_s - owners_s, clock() - repos_s);
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: cairn_bench_seed DATA_FOLDER REPOSITORIES USERS\n");
    return 2;
  }
  return cairn::seed(arguments[1], std::atoi(arguments[2]), std::atoi(arguments[3]));
}
