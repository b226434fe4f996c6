#include "hub/xet/gate.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace cairn::xet {
namespace {

namespace asio = boost::asio;

/// Guests of a gate on one thread; each stays until it is told to leave.
class GateTest : public ::testing::Test {
 protected:
  struct Visit {
    bool inside = false;
    bool refused = false;
    std::optional<Gate::Pass> pass;
  };

  std::shared_ptr<Visit> come(Gate& gate, Gate::Guest guest) {
    auto visit = std::make_shared<Visit>();
    auto enter = [](Gate& at, Gate::Guest who, std::shared_ptr<Visit> to) -> Task<> {
      auto pass = co_await at.enter(who);
      to->inside = pass.has_value();
      to->refused = !pass;
      if (pass) to->pass.emplace(std::move(*pass));
    };
    asio::co_spawn(io, enter(gate, guest, visit), asio::detached);
    settle();
    return visit;
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) io.restart();
  }

  asio::io_context io{1};
  static constexpr Gate::Guest ada{1, 1}, bob{2, 1};
};

TEST_F(GateTest, TheNextInLineEntersWhenSomebodyLeaves) {
  Gate gate({.all = 2, .each = 2, .wait_max = hours(1)});
  auto first = come(gate, ada), second = come(gate, bob), third = come(gate, ada),
       fourth = come(gate, bob);
  EXPECT_TRUE(first->inside && second->inside);
  EXPECT_FALSE(third->inside || fourth->inside);
  second->pass.reset();
  settle();
  EXPECT_TRUE(third->inside);
  EXPECT_FALSE(fourth->inside);
  EXPECT_EQ(gate.inside(), 2);
  for (auto& visit : {first, third, fourth}) visit->pass.reset();
  settle();
  EXPECT_TRUE(fourth->inside);
}

TEST_F(GateTest, OneGuestDoesNotTakeAllPlaces) {
  Gate gate({.all = 3, .each = 2, .wait_max = hours(1)});
  auto a = come(gate, ada), b = come(gate, ada), c = come(gate, ada), other = come(gate, bob);
  EXPECT_FALSE(c->inside) << "ada has two places";
  EXPECT_TRUE(other->inside);
  a->pass.reset();
  settle();
  EXPECT_TRUE(c->inside);
}

TEST_F(GateTest, WhoWaitsTooLongIsRefusedAndHoldsNoPlace) {
  Gate gate({.all = 1, .each = 1, .wait_max = Duration{20'000}});
  auto first = come(gate, ada), second = come(gate, bob);
  io.restart();
  io.run();  // Until the line is empty.
  EXPECT_TRUE(second->refused);
  first->pass.reset();
  EXPECT_EQ(gate.inside(), 0);
  EXPECT_TRUE(come(gate, bob)->inside);
}

TEST_F(GateTest, ALineHasAnEnd) {
  Gate gate({.all = 1, .each = 1, .wait_max = hours(1), .waiting_max = 1});
  auto first = come(gate, ada), second = come(gate, bob), third = come(gate, bob);
  EXPECT_FALSE(second->refused);
  EXPECT_TRUE(third->refused);
  first->pass.reset();
  settle();
  EXPECT_TRUE(second->inside);
}

TEST_F(GateTest, ClientsThatGoAwayLeaveTheLine) {
  Gate gate({.all = 1, .each = 1, .wait_max = hours(1)});
  auto first = come(gate, ada);
  {
    asio::io_context other(1);
    auto enter = [](Gate& at) -> Task<> { (void)co_await at.enter(bob); };
    asio::co_spawn(other, enter(gate), asio::detached);
    other.poll();
  }  // The coroutine is gone.
  first->pass.reset();
  settle();
  EXPECT_EQ(gate.inside(), 0);
  EXPECT_TRUE(come(gate, bob)->inside);
}

}  // namespace
}  // namespace cairn::xet
