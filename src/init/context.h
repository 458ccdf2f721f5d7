// What the op functions of init share. Freestanding: no libc, no heap, no exceptions.
// Each op function runs in init: in the container's new namespaces, single-threaded, before exec. It returns
// 0 or a negative errno, and may set Context::detail to say more.
#pragma once

#include <linux/stat.h>

#include <cstddef>
#include <cstdint>

#include "init/protocol.h"
#include "plan/image.h"

namespace init {

struct Context {
  plan::image::View image{};
  int report = -1;              // socket to the parent, later to `start`; CLOEXEC
  int root = -1;                // O_PATH of the container's root, from kPivot on
  std::uint64_t root_mount = 0; // its mount, device (subvolumes of btrfs share a mount) and inode: nothing may be
  std::uint64_t root_device = 0;  // mounted there
  std::uint64_t root_inode = 0;   // 0: not looked at yet
  std::uint64_t begun = 0;      // CLONE_NEW*: namespaces that were made before the image came, …
  long begun_result = 0;        // … and what the kernel said, which is kUnshare's to tell
  std::uint32_t op = kNoOp;     // being executed
  std::uint32_t detail = 0;
  std::uint64_t empty_device = 0; // kVerifyMask: device and inode of the empty directory
  std::uint64_t empty_inode = 0;  // 0: not looked at yet
  bool null_attached = false;   // kMask: the slots' mounts are in the tree, clones are needed from now on
  bool empty_attached = false;
  int ruleset = -1;             // from kLandlockRuleset to kLandlockRestrict
  std::uint64_t cookie = 0;     // of core scheduling: the caller's, from kCoreScheduling on; 0: none
  bool in_cwd = false;          // kChdir has succeeded
  volatile std::uint32_t taken = 0;  // kSeccomp: set from outside once the listener has been taken
  const char* told = nullptr;   // kRunHook: what its failure is about, for a message of its own (protocol.h)
  std::size_t told_size = 0;
  std::uint32_t executable = 0; // string offset of the path that kFindExecutable chose

  const char* text(std::uint32_t offset) const { return image.strings + offset; }
  const std::uint32_t* words(const plan::image::Op& op_) const { return image.words + op_.words; }
  int fd(std::int32_t slot) const { return slot < 0 ? -1 : image.slots[slot]; }
};

inline std::uint64_t wide(const std::uint32_t* words) {
  return static_cast<std::uint64_t>(words[0]) | static_cast<std::uint64_t>(words[1]) << 32;
}

inline std::uint64_t device_of(const struct statx& stat) {
  return static_cast<std::uint64_t>(stat.stx_dev_major) << 32 | stat.stx_dev_minor;
}

// In nanoseconds: the time of the last change, which a write moves on (statx(2)).
inline std::uint64_t changed_of(const struct statx& stat) {
  return static_cast<std::uint64_t>(stat.stx_ctime.tv_sec) * 1'000'000'000 + stat.stx_ctime.tv_nsec;
}

inline const char* last_component(const char* path) {
  const char* name = path;
  for (; *path != '\0'; ++path) {
    if (*path == '/') name = path + 1;
  }
  return name;
}

// Of Linux 6.3, which the headers of 6.1 do not have; PR_SET_MDWE(2const).
constexpr long kSetMdwe = 65;
constexpr long kGetMdwe = 66;
constexpr long kRefuseExecGain = 1;  // PR_MDWE_REFUSE_EXEC_GAIN

// The cookie of the calling thread; 0: none (Documentation/admin-guide/hw-vuln/core-scheduling.rst).
long get_cookie(std::uint64_t& cookie);

void send(const Context& ctx, MessageKind kind, std::int32_t err, std::uint32_t detail);
bool receive(int fd, Message& message);  // false: end of file or error

using OpFunction = long (*)(Context&, const plan::image::Op&);

// mounts.cc
long propagation(Context&, const plan::image::Op&);
long new_mount(Context&, const plan::image::Op&);
long pivot(Context&, const plan::image::Op&);
long attach(Context&, const plan::image::Op&);
long set_attr(Context&, const plan::image::Op&);
long copy_up(int from, int to);  // copyup.cc: the contents of one directory into another
// paths.cc
long node(Context&, const plan::image::Op&);
long symlink(Context&, const plan::image::Op&);
long make_dir(Context&, const plan::image::Op&);
long sysctl(Context&, const plan::image::Op&);
long label(Context&, const plan::image::Op&);
long own_label(Context&, const plan::image::Op&);
long readonly_path(Context&, const plan::image::Op&);
long mask(Context&, const plan::image::Op&);
long write_file(Context&, const plan::image::Op&);  // files.cc
// receive.cc
long take_plan(const Context&);
long take_descriptors(Context&, const plan::image::Op&);
// process.cc
long join_cgroup(Context&, const plan::image::Op&);
long affinity(Context&, const plan::image::Op&);
long keyring(Context&, const plan::image::Op&);
long session(Context&, const plan::image::Op&);
long unshare(Context&, const plan::image::Op&);
long join_mount_ns(Context&, const plan::image::Op&);
long enter_root(Context&, const plan::image::Op&);
long memfd_noexec(Context&, const plan::image::Op&);
long entered(Context&, const plan::image::Op&);
long hostname(Context&, const plan::image::Op&);
long domainname(Context&, const plan::image::Op&);
long loopback(Context&, const plan::image::Op&);
long rlimit(Context&, const plan::image::Op&);
long scheduler(Context&, const plan::image::Op&);
long io_priority(Context&, const plan::image::Op&);
long personality(Context&, const plan::image::Op&);
long own_stdio(Context&, const plan::image::Op&);
long set_umask(Context&, const plan::image::Op&);
long change_dir(Context&, const plan::image::Op&);
long blackhole(Context&, const plan::image::Op&);  // routes.cc
// identity.cc
long setup_identity(Context&, const plan::image::Op&);
long bounding(Context&, const plan::image::Op&);
long identity(Context&, const plan::image::Op&);
long capabilities(Context&, const plan::image::Op&);
long no_new_privs(Context&, const plan::image::Op&);
long deny_write_execute(Context&, const plan::image::Op&);
long core_scheduling(Context&, const plan::image::Op&);
long speculation(Context&, const plan::image::Op&);
long not_dumpable(Context&, const plan::image::Op&);
// verify.cc
long verify_identity(Context&, const plan::image::Op&);
long verify_caps(Context&, const plan::image::Op&);
long verify_no_new_privs(Context&, const plan::image::Op&);
long verify_locks(Context&, const plan::image::Op&);
long verify_mount(Context&, const plan::image::Op&);
long verify_mask(Context&, const plan::image::Op&);
long verify_program(Context&, const plan::image::Op&);  // start.cc
long verify_cwd(Context&, const plan::image::Op&);
// hooks.cc
long place_root(Context&, const plan::image::Op&);
long runtime_hook(Context&, const plan::image::Op&);
long run_hook(Context&, const plan::image::Op&);
// landlock.cc
long landlock_ruleset(Context&, const plan::image::Op&);
long landlock_path(Context&, const plan::image::Op&);
long landlock_port(Context&, const plan::image::Op&);
long landlock_open(Context&, const plan::image::Op&);
long landlock_restrict(Context&, const plan::image::Op&);
long verify_landlock(Context&, const plan::image::Op&);
// start.cc
long find_executable(Context&, const plan::image::Op&);
long ready(Context&, const plan::image::Op&);
long close_fds(Context&, const plan::image::Op&);
long seccomp(Context&, const plan::image::Op&);
long exec(Context&, const plan::image::Op&);

}  // namespace init
