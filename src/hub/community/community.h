#pragma once
#include <vector>

#include "hub/community/activity.h"
#include "hub/community/discussions.h"
#include "hub/community/likes.h"
#include "hub/community/people.h"
#include "hub/community/requests.h"

/// What people do around repositories: discussions and pull requests, likes, requests for access;
/// how they and what happened show to others.
namespace cairn::community {

[[nodiscard]] std::vector<db::Migration> community_migrations();

/// The parts, built together. Rows of a repository go when `repos` purges it.
struct Community {
  Community(db::Database& database, history::History& history, repo::Repos& repos,
            repo::Commits& commits, Blocking& blocking, const Keyring& keyring,
            const mail::Mail& mail, const settings::Settings& settings, std::string public_url);

  Discussions discussions;
  Likes likes;
  AccessMail access_mail;
  Requests requests;
  People people;
  ActivityFeed activity;
};

}  // namespace cairn::community
