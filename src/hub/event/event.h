#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "platform/db/db.h"

/// What happened on the hub, told in the transaction that did it (DESIGN 3.6). Webhooks,
/// notifications, search, mirrors and metering read it, each at its own cursor, at least once.
namespace cairn::event {

[[nodiscard]] std::vector<db::Migration> event_migrations();

/// Who did it: the envelope of an actor (DESIGN 4), with names as they were then.
struct EventActor {
  std::string kind = "system";                    ///< "user", "token", "system"…: account's words.
  std::optional<std::int64_t> id = {};            ///< The user; none for anonymous and system.
  std::string name = {};                          ///< Their name then; empty when there is none.
  std::optional<std::int64_t> on_behalf_of = {};  ///< A user, with kind "service".
  std::optional<std::int64_t> token_id = {};
  std::string request_id = {};  ///< Empty outside of a request.
};

/// Names and visibility stay in the event as they were. Whether a reader may see it is asked at
/// delivery, by the rights of then.
struct NewEvent {
  std::string type;  ///< "repo.commit": the noun, then what happened. Stable.
  int schema = 1;    ///< Version of what `data` holds for this type.
  EventActor actor = {};
  std::optional<std::int64_t> owner_id = {};
  std::string owner_name = {};
  std::optional<std::int64_t> repo_id = {};
  std::string repo_kind = {};   ///< "model"…; empty without a repository.
  std::string repo_name = {};   ///< "owner/name"; empty without a repository.
  std::string visibility = {};  ///< "public"…; empty without a repository.
  json::object data = {};
};

/// Where an event stands in the order of reading. Not the order of ids: on PostgreSQL an id is
/// drawn before its transaction commits, and a reader that went by ids would pass over those that
/// commit late.
struct Position {
  std::int64_t xid = 0;  ///< The writing transaction on PostgreSQL; 0 on SQLite.
  std::int64_t id = 0;
  auto operator<=>(const Position&) const = default;
};

struct Event : NewEvent {
  Position position;
  Time time;  ///< Of the transaction.
  [[nodiscard]] std::int64_t id() const { return position.id; }
};

/// Appends the event with the transaction: both happen or neither.
void append_event(db::Tx& tx, const NewEvent& event);

/// The events after the consumer's cursor, in order, at most `limit` (1 to `read_max`). A consumer
/// that is not known yet begins with the oldest event. On PostgreSQL events wait until every older
/// transaction has ended, so none can still appear before one that was read.
[[nodiscard]] std::vector<Event> read_events(db::Tx& tx, std::string_view consumer, int limit);
constexpr int read_max = 1000;

/// Whose events somebody looks at: those of one repository, or of some owners.
struct Subjects {
  std::optional<std::int64_t> repo = {};
  std::vector<std::int64_t> owners = {};
};
/// The newest first, at most `limit` (1 to `read_max`), with ids below `before`. For people who
/// look back, so by id: whoever must not miss one reads with a cursor.
[[nodiscard]] std::vector<Event> latest_events(db::Tx& tx, const Subjects& subjects,
                                               std::optional<std::int64_t> before, int limit);

/// Moves the consumer's cursor to `position`, the last event that it is done with; never backward.
/// In one transaction with the effects they happen once; otherwise an event may come twice.
void advance(db::Tx& tx, std::string_view consumer, Position position);

/// Makes a consumer that begins with what happens from now on. A known one stays where it is.
void start_from_now(db::Tx& tx, std::string_view consumer);
/// Forgets its cursor.
void drop_consumer(db::Tx& tx, std::string_view consumer);

struct Consumer {
  std::string name;
  Position position;
  Time updated_at;
};
/// By name.
[[nodiscard]] std::vector<Consumer> list_consumers(db::Tx& tx);

/// Deletes events older than `before` that every consumer has passed, at most `limit` of them.
/// Without a consumer nobody waits for them, and age alone decides.
/// @return how many: call again, in another transaction, while it is `limit`.
std::int64_t forget_events(db::Tx& tx, Time before, int limit);

/// Call once after the migrations. PostgreSQL counts transactions per server, so a database that
/// was restored on a younger server holds positions that new events would stay below, unread for
/// ever. Then all positions are counted anew: nothing is lost, some events come twice.
/// @return whether that was so.
bool repair_positions(db::Tx& tx);

}  // namespace cairn::event
