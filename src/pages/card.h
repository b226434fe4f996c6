#pragma once
#include "pages/visit.h"

namespace cairn::pages {

/// A Markdown file of a repository, rendered for the revision and folder that are shown.
/// Null when there is none, or it is none that can be rendered (a large file, a link).
Task<render::DocumentRef> render_file(Visit& visit, repo::RepoRef repo, std::string revision,
                                      std::string path);

/// The same as it stands on the page: links lead somewhere.
[[nodiscard]] std::string placed(const Services& services, const render::Document& document,
                                 RepoKind kind, std::string_view name, std::string_view revision);

/// Links to the public hub that name a repository which is here, and which the viewer may see, lead
/// here; what they said is their title. @param html  as hub/render writes it.
Task<std::string> with_links_home(Visit& visit, std::string html);

/// The first words of a document, short enough for a head.
[[nodiscard]] std::string short_summary(const render::Document& document);

[[nodiscard]] render::Pictures pictures_of(const settings::Values& rules);

}  // namespace cairn::pages
