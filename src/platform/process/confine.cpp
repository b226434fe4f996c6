#include "platform/process/confine.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace cairn::process {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "Name the audit architecture of this machine."
#endif

// No way to another machine or process, and none of the calls that escapes begin with. What is not
// listed is harmless for a program without descriptors, network and files.
constexpr std::array refused = {SYS_socket,
                                SYS_socketpair,
                                SYS_connect,
                                SYS_bind,
                                SYS_listen,
                                SYS_accept,
                                SYS_accept4,
                                SYS_ptrace,
                                SYS_process_vm_readv,
                                SYS_process_vm_writev,
                                SYS_kill,
                                SYS_tkill,
                                SYS_mount,
                                SYS_umount2,
                                SYS_pivot_root,
                                SYS_chroot,
                                SYS_unshare,
                                SYS_setns,
                                SYS_bpf,
                                SYS_perf_event_open,
                                SYS_userfaultfd,
                                SYS_keyctl,
                                SYS_add_key,
                                SYS_request_key,
                                SYS_io_uring_setup,
                                SYS_kexec_load,
                                SYS_init_module,
                                SYS_finit_module,
                                SYS_pidfd_open,
                                SYS_pidfd_getfd,
                                SYS_open_by_handle_at};

constexpr sock_filter statement(std::uint16_t code, std::uint32_t value) {
  return {code, 0, 0, value};
}
constexpr sock_filter jump(std::uint16_t code, std::uint32_t value, std::uint8_t if_true,
                           std::uint8_t if_false) {
  return {code, if_true, if_false, value};
}

/// load arch; other: die. load number; x32's range: refuse; each of `refused`: refuse. allow.
constexpr auto make_filter() {
  std::array<sock_filter, 6 + 2 * refused.size() + 1> out{};
  std::size_t at = 0;
  auto refuse = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  out[at++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  out[at++] = jump(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
  out[at++] = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  out[at++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  constexpr std::uint32_t other_abi = 0x40000000;
  out[at++] = jump(BPF_JMP | BPF_JGE | BPF_K, other_abi, 0, 1);
  out[at++] = refuse;
  for (auto call : refused) {
    out[at++] = jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    out[at++] = refuse;
  }
  out[at++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  return out;
}
constexpr auto filter = make_filter();

// Where programs and what they load lie. Nothing else can be opened, the hub's data least of all.
constexpr std::array readable = {"/usr", "/lib", "/lib64", "/etc"};
constexpr std::uint64_t reading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

Failure no_confinement(const char* step) {
  return fail(ErrorCode::unavailable, "ProgramUnavailable",
              "This machine cannot run programs locked down. Ask an administrator.")
      .with("step", step)
      .with("error", std::strerror(errno));
}

bool limit(decltype(RLIMIT_AS) what, std::uint64_t value) {
  rlimit both{value, value};
  return ::setrlimit(what, &both) == 0;
}

}  // namespace

Result<Confined> Confined::prepare(const Confinement& limits, const std::string& program) {
  Confined out(limits);
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // All of the first version.
  int files = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0));
  // Kernels built or started without it: the limits and the missing network remain.
  if (files < 0) return out;
  out.files_ = Descriptor(files);
  auto add = [files](const char* path, std::uint64_t access) {
    Descriptor place(::open(path, O_PATH | O_CLOEXEC));
    if (!place.is_open()) return true;
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = access;
    beneath.parent_fd = place.get();
    return ::syscall(SYS_landlock_add_rule, files, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
  };
  for (const char* folder : readable)
    if (!add(folder, reading)) return no_confinement("landlock");
  if (!add(program.c_str(), LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE))
    return no_confinement("landlock");
  return out;
}

bool Confined::enter() const {
  if (!limit(RLIMIT_AS, limits_.memory_bytes_max) || !limit(RLIMIT_CPU, limits_.cpu_seconds_max) ||
      !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, 64))
    return false;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (files_.is_open() && ::syscall(SYS_landlock_restrict_self, files_.get(), 0) != 0) return false;
  sock_fprog program{static_cast<unsigned short>(filter.size()),
                     const_cast<sock_filter*>(filter.data())};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace cairn::process
