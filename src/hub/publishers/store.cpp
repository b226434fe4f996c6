#include "hub/publishers/store.h"

namespace cairn::publishers {

std::vector<db::Migration> publishers_migrations() {
  return {{"20261126T1500_trusted_publishers", db::Migration::Kind::expand, R"sql(
-- Of one repository (repo_id) or of all of an owner's (owner_id). Claims are a JSON object.
CREATE TABLE trusted_publishers (
  id           @id,
  public_id    @text NOT NULL UNIQUE,
  repo_id      @int,
  owner_id     @int,
  user_id      @int NOT NULL,
  issuer       @text NOT NULL,
  claims       @text NOT NULL,
  created_at   @int NOT NULL,
  last_used_at @int
) @strict;
CREATE INDEX trusted_publishers_by_repo ON trusted_publishers (repo_id, id) WHERE repo_id IS NOT NULL;
CREATE INDEX trusted_publishers_by_owner ON trusted_publishers (owner_id, id) WHERE owner_id IS NOT NULL;
CREATE INDEX trusted_publishers_by_user ON trusted_publishers (user_id, id);
CREATE INDEX trusted_publishers_by_issuer ON trusted_publishers (issuer, id);

CREATE TABLE publisher_tokens (
  token_id     @int PRIMARY KEY,
  publisher_id @int NOT NULL,
  expires_at   @int NOT NULL
) @strict;
CREATE INDEX publisher_tokens_by_publisher ON publisher_tokens (publisher_id, token_id);
CREATE INDEX publisher_tokens_by_expiry ON publisher_tokens (expires_at, token_id);
)sql"}};
}

namespace store {
namespace {

using db::Statement;

#define CAIRN_PUBLISHER_SELECT                                                                     \
  "SELECT p.id, p.public_id, p.repo_id, p.owner_id, p.user_id, p.issuer, p.claims, p.created_at, " \
  "p.last_used_at, o.name FROM trusted_publishers p LEFT JOIN owners o ON o.id = p.user_id "

constexpr Statement insert_sql{"publishers.insert", R"sql(
  INSERT INTO trusted_publishers (public_id, repo_id, owner_id, user_id, issuer, claims, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id)sql"};
constexpr Statement of_repo_sql{
    "publishers.of_repo",
    CAIRN_PUBLISHER_SELECT "WHERE p.repo_id = $1 AND p.repo_id IS NOT NULL ORDER BY p.id DESC"};
constexpr Statement of_owner_sql{
    "publishers.of_owner",
    CAIRN_PUBLISHER_SELECT "WHERE p.owner_id = $1 AND p.owner_id IS NOT NULL ORDER BY p.id DESC"};
constexpr Statement knows_issuer_sql{"publishers.knows_issuer",
                                     "SELECT id FROM trusted_publishers WHERE issuer = $1 LIMIT 1"};
constexpr Statement remove_sql{"publishers.remove", "DELETE FROM trusted_publishers WHERE id = $1"};
constexpr Statement set_used_sql{"publishers.set_used",
                                 "UPDATE trusted_publishers SET last_used_at = $1 WHERE id = $2"};
constexpr Statement insert_token_sql{"publishers.insert_token", R"sql(
  INSERT INTO publisher_tokens (token_id, publisher_id, expires_at) VALUES ($1, $2, $3))sql"};
constexpr Statement tokens_of_sql{"publishers.tokens_of", R"sql(
  SELECT token_id FROM publisher_tokens WHERE publisher_id = $1 ORDER BY token_id)sql"};
constexpr Statement remove_tokens_sql{"publishers.remove_tokens",
                                      "DELETE FROM publisher_tokens WHERE publisher_id = $1"};
constexpr Statement expired_sql{"publishers.expired", R"sql(
  SELECT token_id FROM publisher_tokens WHERE expires_at <= $1
  ORDER BY expires_at, token_id LIMIT $2)sql"};
constexpr Statement remove_token_sql{"publishers.remove_token",
                                     "DELETE FROM publisher_tokens WHERE token_id = $1"};
constexpr Statement some_of_repo_sql{"publishers.some_of_repo", R"sql(
  SELECT id FROM trusted_publishers WHERE repo_id = $1 AND repo_id IS NOT NULL
  ORDER BY id LIMIT $2)sql"};
constexpr Statement of_user_sql{"publishers.of_user",
                                "SELECT id FROM trusted_publishers WHERE user_id = $1 ORDER BY id"};
constexpr Statement ids_of_owner_sql{"publishers.ids_of_owner", R"sql(
  SELECT id FROM trusted_publishers WHERE owner_id = $1 AND owner_id IS NOT NULL ORDER BY id)sql"};

Publisher publisher_of(const db::Row& row) {
  Publisher out;
  out.id = row.id<PublisherId>(0);
  out.public_id = PublicId{row.text(1)};
  if (auto repo = row.opt_integer(2)) out.repo = RepoId{*repo};
  if (auto owner = row.opt_integer(3)) out.owner = OwnerId{*owner};
  out.user = row.id<UserId>(4);
  out.issuer = row.text(5);
  auto claims = parse_json(row.text(6));
  if (auto* object = claims ? claims->if_object() : nullptr)
    for (const auto& [name, value] : *object)
      if (auto* text = value.if_string()) out.claims.emplace(std::string(name), std::string(*text));
  out.created_at = row.time(7);
  out.last_used_at = row.opt_time(8);
  out.user_name = row.opt_text(9).value_or("");
  return out;
}

std::vector<Publisher> publishers_of(const std::vector<db::Row>& rows) {
  std::vector<Publisher> out;
  for (const auto& row : rows) out.push_back(publisher_of(row));
  return out;
}

}  // namespace

Publisher insert(db::Tx& tx, Publisher row) {
  row.created_at = tx.now();
  json::object claims;
  for (const auto& [name, value] : row.claims) claims[name] = value;
  auto made = tx.one(insert_sql, row.public_id, row.repo, row.owner, row.user, row.issuer,
                     json::serialize(claims), row.created_at);
  row.id = made->id<PublisherId>(0);
  return row;
}

std::vector<Publisher> of_repo(db::Tx& tx, RepoId repo) {
  return publishers_of(tx.all(of_repo_sql, repo));
}
std::vector<Publisher> of_owner(db::Tx& tx, OwnerId owner) {
  return publishers_of(tx.all(of_owner_sql, owner));
}
bool knows_issuer(db::Tx& tx, std::string_view issuer) {
  return tx.one(knows_issuer_sql, issuer).has_value();
}

void remove(db::Tx& tx, PublisherId id) {
  tx.run(remove_tokens_sql, id);
  tx.run(remove_sql, id);
}
void set_used(db::Tx& tx, PublisherId id) {
  tx.run(set_used_sql, tx.now(), id);
}

void insert_token(db::Tx& tx, TokenId token, PublisherId publisher, Time expires_at) {
  tx.run(insert_token_sql, token, publisher, expires_at);
}

std::vector<TokenId> tokens_of(db::Tx& tx, PublisherId publisher) {
  std::vector<TokenId> out;
  for (const auto& row : tx.all(tokens_of_sql, publisher)) out.push_back(row.id<TokenId>(0));
  return out;
}

std::vector<TokenId> take_expired(db::Tx& tx, int limit) {
  std::vector<TokenId> out;
  for (const auto& row : tx.all(expired_sql, tx.now(), limit)) {
    out.push_back(row.id<TokenId>(0));
    tx.run(remove_token_sql, out.back());
  }
  return out;
}

int forget_repo(db::Tx& tx, RepoId repo, int limit) {
  auto rows = tx.all(some_of_repo_sql, repo, limit);
  for (const auto& row : rows) remove(tx, row.id<PublisherId>(0));
  return static_cast<int>(rows.size());
}

std::vector<PublisherId> about_owner(db::Tx& tx, OwnerId owner) {
  std::vector<PublisherId> out;
  for (const auto* sql : {&of_user_sql, &ids_of_owner_sql})
    for (const auto& row : tx.all(*sql, owner)) out.push_back(row.id<PublisherId>(0));
  return out;
}

std::vector<const db::Statement*> statements() {
  return {&insert_sql,       &of_repo_sql,      &of_owner_sql,  &knows_issuer_sql,  &remove_sql,
          &set_used_sql,     &insert_token_sql, &tokens_of_sql, &remove_tokens_sql, &expired_sql,
          &remove_token_sql, &some_of_repo_sql, &of_user_sql,   &ids_of_owner_sql};
}

}  // namespace store
}  // namespace cairn::publishers
