#include "app/ssh_child.h"

#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>

#include "base/log.h"
#include "base/text.h"
#include "platform/process/stream.h"

namespace cairn::app {
namespace {

constexpr Duration for_ever = days(36'500);

/// The program itself, whatever happened to its file since it was started.
process::Command worker_command() {
  process::Command command;
  command.argv = {"/proc/self/exe", "ssh-worker"};
  command.environment = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}};
  command.deadline = for_ever;
  return command;
}

}  // namespace

struct SshChild::Loop {
  explicit Loop(const boost::asio::any_io_executor& executor) : pause(executor) {}
  boost::asio::steady_timer pause;
  std::unique_ptr<process::Stream> program;  // On the executor's thread.
  std::atomic<bool> stopping = false;
  std::future<void> ended;
};

SshChild::SshChild(boost::asio::any_io_executor executor, SshWorkerSettings settings,
                   std::shared_ptr<std::atomic<std::uint16_t>> port)
    : executor_(executor),
      settings_(std::move(settings)),
      port_(std::move(port)),
      loop_(std::make_shared<Loop>(executor)) {}
SshChild::~SshChild() {
  stop();
}

namespace {

/// One life of the process, to its end.
template <class LoopT>
Task<> live(boost::asio::any_io_executor executor, std::string settings,
            std::shared_ptr<std::atomic<std::uint16_t>> port, std::shared_ptr<LoopT> loop) {
  auto started = process::Stream::start(executor, worker_command(), for_ever);
  if (!started) {
    log::error("ssh.start.failed", started.error());
    co_return;
  }
  loop->program = std::move(*started);
  auto& program = *loop->program;
  if (!co_await program.write(std::move(settings))) co_return;
  std::string said;
  for (;;) {
    auto bytes = co_await program.read_some();
    if (!bytes || bytes->empty()) break;
    said += *bytes;
    if (said.starts_with("listening ") && said.ends_with('\n')) {
      auto number = parse_int(trim(std::string_view(said).substr(10)));
      *port = static_cast<std::uint16_t>(number.value_or(0));
      log::info("ssh.listening", {{"port", number.value_or(0)}});
    }
    if (said.size() > 1000) said.clear();
  }
  *port = 0;
  auto exit = co_await program.finish();
  if (loop->stopping) co_return;
  log::error("ssh.ended", {{"exit_code", exit ? exit->code : -1},
                           {"stderr", exit ? exit->err.substr(0, 1000) : exit.error().message}});
}

}  // namespace

void SshChild::start() {
  auto run = [](boost::asio::any_io_executor executor, std::string settings,
                std::shared_ptr<std::atomic<std::uint16_t>> port,
                std::shared_ptr<Loop> loop) -> Task<> {
    for (int failures = 0; !loop->stopping; ++failures) {
      co_await live(executor, settings, port, loop);
      loop->program.reset();
      if (loop->stopping) co_return;
      boost::system::error_code ignored;
      loop->pause.expires_after(std::chrono::seconds(std::min(60, 1 << std::min(failures, 6))));
      co_await loop->pause.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
  };
  loop_->ended = boost::asio::co_spawn(executor_, run(executor_, to_line(settings_), port_, loop_),
                                       boost::asio::use_future);
}

void SshChild::stop() {
  if (loop_->stopping.exchange(true) || !loop_->ended.valid()) return;
  boost::asio::post(executor_, [loop = loop_] {
    loop->pause.cancel();
    if (loop->program) loop->program->close_input();
  });
  loop_->ended.wait();
}

}  // namespace cairn::app
