#include "hub/lfs/inner.h"
#include "hub/lfs/ticket.h"

namespace cairn::lfs {
namespace {

/// Files that one transaction plans: a few milliseconds of the writer's time.
constexpr std::size_t files_per_step = 200;
/// Rows of uploads outlive their URLs, so that a body begun in time can end.
constexpr Duration upload_kept_after_url = hours(24);
/// The slowest client whose URL lasts for a whole file.
constexpr std::uint64_t slow_bytes_per_s = 1 << 20;

Duration url_life(const Options& options, std::uint64_t size_bytes) {
  auto transfer = seconds(static_cast<std::int64_t>(size_bytes / slow_bytes_per_s));
  return std::min(Duration{options.url_life.us + transfer.us}, options.url_life_max);
}

std::uint64_t part_bytes_for(const Options& options, std::uint64_t size_bytes) {
  constexpr std::uint64_t mib = 1 << 20;
  auto least = (size_bytes + storage::Multipart::parts_max - 1) / storage::Multipart::parts_max;
  return std::max(options.part_bytes, (least + mib - 1) / mib * mib);
}

Failure file_too_large(std::uint64_t max) {
  return fail(ErrorCode::too_large, "LfsFileTooLarge",
              "The file is larger than this hub takes (" + std::to_string(max) +
                  " bytes). Split it into smaller files.");
}

struct Planned {
  UploadPlan plan;
  std::optional<Upload> upload;  ///< The row, once there is one.

  [[nodiscard]] bool to_send() const { return !plan.error && !plan.present; }
};

/// One batch of one user.
class Planner {
 public:
  /// @param in_parts_bytes_min  of a file; none: no file goes in parts.
  Planner(Inner& inner, RepoId repo, OwnerId owner, UserId user,
          std::optional<std::uint64_t> in_parts_bytes_min)
      : inner_(inner),
        options_(inner.options),
        repo_(repo),
        owner_(owner),
        user_(user),
        in_parts_bytes_min_(in_parts_bytes_min),
        now_(inner.clock.now()) {}

  Task<Result<std::vector<UploadPlan>>> plan(std::vector<Wanted> files) {
    auto look = [this, &files](db::Tx& tx) -> Result<std::vector<Planned>> {
      std::vector<Planned> planned;
      for (const auto& file : files) planned.push_back(look_at(tx, file));
      return planned;
    };
    CAIRN_CO_TRY(planned, co_await inner_.database.read(look));
    if (std::ranges::any_of(planned, &Planned::to_send)) {
      CAIRN_CO_CHECK(co_await begin_parts(planned));
      auto parts = parts_of(planned);
      CAIRN_CO_CHECK(co_await announce(planned));
      co_await drop_unused(std::move(parts), planned);
    }
    std::vector<UploadPlan> plans;
    for (auto& one : planned) {
      if (one.to_send()) sign(one.plan, *one.upload);
      plans.push_back(std::move(one.plan));
    }
    co_return plans;
  }

 private:
  /// What is to do for a file, without changing anything.
  Planned look_at(db::Tx& tx, const Wanted& file) const {
    Planned planned;
    planned.plan.file = file;
    if (file.size_bytes > options_.file_bytes_max)
      planned.plan.error = file_too_large(options_.file_bytes_max).error();
    else if (!settle_known(tx, planned.plan))
      planned.upload = find_upload(tx, repo_, user_, file.sha256);
    return planned;
  }

  /// Whether the repository has the file: then there is nothing to send, or its size is wrong.
  bool settle_known(db::Tx& tx, UploadPlan& plan) const {
    auto known = linked(tx, repo_, plan.file.sha256);
    if (!known) return false;
    if (known->size_bytes == plan.file.size_bytes)
      plan.present = true;
    else
      plan.error = wrong_size(*known, plan.file.size_bytes).error();
    return true;
  }

  [[nodiscard]] Upload new_upload(const Wanted& file) const {
    return {.public_id = make_public_id(),
            .repo = repo_,
            .owner = owner_,
            .user = user_,
            .sha256 = file.sha256,
            .size_bytes = file.size_bytes,
            .in_parts = {},
            .expires_at = now_ + url_life(options_, file.size_bytes) + upload_kept_after_url};
  }

  /// The store's side of uploads in parts comes before their rows, as with all bytes.
  Task<Result<>> begin_parts(std::vector<Planned>& planned) {
    for (auto& one : planned) {
      if (!one.to_send()) continue;
      bool begun =
          one.upload && one.upload->in_parts && one.upload->size_bytes == one.plan.file.size_bytes;
      auto in_parts = begun ? one.upload->in_parts : std::nullopt;
      one.upload = new_upload(one.plan.file);
      one.upload->in_parts = in_parts;
      auto size = one.plan.file.size_bytes;
      if (begun || !in_parts_bytes_min_ || size < *in_parts_bytes_min_ || size == 0) continue;
      auto begin = [&store = inner_.store, sha256 = one.plan.file.sha256,
                    part_bytes = part_bytes_for(options_, size)]() -> Result<InParts> {
        auto key = storage::make_key("lfs", sha256.hex());
        CAIRN_TRY(parts, store.multipart(key, ""));
        return InParts{key, parts->id(), part_bytes, 1};
      };
      CAIRN_CO_TRY(parts, co_await inner_.blocking.run(begin));
      parts.count = static_cast<int>((size + parts.part_bytes - 1) / parts.part_bytes);
      one.upload->in_parts = parts;
    }
    co_return Result<>{};
  }

  /// Rows for all that is to send, after asking whether it may come.
  Task<Result<>> announce(std::vector<Planned>& planned) {
    auto announce_all = [this, planned](db::Tx& tx) -> Result<std::vector<Planned>> {
      auto out = planned;
      // Others may have linked or begun the same meanwhile, so everything is looked at again.
      if (count_uploads(tx, repo_, user_, options_.pending_max) >= options_.pending_max)
        return too_many_pending();
      for (auto& one : out) {
        if (!one.to_send() || settle_known(tx, one.plan)) continue;
        if (auto admitted = inner_.admit(tx, repo_, owner_, user_, one.plan.file.size_bytes);
            !admitted)
          one.plan.error = std::move(admitted).error();
        else
          one.upload = put_upload(tx, *one.upload);
      }
      return out;
    };
    CAIRN_CO_TRY(announced, co_await inner_.database.write(announce_all));
    planned = std::move(announced);
    co_return Result<>{};
  }

  Failure too_many_pending() const {
    return fail(ErrorCode::rate_limited, "TooManyUploads",
                "You have " + std::to_string(options_.pending_max) +
                    " unfinished uploads in this repository. Finish them, or wait until they "
                    "expire.");
  }

  static std::vector<InParts> parts_of(const std::vector<Planned>& planned) {
    std::vector<InParts> parts;
    for (const auto& one : planned)
      if (one.upload && one.upload->in_parts) parts.push_back(*one.upload->in_parts);
    return parts;
  }

  /// Forgets uploads in parts that were begun for nothing: somebody was faster, or quota said no.
  Task<> drop_unused(std::vector<InParts> begun, const std::vector<Planned>& planned) {
    for (const auto& one : planned)
      if (one.to_send() && one.upload->in_parts)
        std::erase_if(begun,
                      [&](const auto& parts) { return parts.key == one.upload->in_parts->key; });
    for (const auto& parts : begun) {
      auto abort = [&store = inner_.store, parts] {
        // What is left behind is swept when it is old.
        if (auto upload = store.multipart(parts.key, parts.multipart_id)) (void)(*upload)->abort();
      };
      co_await inner_.blocking.run(abort);
    }
  }

  void sign(UploadPlan& plan, const Upload& upload) const {
    Duration life = url_life(options_, plan.file.size_bytes);
    plan.expires_at = now_ + life;
    plan.expires_in_s = life.us / 1'000'000;
    Ticket ticket{.kind = Ticket::Kind::verify,
                  .repo = repo_,
                  .user = user_,
                  .sha256 = plan.file.sha256,
                  .size_bytes = plan.file.size_bytes,
                  .expires_at = plan.expires_at,
                  .part = 0,
                  .upload = upload.public_id};
    auto url_as = [&](Ticket::Kind kind, std::string_view path) {
      ticket.kind = kind;
      return options_.public_url + std::string(path) + seal_ticket(inner_.keyring, ticket);
    };
    plan.verify_url = url_as(Ticket::Kind::verify, verify_path);
    if (!in_parts_bytes_min_ || !upload.in_parts) {
      plan.url = url_as(Ticket::Kind::whole, upload_path);
      return;
    }
    plan.url = url_as(Ticket::Kind::complete, upload_path);
    plan.part_bytes = upload.in_parts->part_bytes;
    for (ticket.part = 1; ticket.part <= upload.in_parts->count; ++ticket.part)
      plan.part_urls.push_back(url_as(Ticket::Kind::part, upload_path));
  }

  Inner& inner_;
  const Options& options_;
  RepoId repo_;
  OwnerId owner_;
  UserId user_;
  std::optional<std::uint64_t> in_parts_bytes_min_;
  Time now_;
};

/// From which size on files go in parts; none: never.
std::optional<std::uint64_t> in_parts_from(const std::vector<Wanted>& files, TakesParts parts,
                                           std::uint64_t large) {
  if (parts == TakesParts::none) return std::nullopt;
  if (parts == TakesParts::each_large) return large;
  // A file without bytes has no parts.
  bool any_large = false, any_empty = false;
  for (const auto& file : files) {
    any_large = any_large || file.size_bytes >= large;
    any_empty = any_empty || file.size_bytes == 0;
  }
  if (!any_large || any_empty) return std::nullopt;
  return 1;
}

}  // namespace

Task<Result<std::vector<UploadPlan>>> Lfs::plan_uploads(RepoId repo, OwnerId owner, UserId user,
                                                        std::vector<Wanted> files,
                                                        TakesParts parts) {
  Planner planner(*inner_, repo, owner, user,
                  in_parts_from(files, parts, inner_->options.multipart_bytes_min));
  std::vector<UploadPlan> plans;
  plans.reserve(files.size());
  for (std::size_t first = 0; first < files.size(); first += files_per_step) {
    auto from = files.begin() + static_cast<std::ptrdiff_t>(first);
    auto count = std::min(files_per_step, files.size() - first);
    std::vector<Wanted> step(from, from + static_cast<std::ptrdiff_t>(count));
    CAIRN_CO_TRY(planned, co_await planner.plan(std::move(step)));
    std::ranges::move(planned, std::back_inserter(plans));
  }
  co_return plans;
}

Task<Result<std::vector<DownloadPlan>>> Lfs::plan_downloads(RepoId repo, UserId user,
                                                            std::vector<Wanted> files) {
  Inner& in = *inner_;
  Time now = in.clock.now();
  auto look = [&](db::Tx& tx) -> Result<std::vector<DownloadPlan>> {
    std::vector<DownloadPlan> plans;
    for (const auto& file : files) {
      DownloadPlan plan{.file = file, .error = {}, .url = {}, .expires_in_s = 0, .expires_at = {}};
      auto known = linked(tx, repo, file.sha256);
      if (!known)
        plan.error = object_not_found(file.sha256).error();
      else if (known->size_bytes != file.size_bytes)
        plan.error = wrong_size(*known, file.size_bytes).error();
      plans.push_back(std::move(plan));
    }
    return plans;
  };
  CAIRN_CO_TRY(plans, co_await in.database.read(look));
  for (auto& plan : plans) {
    if (plan.error) continue;
    Duration life = url_life(in.options, plan.file.size_bytes);
    plan.expires_at = now + life;
    plan.expires_in_s = life.us / 1'000'000;
    Ticket ticket{.kind = Ticket::Kind::download,
                  .repo = repo,
                  .user = user,
                  .sha256 = plan.file.sha256,
                  .size_bytes = plan.file.size_bytes,
                  .expires_at = plan.expires_at,
                  .part = 0,
                  .upload = {}};
    plan.url = in.options.public_url + std::string(download_path) + seal_ticket(in.keyring, ticket);
  }
  co_return plans;
}

}  // namespace cairn::lfs
