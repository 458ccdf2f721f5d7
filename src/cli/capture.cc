#include "cli/capture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace cli {
namespace {

using base::Error;
using base::UniqueFd;

constexpr std::size_t kMost = 16U << 20;

UniqueFd memory_file(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create(name, MFD_CLOEXEC));  // before Linux 6.3
  return fd;
}

// By another open file: the container's has its own position.
base::Result<std::string> contents(const UniqueFd& file) {
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::pread(file.get(), buffer, sizeof(buffer), static_cast<off_t>(out.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::system(errno, "read memory file");
    if (n == 0) return out;
    if (out.size() > kMost) return Error::state("the program inside the container wrote more than 16 MiB");
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

base::Result<Capture> Capture::start() {
  Capture capture;
  capture.out_ = memory_file("bulkhead-stdout");
  capture.err_ = memory_file("bulkhead-stderr");
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!capture.out_ || !capture.err_) return Error::system(errno, "memfd_create");
  if (!null) return Error::system(errno, "open", "/dev/null");
  const int streams[3] = {null.get(), capture.out_.get(), capture.err_.get()};
  for (int fd = 0; fd < 3; ++fd) {
    capture.saved_[fd].reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!capture.saved_[fd]) return Error::system(errno, "duplicate a standard stream");
    if (::dup2(streams[fd], fd) < 0) return Error::system(errno, "redirect a standard stream");
  }
  return capture;
}

Capture::~Capture() { restore(); }

void Capture::restore() {
  if (!saved_[0] && !saved_[1] && !saved_[2]) return;
  for (int fd = 0; fd < 3; ++fd) {
    if (saved_[fd]) ::dup2(saved_[fd].get(), fd);
    saved_[fd].reset();
  }
  const auto warnings = contents(err_);
  if (warnings) (void)kernel::write_all(STDERR_FILENO, *warnings);  // nobody is left to hear of a failure
}

base::Result<std::string> Capture::output() const { return contents(out_); }

}  // namespace cli
