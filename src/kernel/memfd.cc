#include "kernel/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

namespace kernel {

base::Result<base::UniqueFd> sealed_memfd(const char* name, std::string_view content, bool executable) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  base::UniqueFd fd(::memfd_create(name, flags | (executable ? MFD_EXEC : MFD_NOEXEC_SEAL)));
  bool seal_exec = true;
  if (!fd && errno == EINVAL) {  // before Linux 6.3 every memory file is executable
    fd.reset(::memfd_create(name, flags));
    seal_exec = false;
  }
  if (!fd && errno == EACCES) {
    return base::Error::unsupported("executable memory files are forbidden on this host")
        .hint("sysctl vm.memfd_noexec must be 0 or 1 for the runtime");
  }
  if (!fd) return base::Error::system(errno, "memfd_create");
  TRY_IN(std::string("write memory file"), write_all(fd.get(), content));
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | (seal_exec ? F_SEAL_EXEC : 0);
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return base::Error::system(errno, "seal memory file");
  return fd;
}

}  // namespace kernel
