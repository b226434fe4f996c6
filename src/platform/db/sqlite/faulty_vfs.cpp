#include "platform/db/sqlite/faulty_vfs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <stdexcept>

#include <sqlite3.h>

#include "platform/db/sqlite/faulty_record.h"

namespace cairn::db::sqlite {

using Fault = FaultyVfs::Fault;

struct FaultyState {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  FaultyRecord record;

  bool strikes(std::initializer_list<Fault> kinds) {
    std::lock_guard lock(mutex);
    if (std::ranges::find(kinds, fault) == kinds.end()) return false;
    return per_mille >= 1000 || static_cast<int>(random() % 1000) < per_mille;
  }
  void set(Fault next, int chance, std::uint64_t seed) {
    std::lock_guard lock(mutex);
    fault = next;
    per_mille = chance;
    random.seed(seed);
  }

 private:
  std::mutex mutex;
  Fault fault = Fault::none;
  int per_mille = 1000;
  std::mt19937_64 random;
};

namespace {

/// SQLite gives the memory, szOsFile bytes, and the real file's follows this. No constructor runs.
struct File {
  sqlite3_file base;
  FaultyState* state;
  std::string* name;  ///< Null for temporary files, which are not recorded.

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& file_of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}
const sqlite3_io_methods& real_of(sqlite3_file* file) {
  return *file_of(file).real()->pMethods;
}
FaultyState& state_of(sqlite3_vfs* vfs) {
  return *static_cast<FaultyState*>(vfs->pAppData);
}

std::string base_name(const char* path) {
  return std::filesystem::path(path).filename().string();
}

std::string read_whole(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int close_file(sqlite3_file* file) {
  delete file_of(file).name;
  return real_of(file).xClose(file_of(file).real());
}

int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  if (file_of(file).state->strikes({Fault::all_gone})) return SQLITE_IOERR_READ;
  return real_of(file).xRead(file_of(file).real(), out, size, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& f = file_of(file);
  if (f.state->strikes({Fault::disk_full})) return SQLITE_FULL;
  if (f.state->strikes({Fault::write_error, Fault::all_gone})) return SQLITE_IOERR_WRITE;
  int code = real_of(file).xWrite(f.real(), bytes, size, offset);
  if (code == SQLITE_OK && f.name)
    f.state->record.wrote(*f.name, offset,
                          {static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  return code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  File& f = file_of(file);
  if (f.state->strikes({Fault::write_error, Fault::all_gone})) return SQLITE_IOERR_TRUNCATE;
  int code = real_of(file).xTruncate(f.real(), size);
  if (code == SQLITE_OK && f.name) f.state->record.truncated(*f.name, size);
  return code;
}

int sync_file(sqlite3_file* file, int flags) {
  File& f = file_of(file);
  bool fails = f.state->strikes({Fault::sync_error, Fault::all_gone});
  int code = fails ? SQLITE_IOERR_FSYNC : real_of(file).xSync(f.real(), flags);
  if (f.name) f.state->record.synced(*f.name, code == SQLITE_OK);
  return code;
}

// What follows has neither faults nor a record.
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file).xFileSize(file_of(file).real(), size);
}
int lock_file(sqlite3_file* file, int kind) {
  return real_of(file).xLock(file_of(file).real(), kind);
}
int unlock_file(sqlite3_file* file, int kind) {
  return real_of(file).xUnlock(file_of(file).real(), kind);
}
int check_reserved(sqlite3_file* file, int* out) {
  return real_of(file).xCheckReservedLock(file_of(file).real(), out);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
  return real_of(file).xFileControl(file_of(file).real(), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return real_of(file).xSectorSize(file_of(file).real());
}
int characteristics(sqlite3_file* file) {
  return real_of(file).xDeviceCharacteristics(file_of(file).real());
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real_of(file).xShmMap(file_of(file).real(), page, size, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file).xShmLock(file_of(file).real(), offset, count, flags);
}
void shared_barrier(sqlite3_file* file) {
  real_of(file).xShmBarrier(file_of(file).real());
}
int unmap_shared(sqlite3_file* file, int remove) {
  return real_of(file).xShmUnmap(file_of(file).real(), remove);
}

// Version 2: with shared memory for WAL, without memory-mapped reads and writes, which would pass
// by the record.
constexpr sqlite3_io_methods methods{2,
                                     close_file,
                                     read_file,
                                     write_file,
                                     truncate_file,
                                     sync_file,
                                     file_size,
                                     lock_file,
                                     unlock_file,
                                     check_reserved,
                                     control_file,
                                     sector_size,
                                     characteristics,
                                     map_shared,
                                     lock_shared,
                                     shared_barrier,
                                     unmap_shared,
                                     nullptr,
                                     nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags, int* out_flags) {
  FaultyState& state = state_of(vfs);
  File& file = file_of(out);
  file.base.pMethods = nullptr;
  if (state.strikes({Fault::all_gone})) return SQLITE_CANTOPEN;
  constexpr int recorded = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  bool records = path && (flags & recorded);
  bool existed = records && std::filesystem::exists(path);
  std::string content = existed ? read_whole(path) : "";
  int code = state.real->xOpen(state.real, path, file.real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  file.base.pMethods = &methods;
  file.state = &state;
  file.name = records ? new std::string(base_name(path)) : nullptr;
  if (records) state.record.begin(*file.name, std::move(content), existed);
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  FaultyState& state = state_of(vfs);
  if (state.strikes({Fault::all_gone})) return SQLITE_IOERR_DELETE;
  int code = state.real->xDelete(state.real, path, sync_folder);
  if (code == SQLITE_OK) state.record.removed(base_name(path), sync_folder != 0);
  return code;
}

/// Everything else is the real VFS's, called with itself as its first argument.
template <auto member>
constexpr auto forward = [](sqlite3_vfs* vfs, auto... arguments) {
  sqlite3_vfs* real = state_of(vfs).real;
  return (real->*member)(real, arguments...);
};

}  // namespace

FaultyVfs::FaultyVfs() : state_(std::make_unique<FaultyState>()) {
  static std::atomic<int> made = 0;
  state_->name = "faulty-" + std::to_string(++made);
  state_->real = sqlite3_vfs_find(nullptr);
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->real->szOsFile;
  vfs.mxPathname = state_->real->mxPathname;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = state_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = remove_file;
  vfs.xAccess = forward<&sqlite3_vfs::xAccess>;
  vfs.xFullPathname = forward<&sqlite3_vfs::xFullPathname>;
  vfs.xRandomness = forward<&sqlite3_vfs::xRandomness>;
  vfs.xSleep = forward<&sqlite3_vfs::xSleep>;
  vfs.xCurrentTime = forward<&sqlite3_vfs::xCurrentTime>;
  vfs.xGetLastError = forward<&sqlite3_vfs::xGetLastError>;
  vfs.xCurrentTimeInt64 = forward<&sqlite3_vfs::xCurrentTimeInt64>;
  if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
    throw std::runtime_error("SQLite did not take the faulty VFS");
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultyVfs::name() const {
  return state_->name;
}

void FaultyVfs::set_fault(Fault fault) {
  state_->set(fault, 1000, 0);
}

void FaultyVfs::set_random_fault(Fault fault, int per_mille, std::uint64_t seed) {
  state_->set(fault, per_mille, seed);
}

std::size_t FaultyVfs::events() const {
  return state_->record.size();
}

Result<> FaultyVfs::lose_power(std::size_t events, std::uint64_t seed,
                               const std::string& folder) const {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  for (const auto& [name, content] : state_->record.after_power_loss(events, seed)) {
    std::ofstream out(std::filesystem::path(folder) / name, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!out.flush())
      return fail(ErrorCode::unavailable, "ReplayFailed", "The folder takes no files: " + folder);
  }
  return {};
}

}  // namespace cairn::db::sqlite
