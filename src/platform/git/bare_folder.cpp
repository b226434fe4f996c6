#include <algorithm>
#include <cerrno>

#include <sys/stat.h>

#include "platform/git/file.h"
#include "platform/git/git_program.h"
#include "platform/git/path.h"

namespace cairn::git {
namespace {

Result<> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno == EEXIST)
    return fail(ErrorCode::conflict, "FolderExists",
                "The folder " + path + " exists already. Remove it or choose another.");
  return disk_error("create", path, errno);
}

Result<> place(const std::string& folder, const FolderPack& pack) {
  auto base = [&](const Sha1Digest& checksum) {
    return folder + "/objects/pack/pack-" + checksum.hex();
  };
  if (auto* file = std::get_if<PackFile>(&pack)) {
    if (!file->pack_path.ends_with(".pack"))
      return fail(ErrorCode::invalid_argument, "InvalidPackPath", "A pack's name ends in .pack.");
    auto idx = file->pack_path.substr(0, file->pack_path.size() - 5) + ".idx";
    CAIRN_CHECK(link_or_copy(file->pack_path, base(file->checksum) + ".pack"));
    return link_or_copy(idx, base(file->checksum) + ".idx");
  }
  const auto& memory = *std::get<std::shared_ptr<const InlinePack>>(pack);
  if (!memory.stands_alone())
    return fail(ErrorCode::internal, "PackLeansOnOthers",
                "The pack needs merge_packs before git can read it.");
  auto checksum = memory.checksum();
  CAIRN_CHECK(write_new_file(base(checksum) + ".pack", memory.bytes()));
  return write_new_file(base(checksum) + ".idx", write_idx_v2(memory.index(), checksum));
}

Sha1Digest checksum_of(const FolderPack& pack) {
  if (auto* file = std::get_if<PackFile>(&pack)) return file->checksum;
  return std::get<std::shared_ptr<const InlinePack>>(pack)->checksum();
}

/// One file for all refs: "sorted" lets git search it instead of reading it whole.
std::string packed_refs(std::vector<RefValue> refs) {
  std::sort(refs.begin(), refs.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string out = "# pack-refs with: sorted \n";
  for (const auto& ref : refs) out += ref.oid.hex() + " " + ref.name + "\n";
  return out;
}

}  // namespace

Result<> make_bare_folder(const std::string& folder, const BareFolder& content) {
  // Every name here becomes a line of a file that git reads, so none is taken on trust.
  CAIRN_CHECK(check_ref_name(content.head_ref));
  for (const auto& ref : content.refs) CAIRN_CHECK(check_ref_name(ref.name));
  CAIRN_CHECK(make_folder(folder));
  for (const char* inner :
       {"/objects", "/objects/pack", "/objects/info", "/refs", "/refs/heads", "/refs/tags"})
    CAIRN_CHECK(make_folder(folder + inner));
  CAIRN_CHECK(write_new_file(folder + "/config",
                             "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
                             "\tbare = true\n"));
  CAIRN_CHECK(write_new_file(folder + "/HEAD", "ref: " + content.head_ref + "\n"));
  CAIRN_CHECK(write_new_file(folder + "/packed-refs", packed_refs(content.refs)));
  // The same bytes may come twice (two rows of equal content): one file holds them.
  std::set<Sha1Digest> placed;
  for (const auto& pack : content.packs)
    if (placed.insert(checksum_of(pack)).second) CAIRN_CHECK(place(folder, pack));
  for (const auto& file : content.extra) {
    struct stat there{};
    if (::stat((folder + file.to).c_str(), &there) == 0) continue;
    CAIRN_CHECK(link_or_copy(file.from, folder + file.to));
  }
  return {};
}

}  // namespace cairn::git
