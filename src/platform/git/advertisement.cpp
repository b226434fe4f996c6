#include "platform/git/advertisement.h"

#include <algorithm>
#include <functional>

#include "platform/git/pkt_line.h"

namespace cairn::git {
namespace {

/// Prefixes of names, none of which begins with another: so at most one can fit a name, and it is
/// the greatest that is not above it. (A client may send tens of thousands.)
class Prefixes {
 public:
  explicit Prefixes(std::vector<std::string> list) : all_(list.empty()) {
    std::ranges::sort(list);
    for (auto& prefix : list)
      if (kept_.empty() || !prefix.starts_with(kept_.back())) kept_.push_back(std::move(prefix));
  }
  [[nodiscard]] bool match(std::string_view name) const {
    if (all_) return true;
    auto above = std::ranges::upper_bound(kept_, name, std::less<std::string_view>{});
    return above != kept_.begin() && name.starts_with(*std::prev(above));
  }

 private:
  bool all_;
  std::vector<std::string> kept_;
};

}  // namespace

const AdvertisedRef* RefView::head() const {
  auto found = std::ranges::lower_bound(refs, head_ref, {}, &AdvertisedRef::name);
  return found != refs.end() && found->name == head_ref ? &*found : nullptr;
}

std::string encode_upload_advertisement(const RefView& view, Protocol protocol,
                                        std::string_view agent) {
  std::string capabilities =
      "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not "
      "deepen-relative no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want "
      "allow-reachable-sha1-in-want no-done ";
  const auto* head = view.head();
  if (head) capabilities += "symref=HEAD:" + view.head_ref + " ";
  capabilities += "filter object-format=sha1 agent=" + std::string(agent);

  std::string out;
  out.reserve(view.refs.size() * 80 + 512);
  if (protocol == Protocol::v1) append_pkt_line(out, "version 1");
  // The capabilities stand behind the first line, whichever that is.
  auto line = [&](const Oid& oid, std::string_view name) {
    std::string text = oid.hex();
    text += ' ';
    text += name;
    if (!capabilities.empty()) {
      text += '\0';
      text += capabilities;
      capabilities.clear();
    }
    append_pkt_line(out, text);
  };
  if (head) line(head->oid, "HEAD");
  for (const auto& ref : view.refs) {
    line(ref.oid, ref.name);
    if (ref.peeled) line(*ref.peeled, ref.name + "^{}");
  }
  if (!capabilities.empty()) line(Oid{}, "capabilities^{}");
  append_flush(out);
  return out;
}

std::string encode_capabilities_v2(std::string_view agent) {
  std::string out;
  append_pkt_line(out, "version 2");
  append_pkt_line(out, "agent=" + std::string(agent));
  append_pkt_line(out, "ls-refs=unborn");
  append_pkt_line(out, "fetch=shallow wait-for-done filter");
  append_pkt_line(out, "object-format=sha1");
  append_flush(out);
  return out;
}

std::string encode_ls_refs(const RefView& view, const LsRefsRequest& request) {
  Prefixes prefixes(request.prefixes);
  std::string out;
  out.reserve(request.prefixes.empty() ? view.refs.size() * 72 + 128 : 4096);
  if (prefixes.match("HEAD")) {
    const auto* head = view.head();
    std::string target = request.symrefs ? " symref-target:" + view.head_ref : "";
    if (head)
      append_pkt_line(out, head->oid.hex() + " HEAD" + target);
    else if (request.unborn && request.symrefs)
      append_pkt_line(out, "unborn HEAD" + target);
  }
  for (const auto& ref : view.refs) {
    if (!prefixes.match(ref.name)) continue;
    std::string line = ref.oid.hex();
    line += ' ';
    line += ref.name;
    if (request.peel && ref.peeled) line += " peeled:" + ref.peeled->hex();
    append_pkt_line(out, line);
  }
  append_flush(out);
  return out;
}

}  // namespace cairn::git
