#include "hub/imports/lfs_client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

namespace cairn::imports {
namespace {

constexpr std::string_view lfs_type = "application/vnd.git-lfs+json";
constexpr std::size_t batch_bytes_max = 4u << 20;
constexpr int redirects_max = 5;
constexpr std::size_t header_bytes_max = 16u << 10;

struct ActionIn {
  std::string href;
  std::map<std::string, std::string> header;
};
BOOST_DESCRIBE_STRUCT(ActionIn, (), (href, header))
struct ActionsIn {
  std::optional<ActionIn> download;
};
BOOST_DESCRIBE_STRUCT(ActionsIn, (), (download))
struct ObjectIn {
  std::string oid;
  std::optional<bool> authenticated;
  std::optional<ActionsIn> actions;
};
BOOST_DESCRIBE_STRUCT(ObjectIn, (), (oid, authenticated, actions))
struct BatchIn {
  std::vector<ObjectIn> objects;
};
BOOST_DESCRIBE_STRUCT(BatchIn, (), (objects))

Failure unavailable(std::string_view what) {
  return fail(
      ErrorCode::unavailable, "SourceUnavailable",
      "The source does not give its large files: " + std::string(what) + ". Try again later.");
}

/// A stranger's header must stay one header.
bool is_sound(std::string_view text) {
  return text.size() <= header_bytes_max &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Failure disk_failure(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT)
    return fail(ErrorCode::storage_full, "StorageFull",
                "The hub's disk is full. Free some room; the import goes on by itself.");
  return fail(ErrorCode::unavailable, "DiskTrouble",
              "The hub could not keep a large file. Try again later.")
      .with("path", path)
      .with("error", std::strerror(error));
}

/// A file that grows, and the hash of all of it.
class Growing {
 public:
  [[nodiscard]] static Result<Growing> open(const std::string& path) {
    Growing out(path);
    out.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out.descriptor_ < 0) return disk_failure(path, errno);
    std::string piece(1u << 20, '\0');
    for (ssize_t n; (n = ::read(out.descriptor_, piece.data(), piece.size())) > 0;) {
      out.hash_.update({piece.data(), static_cast<std::size_t>(n)});
      out.size_ += static_cast<std::uint64_t>(n);
    }
    return out;
  }
  explicit Growing(std::string path) : path_(std::move(path)) {}
  Growing(Growing&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        hash_(std::move(other.hash_)),
        size_(other.size_) {}
  Growing& operator=(Growing&&) = delete;
  ~Growing() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  Result<> append(std::string_view bytes) {
    hash_.update(bytes);
    while (!bytes.empty()) {
      ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return disk_failure(path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      size_ += static_cast<std::uint64_t>(n);
    }
    return {};
  }
  Result<> restart() {
    if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0)
      return disk_failure(path_, errno);
    (void)hash_.finish();
    size_ = 0;
    return {};
  }
  [[nodiscard]] Sha256Digest finish() { return hash_.finish(); }
  void remove() const { ::unlink(path_.c_str()); }

 private:
  std::string path_;
  int descriptor_ = -1;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

}  // namespace

LfsClient::LfsClient(const http::Outbound& outbound, Source source, std::string authorization,
                     const std::atomic<bool>& stop)
    : outbound_(outbound),
      source_(std::move(source)),
      authorization_(std::move(authorization)),
      stop_(stop) {}

Result<std::vector<Offer>> parse_batch(std::string_view body, const std::vector<lfs::Wanted>& files,
                                       const Source& source, const std::string& authorization) {
  auto batch = parse_json_as<BatchIn>(body);
  if (!batch) return unavailable("its answer is not understood");
  std::map<std::string, const ObjectIn*> by_oid;
  for (const auto& object : batch->objects) by_oid.emplace(object.oid, &object);
  std::vector<Offer> out;
  for (const auto& file : files) {
    Offer offer{file, {}, {}};
    auto found = by_oid.find(file.sha256.hex());
    if (found != by_oid.end() && found->second->actions && found->second->actions->download) {
      const auto& action = *found->second->actions->download;
      offer.url = action.href.starts_with('/') ? source.origin + action.href : action.href;
      for (const auto& [name, value] : action.header)
        if (is_sound(name) && is_sound(value) && !name.contains(':'))
          offer.headers.add(name, value);
      // Bytes at the source itself, behind its own sign-in.
      bool own = offer.url.starts_with(source.origin + "/");
      if (own && !authorization.empty() && !offer.headers.has("Authorization") &&
          !found->second->authenticated.value_or(false))
        offer.headers.add("Authorization", authorization);
    }
    out.push_back(std::move(offer));
  }
  return out;
}

Result<std::vector<Offer>> LfsClient::ask(const std::vector<lfs::Wanted>& files) const {
  json::array objects;
  for (const auto& file : files)
    objects.push_back(json::object{{"oid", file.sha256.hex()}, {"size", file.size_bytes}});
  http::OutboundRequest request;
  request.method = http::Method::post;
  request.url = lfs_url(source_) + "/objects/batch";
  request.headers = {{"Accept", std::string(lfs_type)}, {"Content-Type", std::string(lfs_type)}};
  if (!authorization_.empty()) request.headers.add("Authorization", authorization_);
  request.body = json::serialize(json::object{{"operation", "download"},
                                              {"transfers", json::array{"basic"}},
                                              {"hash_algo", "sha256"},
                                              {"objects", std::move(objects)}});
  request.bytes_max = batch_bytes_max;
  request.stop = &stop_;
  auto answer = outbound_.ask(request);
  if (!answer && answer.error().word == "OutboundFailed") return unavailable("it does not answer");
  if (!answer) return fail(answer.error());
  if (answer->status == 200) return parse_batch(answer->body, files, source_, authorization_);
  if (answer->status == 401 || answer->status == 403)
    return fail(ErrorCode::forbidden, "SourceNeedsToken",
                "The source does not give its large files without a token that may read them.");
  if (answer->status == 404 || answer->status == 501)
    return fail(ErrorCode::unprocessable, "SourceHasNoLfs",
                "The repository names large files, and its server does not keep any (" +
                    lfs_url(source_) + " answers " + std::to_string(answer->status) + ").");
  return unavailable("it answers " + std::to_string(answer->status));
}

Result<> LfsClient::download(const Offer& offer, const std::string& path,
                             const std::function<void(std::uint64_t)>& arrived) const {
  CAIRN_TRY(file, Growing::open(path));
  if (file.size() > offer.file.size_bytes) CAIRN_CHECK(file.restart());
  arrived(file.size());
  if (file.size() < offer.file.size_bytes || offer.file.size_bytes == 0) {
    std::uint64_t from = file.size();
    Result<> written;
    http::OutboundRequest request;
    request.url = offer.url;
    request.headers = offer.headers;
    request.headers.set("Accept", "*/*");
    if (from > 0) request.headers.set("Range", "bytes=" + std::to_string(from) + "-");
    request.redirects_max = redirects_max;
    request.stop = &stop_;
    bool begun = false;
    request.take = [&](int status, std::string_view bytes) {
      // A server that knows no ranges sends all of it.
      if (!begun && from > 0 && status != 206) written = file.restart();
      begun = true;
      if (written && file.size() + bytes.size() <= offer.file.size_bytes)
        written = file.append(bytes);
      else if (written)
        written = std::unexpected(
            fail(ErrorCode::unprocessable, "SourceSentOther", "More bytes than named.").error());
      if (written) arrived(file.size());
      return written.has_value();
    };
    auto answer = outbound_.ask(request);
    if (!written && written.error().word != "SourceSentOther") return written;
    if (written && !answer && answer.error().word != "OutboundFailed") return fail(answer.error());
    if (written && !answer) return unavailable("the connection broke");
    if (written && answer->status / 100 != 2)
      return unavailable("it answers " + std::to_string(answer->status));
  }
  if (file.size() == offer.file.size_bytes && file.finish() == offer.file.sha256) return {};
  bool broken_off = file.size() < offer.file.size_bytes;
  if (broken_off) return unavailable("a large file broke off");
  file.remove();
  return fail(ErrorCode::unprocessable, "SourceSentOther",
              "The source sends other bytes than it names for the large file " +
                  offer.file.sha256.hex() + ".");
}

}  // namespace cairn::imports
