#include "kernel/probe.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "kernel/cgroup_layout.h"
#include "kernel/file.h"
#include "kernel/raw.h"

namespace kernel {
namespace {

void probe_release(Facts& facts) {
  utsname name{};
  if (::uname(&name) != 0) return;
  facts.kernel_release = name.release;
  const char* end = name.release + std::strlen(name.release);
  const auto [after, error] = std::from_chars(name.release, end, facts.kernel_major);
  if (error == std::errc{} && after != end && *after == '.') std::from_chars(after + 1, end, facts.kernel_minor);
}

void probe_capabilities(Facts& facts) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) == 0) {
    facts.effective_caps = static_cast<std::uint64_t>(data[1].effective) << 32 | data[0].effective;
  }
  // The highest capability there is: prctl(2) says EINVAL for the next one.
  facts.cap_last_cap = 63;
  for (int cap = CAP_LAST_CAP; cap < 64; ++cap) {
    if (::prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0) continue;
    facts.cap_last_cap = cap - 1;
    break;
  }
  while (facts.cap_last_cap >= 0 && ::prctl(PR_CAPBSET_READ, facts.cap_last_cap, 0, 0, 0) < 0) --facts.cap_last_cap;
}

bool has_supported_idmap(long magic, std::uint32_t version) {
  struct Row {
    long magic;
    std::uint32_t since;  // major << 16 | minor
  };
  constexpr auto v = [](std::uint32_t major, std::uint32_t minor) { return major << 16 | minor; };
  // mount_setattr(2) lists the file systems and their versions. overlayfs can have idmapped layers, but a mount of it
  // cannot be idmapped.
  constexpr Row kRows[] = {
      {EXT4_SUPER_MAGIC, v(5, 12)},  {XFS_SUPER_MAGIC, v(5, 12)},      {MSDOS_SUPER_MAGIC, v(5, 12)},
      {BTRFS_SUPER_MAGIC, v(5, 15)}, {F2FS_SUPER_MAGIC, v(5, 18)},     {EROFS_SUPER_MAGIC_V1, v(5, 19)},
      {SQUASHFS_MAGIC, v(6, 2)},     {TMPFS_MAGIC, v(6, 3)},           {CEPH_SUPER_MAGIC, v(6, 7)},
  };
  for (const auto& row : kRows) {
    if (row.magic == magic) return version >= row.since;
  }
  return false;
}

// landlock_create_ruleset(2): ENOSYS and EOPNOTSUPP say that there is none.
int probe_landlock() {
  constexpr unsigned kAskForVersion = 1;
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

}  // namespace

base::Result<Facts> probe_facts(bool lsm) {
  Facts facts;
  probe_release(facts);
  probe_capabilities(facts);
  facts.euid = ::geteuid();
  facts.landlock_abi = probe_landlock();
  facts.has_kcore = ::access("/proc/kcore", F_OK) == 0;
  struct stat userns {};
  constexpr ino_t kInitialUserNamespace = 0xEFFFFFFDU;  // PROC_USER_INIT_INO, <linux/proc_ns.h>
  facts.in_initial_user_namespace = ::stat("/proc/self/ns/user", &userns) == 0 && userns.st_ino == kInitialUserNamespace;
  const auto max_userns = read_file_at(AT_FDCWD, "/proc/sys/user/max_user_namespaces", 64);
  facts.userns_available = max_userns.has_value() && !max_userns->starts_with("0");
  if (lsm) {
    const auto enabled = read_file_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 64);
    facts.apparmor = enabled.has_value() && enabled->starts_with("Y");
    struct statfs fs {};
    facts.selinux = ::statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
  }
  facts.cgroup = TRY(probe_cgroup_layout());
  return facts;
}

bool may_be_idmapped(int fd, const Facts& facts) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && has_supported_idmap(fs.f_type, facts.kernel_major << 16 | facts.kernel_minor);
}

bool has_ipv6() {
  const base::UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return static_cast<bool>(socket);
}

}  // namespace kernel
