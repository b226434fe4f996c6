#include "platform/http/local_client.h"

#include <cstdlib>
#include <filesystem>

#include "platform/http/server_fixture.h"

namespace cairn::http {
namespace {

class LocalClientTest : public ServerTest {
 protected:
  LocalClientTest() {
    char name[] = "/tmp/cairn-local-XXXXXX";
    folder_ = ::mkdtemp(name);
    options.unix_socket = folder_ + "/socket";
  }
  ~LocalClientTest() override {
    server.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string folder_;
};

TEST_F(LocalClientTest, SendsMethodTargetFieldsAndBodyAndGetsTheAnswer) {
  auto echo = [](Request& request) -> Task<Result<Response>> {
    CAIRN_CO_TRY(body, co_await request.read_all());
    auto out = text(201, std::string(request.method_name()) + " " + request.target() + " " +
                             std::string(request.header("X-Word")) + " " + body);
    out.headers.set("X-Answer", "yes");
    co_return out;
  };
  for (auto method : {Method::put, Method::post, Method::delete_}) add(method, "/a/{b}", echo);
  start();
  auto answer =
      ask_local(options.unix_socket, Method::put, "/a/b%2Fc?d=1", {{"X-Word", "w"}}, "hi");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "PUT /a/b%2Fc?d=1 w hi");
  EXPECT_EQ(answer->headers.get("x-answer"), "yes");
  EXPECT_EQ(ask_local(options.unix_socket, Method::post, "/a/b", {}, "")->body, "POST /a/b  ");
  EXPECT_EQ(ask_local(options.unix_socket, Method::delete_, "/a/b", {}, "")->body, "DELETE /a/b  ");
}

TEST_F(LocalClientTest, AnErrorStatusIsAnAnswer) {
  start();
  auto answer = ask_local(options.unix_socket, Method::get, "/nothing", {}, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST_F(LocalClientTest, NobodyAtTheSocketIsToldFromNoAnswer) {
  auto missing = ask_local(options.unix_socket, Method::get, "/", {}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().word, "SocketUnreachable");

  // A listener that never accepts: the kernel takes the connection, nobody answers.
  int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::strncpy(at.sun_path, options.unix_socket.c_str(), sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  auto silent = ask_local(options.unix_socket, Method::get, "/", {}, {}, 50);
  ::close(listener);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().word, "SocketFailed");
}

}  // namespace
}  // namespace cairn::http
