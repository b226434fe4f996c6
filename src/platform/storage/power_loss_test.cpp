// Promise 1 of DESIGN 5, for objects: what was acknowledged survives power loss whole, and nothing
// half-made is visible.
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "base/text.h"
#include "platform/storage/local_store.h"
#include "platform/storage/memory_files.h"

namespace cairn::storage {
namespace {

/// How many cuts; `./test deep` asks for more by the environment.
int runs() {
  const char* text = std::getenv("CAIRN_POWER_LOSS_RUNS");
  auto number = text ? parse_int(text) : std::nullopt;
  return number ? static_cast<int>(*number) : 300;
}

/// The bytes belong to the key, so that any mixture shows.
std::string content_of(const std::string& key, std::size_t size) {
  std::mt19937_64 random(std::hash<std::string>{}(key));
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(1 + random() % 255);  // never 0: holes are seen
  return out;
}

/// What some threads did to a store, with a mark after each acknowledgment.
class Load {
 public:
  explicit Load(std::uint64_t seed) : files_(std::make_shared<MemoryFiles>()) {
    store_ = std::move(*open_local_store("/objects", files_));
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) threads.emplace_back([this, seed, t] { work(seed * 10 + t); });
    for (auto& thread : threads) thread.join();
  }
  [[nodiscard]] const MemoryFiles& files() const { return *files_; }
  /// Of every key that was ever begun.
  [[nodiscard]] const std::map<std::string, std::string>& contents() const { return contents_; }

 private:
  void work(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 12; ++i) {
      // Few digests, so that threads meet in folders.
      Key key = make_key("lfs", random() % 2 ? "abcd" : "abce");
      const std::string bytes = content_of(key.text, random() % 5000);
      {
        std::lock_guard lock(mutex_);
        contents_[key.text] = bytes;
      }
      switch (random() % 4) {
        case 0:
          in_parts(key, bytes, random);
          break;
        case 1:
          removed(key, bytes);
          break;
        default:
          put(key, bytes);
      }
    }
  }
  void put(const Key& key, const std::string& bytes) {
    ASSERT_TRUE(store_->put(key, bytes));
    files_->mark("have " + key.text);
  }
  void removed(const Key& key, const std::string& bytes) {
    put(key, bytes);
    files_->mark("removing " + key.text);
    ASSERT_TRUE(store_->remove(key));
    files_->mark("removed " + key.text);
  }
  void in_parts(const Key& key, const std::string& bytes, std::mt19937_64& random) {
    auto upload = store_->multipart(key, "");
    ASSERT_TRUE(upload);
    const int count = 3;
    for (int number = count; number >= 1; --number) {
      auto part = part_of(bytes, number);
      if (random() % 4 == 0)
        send(**upload, number, part.substr(0, part.size() / 2));  // again below
      send(**upload, number, part);
      files_->mark("part " + key.text + " " + (*upload)->id() + " " + std::to_string(number));
    }
    ASSERT_TRUE((*upload)->complete(count));
    files_->mark("have " + key.text);
  }
  static void send(Multipart& upload, int number, std::string_view bytes) {
    auto writer = upload.part(number);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(bytes));
    ASSERT_TRUE((*writer)->commit());
  }

 public:
  /// Thirds.
  static std::string part_of(const std::string& bytes, int number) {
    auto third = bytes.size() / 3;
    auto first = third * static_cast<std::size_t>(number - 1);
    return number == 3 ? bytes.substr(first) : bytes.substr(first, third);
  }

 private:
  std::shared_ptr<MemoryFiles> files_;
  std::unique_ptr<ObjectStore> store_;
  std::mutex mutex_;
  std::map<std::string, std::string> contents_;
};

/// What the marks up to the cut promise.
struct Promised {
  std::set<std::string> have, maybe_gone, gone;
  std::map<std::pair<std::string, std::string>, std::set<int>> parts;  ///< By key and upload.

  explicit Promised(const std::vector<std::string>& marks) {
    for (const auto& mark : marks) {
      auto words = split(mark, ' ');
      std::string key(words[1]);
      if (words[0] == "have") have.insert(key);
      if (words[0] == "removing") maybe_gone.insert(key);
      if (words[0] == "removed") gone.insert(key);
      if (words[0] == "part")
        parts[{key, std::string(words[2])}].insert(static_cast<int>(*parse_int(words[3])));
    }
  }
};

void check_objects(ObjectStore& store, const Promised& promised, const Load& load) {
  auto listed = store.list("", std::nullopt, 10'000);
  ASSERT_TRUE(listed);
  std::set<std::string> visible;
  for (const auto& object : *listed) {
    visible.insert(object.key.text);
    auto bytes = store.get(object.key);
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(*bytes == load.contents().at(object.key.text))
        << object.key.text << " is visible and not whole";
  }
  for (const auto& key : promised.have)
    if (!promised.maybe_gone.contains(key))
      EXPECT_TRUE(visible.contains(key)) << key << " was acknowledged and is lost";
  for (const auto& key : promised.gone)
    EXPECT_FALSE(visible.contains(key)) << key << " was deleted and is back";
}

/// Uploads that were not complete go on where they were.
void check_uploads(ObjectStore& store, const Promised& promised, const Load& load) {
  for (const auto& [upload_of, numbers] : promised.parts) {
    const auto& [text, id] = upload_of;
    const std::string& bytes = load.contents().at(text);
    const Key key{text};
    if (promised.have.contains(text)) continue;
    auto upload = store.multipart(key, id);
    ASSERT_TRUE(upload) << "an upload with acknowledged parts is lost";
    if (!store.open(key))
      for (int number : numbers) {
        std::string part;
        auto read = (*upload)->read_part(number, [&](std::string_view piece) -> Result<> {
          part += piece;
          return {};
        });
        ASSERT_TRUE(read) << "part " << number << " was acknowledged and is lost";
        EXPECT_TRUE(part == Load::part_of(bytes, number)) << "part " << number;
      }
    if (numbers.size() < 3) continue;
    ASSERT_TRUE((*upload)->complete(3));
    EXPECT_TRUE(*store.get(key) == bytes);
  }
}

TEST(PowerLoss, AcknowledgedObjectsAreWholeAndNoHalfOneIsVisible) {
  std::optional<Load> load;
  constexpr int cuts_per_load = 30;
  for (int run = 0; run < runs() && !HasFailure(); ++run) {
    if (run % cuts_per_load == 0) load.emplace(static_cast<std::uint64_t>(run));
    std::mt19937_64 random(static_cast<std::uint64_t>(run));
    SCOPED_TRACE("run " + std::to_string(run));
    auto crash = load->files().crash_after(random() % (load->files().recorded() + 1), random());
    const Promised promised(crash.marks);
    auto store = open_local_store("/objects", crash.files);
    ASSERT_TRUE(store) << store.error().message;
    check_objects(**store, promised, *load);
    check_uploads(**store, promised, *load);

    // After the sweep, and a second cut that spares nothing unsynced, it is still so.
    crash.files->advance(hours(1));
    ASSERT_TRUE((*store)->sweep_unfinished(minutes(1)));
    EXPECT_TRUE(crash.files->list("/objects/tmp")->empty());
    EXPECT_TRUE(crash.files->list("/objects/multipart")->empty());
    check_objects(**store, promised, *load);
    auto second = crash.files->crash_after(crash.files->recorded(), random());
    check_objects(*std::move(*open_local_store("/objects", second.files)), promised, *load);
  }
}

// The test of the test: without the fsyncs the same cuts do lose and tear files.
TEST(PowerLoss, WithoutFsyncTheFakeLosesNamesAndBytes) {
  MemoryFiles files;
  ASSERT_TRUE(files.make_folder("/a"));
  ASSERT_TRUE(files.sync_folder("/"));
  auto file = files.create("/a/x");
  ASSERT_TRUE(file);
  const std::string bytes = content_of("x", 4000);
  ASSERT_TRUE((*file)->write(0, bytes));
  int absent = 0, empty = 0, torn = 0, whole = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto crash = files.crash_after(files.recorded(), seed);
    auto found = crash.files->open("/a/x", Files::Access::read);
    if (!found) {
      ++absent;
      continue;
    }
    std::string read(5000, '\0');
    read.resize(*(*found)->read(0, read.data(), read.size()));
    ++(read.empty() ? empty : read == bytes ? whole : torn);
  }
  EXPECT_GT(absent, 20);
  EXPECT_GT(empty, 10);
  EXPECT_GT(torn, 10);
  EXPECT_GT(whole, 10);
}

TEST(PowerLoss, WhatWasSyncedSurvivesEveryCut) {
  MemoryFiles files;
  ASSERT_TRUE(files.make_folder("/a"));
  ASSERT_TRUE(files.sync_folder("/"));
  auto file = files.create("/a/x");
  ASSERT_TRUE((*file)->write(0, "bytes"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(files.sync_folder("/a"));
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_EQ(files.crash_after(files.recorded(), seed).files->info("/a/x")->size_bytes, 5u);
}

}  // namespace
}  // namespace cairn::storage
