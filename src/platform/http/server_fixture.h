#pragma once
#include <cstring>
#include <future>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/http/http.h"

/// For the module's tests: a real server on 127.0.0.1 and a client that sends exact bytes.
namespace cairn::http {

/// A client that knows no HTTP but where an answer ends.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open(AF_INET, reinterpret_cast<sockaddr*>(&at), sizeof at);
  }
  explicit RawClient(const std::string& unix_path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, unix_path.c_str(), sizeof at.sun_path - 1);
    open(AF_UNIX, reinterpret_cast<sockaddr*>(&at), sizeof at);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// One answer, head and body (chunks as they come). Empty at the end of the connection.
  std::string answer(bool head_only = false) {
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!fill()) return std::exchange(buffer_, {});
    auto head = buffer_.find("\r\n\r\n") + 4;
    std::string text = buffer_.substr(0, head);
    bool bodyless = head_only || text.starts_with("HTTP/1.1 1") ||
                    text.starts_with("HTTP/1.1 204") || text.starts_with("HTTP/1.1 304");
    std::size_t size = head;
    if (auto length = text.find("\r\nContent-Length: "); !bodyless && length != text.npos) {
      size += std::stoull(text.substr(length + 18));
      while (buffer_.size() < size && fill()) {
      }
    } else if (!bodyless && text.find("\r\nTransfer-Encoding: chunked") != text.npos) {
      while (buffer_.find("\r\n0\r\n\r\n", head - 2) == std::string::npos && fill()) {
      }
      size = buffer_.find("\r\n0\r\n\r\n", head - 2) + 7;
    } else if (!bodyless) {
      while (fill()) {
      }
      size = buffer_.size();
    }
    text = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return text;
  }
  /// What comes until the server closes.
  std::string rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  std::string exchange(std::string_view request) {
    send(request);
    return answer();
  }

 private:
  void open(int family, const sockaddr* at, socklen_t size) {
    fd_ = ::socket(family, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(fd_, at, size), 0) << std::strerror(errno);
    // A server that says nothing fails the test instead of hanging it.
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  bool fill() {
    char bytes[65536];
    auto count = ::recv(fd_, bytes, sizeof bytes, 0);
    EXPECT_FALSE(count < 0 && errno == EAGAIN) << "the server does not answer";
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  int fd_ = -1;
  std::string buffer_;
};

inline std::string body_of(const std::string& answer) {
  auto head = answer.find("\r\n\r\n");
  return head == std::string::npos ? "" : answer.substr(head + 4);
}
inline std::string field_of(const std::string& answer, std::string name) {
  auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  at += name.size() + 4;
  return answer.substr(at, answer.find("\r\n", at) - at);
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options.listen = {{"127.0.0.1", 0}};
    options.threads = 2;
    options.access_log = false;
  }
  void add(Method method, std::string pattern, Handler handler, std::uint64_t max = 1u << 20) {
    router.add(Route{.method = method,
                     .pattern = pattern,
                     .operation = "test" + pattern,
                     .body_bytes_max = max,
                     .handler = std::move(handler)});
  }
  void start() {
    server = std::make_unique<Server>(options, std::move(router), metrics);
    auto started = server->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  RawClient client() { return RawClient(server->port()); }
  std::string get(const std::string& target, const std::string& fields = "") {
    auto c = client();
    return c.exchange("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  }

  ServerOptions options;
  Router router;
  Metrics metrics;
  std::unique_ptr<Server> server;
};

}  // namespace cairn::http
