// The load of row e: writers that commit over raw sockets, one file of about 1 KB per commit.
//
// usage: CAIRN_BENCH_TOKEN=hf_... cairn_bench_commits PORT free|parent WRITERS SECONDS COMMITS
// REPO...
//
// Writer n works on repository n modulo their count, in a folder "wNN" of its own that already has
// 100 files, and replaces one after the other. "free" commits on top of whatever the branch has;
// "parent" reads the branch first, sends `parentCommit`, and begins anew after a 412. It ends after
// SECONDS or COMMITS, whichever comes first.
//
// stdout: "ack REPO COMMIT PATH NUMBER" per acknowledged commit, then one line of JSON.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int folder_entries = 100;
constexpr std::size_t content_bytes = 1000;
// Longer than any answer of a server that works.
constexpr int answer_seconds_max = 30;
constexpr std::size_t answer_bytes_max = 8u << 20;

struct Answer {
  int status = 0;
  std::string body;
};

/// One keep-alive connection on loopback. Throws std::runtime_error when it breaks.
class Connection {
 public:
  explicit Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    timeval wait{answer_seconds_max, 0};
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  Answer exchange(std::string_view request) {
    while (!request.empty()) {
      ssize_t sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error(std::string("send: ") + std::strerror(errno));
      request.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == in_.npos) receive();
    std::string_view head = std::string_view(in_).substr(0, end);
    std::size_t length_at = head.find("\r\nContent-Length: ");
    if (length_at == head.npos || head.size() < 12)
      throw std::runtime_error("an answer without Content-Length");
    std::size_t length = std::strtoull(head.data() + length_at + 18, nullptr, 10);
    Answer answer{std::atoi(head.data() + 9), {}};
    while (in_.size() < end + 4 + length) receive();
    answer.body = in_.substr(end + 4, length);
    in_.erase(0, end + 4 + length);
    return answer;
  }

 private:
  void receive() {
    char buffer[16384];
    ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error(got == 0 ? "closed by the server" : "no answer in time");
    in_.append(buffer, static_cast<std::size_t>(got));
    if (in_.size() > answer_bytes_max) throw std::runtime_error("an answer over 8 MiB");
  }

  int fd_;
  std::string in_;
};

struct Task {
  int port = 0;
  bool with_parent = false;
  std::string token;
  Clock::time_point deadline;
  long commits_max = 0;
};

struct Outcome {
  std::vector<std::string> acknowledged;
  std::vector<double> get_ms, post_ms;  ///< Of answers 200.
  long stale = 0;                       ///< Answers 412.
  std::string problem;
  Clock::time_point last;
};

std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

/// Begins with a line that a check can recognize; the rest hardly compresses.
std::string content(int writer, long number) {
  std::string text = std::to_string(writer) + " " + std::to_string(number) + "\n";
  std::uint64_t state = 0x9e3779b97f4a7c15u * static_cast<std::uint64_t>(number * 64 + writer + 1);
  while (text.size() < content_bytes) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    text += static_cast<char>(' ' + state % 95);
  }
  return text;
}

/// The value of a string field of a JSON text; our server's, so without escapes in what we look
/// for.
std::string field(std::string_view json, std::string_view name) {
  std::string key = "\"" + std::string(name) + "\":\"";
  std::size_t at = json.find(key);
  if (at == json.npos) throw std::runtime_error("no field " + std::string(name));
  at += key.size();
  return std::string(json.substr(at, json.find('"', at) - at));
}

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Commits until the task ends.
class Writer {
 public:
  Writer(const Task& task, int index, std::string repo, std::atomic<long>& total, Outcome& out)
      : task_(task),
        index_(index),
        repo_(std::move(repo)),
        total_(total),
        out_(out),
        connection_(task.port) {}

  void run() {
    while (Clock::now() < task_.deadline && total_.load() < task_.commits_max) {
      std::string parent = task_.with_parent ? head_of_branch() : std::string();
      auto start = Clock::now();
      Answer answer = connection_.exchange(commit(parent));
      if (answer.status == 412) {
        ++out_.stale;
        continue;
      }
      if (answer.status != 200)
        throw std::runtime_error(std::to_string(answer.status) + " " + answer.body.substr(0, 300));
      out_.post_ms.push_back(ms_since(start));
      out_.acknowledged.push_back(repo_ + " " + field(answer.body, "commitOid") + " " + path() +
                                  " " + std::to_string(number_));
      out_.last = Clock::now();
      ++number_;
      ++total_;
    }
  }

 private:
  std::string request(std::string_view method, std::string_view what, std::string_view body) const {
    std::string out = std::string(method) + " /api/models/" + repo_ + std::string(what) +
                      " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(task_.port) +
                      "\r\nAuthorization: Bearer " + task_.token + "\r\n";
    if (!body.empty())
      out +=
          "Content-Type: application/x-ndjson\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n";
    return out + "\r\n" + std::string(body);
  }

  std::string head_of_branch() {
    auto start = Clock::now();
    Answer answer = connection_.exchange(request("GET", "/refs", ""));
    if (answer.status != 200) throw std::runtime_error("refs: " + answer.body.substr(0, 300));
    out_.get_ms.push_back(ms_since(start));
    return field(answer.body, "targetCommit");
  }

  std::string path() const {
    char name[64];
    std::snprintf(name, sizeof name, "w%02d/%02ld.txt", index_, number_ % folder_entries);
    return name;
  }

  std::string commit(const std::string& parent) const {
    std::string body = R"({"key":"header","value":{"summary":"Update )" + path() + '"';
    if (!parent.empty()) body += R"(,"parentCommit":")" + parent + '"';
    body += R"(}})"
            "\n"
            R"({"key":"file","value":{"path":")" +
            path() + R"(","encoding":"base64","content":")" + base64(content(index_, number_)) +
            "\"}}\n";
    return request("POST", "/commit/main", body);
  }

  const Task& task_;
  int index_;
  std::string repo_;
  std::atomic<long>& total_;
  Outcome& out_;
  Connection connection_;
  long number_ = 0;
};

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  auto at = values.begin() + static_cast<std::ptrdiff_t>(share * double(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void print(const std::vector<Outcome>& outcomes, Clock::time_point start) {
  std::vector<double> get_ms, post_ms;
  long stale = 0;
  auto last = start;
  for (const auto& out : outcomes) {
    for (const auto& line : out.acknowledged) std::printf("ack %s\n", line.c_str());
    get_ms.insert(get_ms.end(), out.get_ms.begin(), out.get_ms.end());
    post_ms.insert(post_ms.end(), out.post_ms.begin(), out.post_ms.end());
    stale += out.stale;
    last = std::max(last, out.last);
    if (!out.problem.empty()) std::fprintf(stderr, "%s\n", out.problem.c_str());
  }
  std::printf(
      "{\"commits\":%zu,\"stale\":%ld,\"seconds\":%.3f,\"get_p50_ms\":%.3f,"
      "\"post_p50_ms\":%.3f,\"post_p99_ms\":%.3f}\n",
      post_ms.size(), stale, std::chrono::duration<double>(last - start).count(),
      percentile(get_ms, 0.5), percentile(post_ms, 0.5), percentile(post_ms, 0.99));
}

int run(int writers, const Task& task, const std::vector<std::string>& repos) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(writers));
  std::vector<std::thread> threads;
  std::atomic<long> total = 0;
  auto start = Clock::now();
  for (int i = 0; i < writers; ++i)
    threads.emplace_back([&, i] {
      auto& out = outcomes[static_cast<std::size_t>(i)];
      try {
        Writer(task, i, repos[static_cast<std::size_t>(i) % repos.size()], total, out).run();
      } catch (const std::exception& e) {
        out.problem = "writer " + std::to_string(i) + ": " + e.what();
      }
    });
  for (auto& thread : threads) thread.join();
  print(outcomes, start);
  return std::ranges::all_of(outcomes, [](const auto& out) { return out.problem.empty(); }) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const char* token = std::getenv("CAIRN_BENCH_TOKEN");
  if (argc < 7 || !token) {
    std::fprintf(stderr,
                 "usage: CAIRN_BENCH_TOKEN=... %s PORT free|parent WRITERS SECONDS COMMITS "
                 "REPO...\n",
                 argv[0]);
    return 2;
  }
  Task task;
  task.port = std::atoi(argv[1]);
  task.with_parent = std::string_view(argv[2]) == "parent";
  task.token = token;
  task.deadline = Clock::now() + std::chrono::seconds(std::atoi(argv[4]));
  task.commits_max = std::atol(argv[5]);
  return run(std::clamp(std::atoi(argv[3]), 1, 64), task, {argv + 6, argv + argc});
}
