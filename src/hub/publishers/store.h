#pragma once
#include <optional>
#include <vector>

#include "hub/publishers/publishers.h"

/// All SQL of the module.
namespace cairn::publishers::store {

Publisher insert(db::Tx& tx, Publisher row);
/// Newest first.
std::vector<Publisher> of_repo(db::Tx& tx, RepoId repo);
std::vector<Publisher> of_owner(db::Tx& tx, OwnerId owner);
bool knows_issuer(db::Tx& tx, std::string_view issuer);
/// With its tokens' rows.
void remove(db::Tx& tx, PublisherId id);
void set_used(db::Tx& tx, PublisherId id);

void insert_token(db::Tx& tx, TokenId token, PublisherId publisher, Time expires_at);
std::vector<TokenId> tokens_of(db::Tx& tx, PublisherId publisher);
/// Whose time is over, at most `limit`; forgotten with this call.
std::vector<TokenId> take_expired(db::Tx& tx, int limit);

/// Of a purged repository, at most `limit` rows. @return how many.
int forget_repo(db::Tx& tx, RepoId repo, int limit);
/// What a purged owner has or added.
std::vector<PublisherId> about_owner(db::Tx& tx, OwnerId owner);

/// For the test that holds them to their indexes.
std::vector<const db::Statement*> statements();

}  // namespace cairn::publishers::store
