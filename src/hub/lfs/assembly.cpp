#include "hub/lfs/assembly.h"

namespace cairn::lfs {

bool Assembly::begin_part(int number) {
  std::lock_guard lock(mutex_);
  if (completing_) return false;
  // Said before the part replaces its elder: afterwards a hash of the elder could be believed.
  if (durable_.contains(number) || arriving_.contains(number)) dirty_ = true;
  arriving_.insert(number);
  return true;
}

void Assembly::end_part(int number, bool durable) {
  std::lock_guard lock(mutex_);
  arriving_.erase(arriving_.find(number));
  if (durable) durable_.insert(number);
}

void Assembly::advance(storage::Multipart& parts, std::uint64_t budget_bytes) {
  std::uint64_t hashed_bytes = 0;
  auto hash = [&](std::string_view bytes) -> Result<> {
    hashed_bytes += bytes.size();
    hasher_.update(bytes);
    return {};
  };
  std::unique_lock lock(mutex_);
  if (advancing_) return;
  while (!dirty_ && !completing_ && durable_.contains(next_) && hashed_bytes < budget_bytes) {
    advancing_ = true;
    int number = next_;
    lock.unlock();
    auto read = parts.read_part(number, hash);
    lock.lock();
    advancing_ = false;
    if (read)
      ++next_;
    else
      dirty_ = true;
  }
}

bool Assembly::begin_completion() {
  std::lock_guard lock(mutex_);
  if (completing_ || advancing_ || !arriving_.empty()) return false;
  completing_ = true;
  if (dirty_) {
    hasher_ = Sha256();
    next_ = 1;
  }
  return true;
}

Result<bool> Assembly::step(storage::Multipart& parts, int count) {
  if (next_ > count) return true;
  auto hash = [this](std::string_view bytes) -> Result<> {
    hasher_.update(bytes);
    return {};
  };
  CAIRN_CHECK(parts.read_part(next_, hash));
  return ++next_ > count;
}

Sha256Digest Assembly::finish() {
  return hasher_.finish();
}

void Assembly::end_completion() {
  std::lock_guard lock(mutex_);
  completing_ = false;
  dirty_ = true;
}

std::shared_ptr<Assembly> Assemblies::open(const PublicId& id, bool dirty) {
  std::lock_guard lock(mutex_);
  if (auto known = known_.find(id); known != known_.end()) return known->second;
  if (known_.size() >= kept_max) {
    // Only what nobody uses: a part that is arriving must be seen by the completion.
    auto idle = std::ranges::find_if(
        known_, [](const auto& entry) { return entry.second.use_count() == 1; });
    if (idle != known_.end()) known_.erase(idle);
  }
  return known_.emplace(id, std::make_shared<Assembly>(dirty)).first->second;
}

std::shared_ptr<Assembly> Assemblies::find(const PublicId& id) {
  std::lock_guard lock(mutex_);
  auto known = known_.find(id);
  return known == known_.end() ? nullptr : known->second;
}

void Assemblies::forget(const PublicId& id) {
  std::lock_guard lock(mutex_);
  known_.erase(id);
}

}  // namespace cairn::lfs
