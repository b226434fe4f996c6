#pragma once
#include <cerrno>
#include <ctime>

#include <signal.h>

namespace cairn::process {

/// Writing to a program that closed its input raises SIGPIPE, which would end the server unless it
/// is ignored; this module does not rely on that. Blocks it for the thread, and eats the one that
/// came.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;
  ~SigpipeBlocked() {
    if (::sigismember(&before_, SIGPIPE)) return;
    timespec at_once{};
    while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
};

}  // namespace cairn::process
