// The operations that make a process a container: what a recipe lists, explain prints, the invariants check
// and init executes. One small struct each; image.h says how each is laid out for init.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "oci/spec.h"
#include "oci/write.h"
#include "policy/prefix.h"

namespace plan {

// Index into LaunchPlan::fds.
struct Slot {
  int index = -1;
  bool valid() const { return index >= 0; }
};

struct JoinCgroup { Slot tasks; std::string controller; };
struct Affinity { std::string cpus; };  // a list; empty: all that the kernel leaves
struct TakeDescriptors {};
struct SetupIdentity { std::uint32_t uid = 0, gid = 0; };
struct Keyring {};
struct Session {};
struct Unshare { std::uint64_t flags = 0; };
struct JoinMountNamespace { Slot ns; };
struct EnterRoot {};  // of a container that is there already
struct MemfdNoexec {};
struct Entered {};
struct Hostname { std::string name; };
struct Domainname { std::string name; };
struct Loopback {};
struct Blackhole { std::vector<policy::Prefix> prefixes; };
struct Propagation { std::string path; std::uint64_t type = 0; bool recursive = true; };
// A new instance of a file system, detached; `options` as fsconfig(2) takes them, "key" or "key=value".
struct NewMount { Slot mount; std::string fs; std::vector<std::string> options; std::uint64_t attr = 0; };
// The root, where it lies on the host, in the container's mount namespace: all that is mounted is seen there until the pivot.
struct PlaceRoot { Slot root, place; };
// Told to the parent, which runs it, and waited for.
struct RuntimeHook { oci::CheckedHook hook; };
// Run by init: the slot's program, or, without one, what lies at its path in the root. What it is told is put around the pid
// that init has.
struct RunHook {
  oci::CheckedHook hook;
  Slot program;
  oci::HookStateParts state;
  bool confined = false;  // by the filter
  std::uint32_t filter_flags = 0;
  bool by_path = false;   // as Exec
  std::uint64_t device = 0, inode = 0, changed = 0;  // of what was hashed, as harden::HashedFile; inode 0: nothing was
};
struct Pivot { Slot root; bool use_chroot = false; };
struct Attach {
  Slot mount;
  std::string target;
  std::string what;  // for people: "proc", "bind /etc/hosts", …
  bool no_symlinks = false, copy_mode = false, copy_up = false, in_proc = false;
  std::uint64_t attr = 0;  // what the mount carries, for explain and for the invariants
  Slot below;              // fresh_parent() of the target
  bool file = false;       // the mount's root is no directory; only looked at with `below`
};
struct SetPropagation { Slot mount; std::uint64_t type = 0; bool recursive = false; };
struct SetAttr { Slot mount; std::string path; std::uint64_t set = 0, clear = 0; bool recursive = false; };
struct Node { std::string path; std::uint32_t mode = 0; std::uint64_t dev = 0; std::uint32_t uid = 0, gid = 0; Slot below{}; };
struct Symlink { std::string path, target; Slot below{}; };
// A file in the root of a mount that is attached nowhere yet; `text` is never printed.
struct WriteFile { Slot mount; std::string name, text; std::uint32_t mode = 0, uid = 0, gid = 0; };
struct Sysctl { Slot proc; std::string path, value; };
struct Readonly { std::string path; };
struct Mask { std::string path; Slot null, directory; };
struct SetRlimit { oci::Rlimit limit; };
struct SetScheduler { oci::Scheduler scheduler; };
struct SetIoPriority { std::uint32_t value = 0; };
struct SetPersonality { std::uint64_t value = 0; };
struct MakeDir { std::string path; };
struct OwnStdio { std::uint32_t uid = 0; };
struct Label { Slot proc; std::string attribute, value; };
struct OwnLabel { Slot process; std::string attribute, value; };  // by the directory of this very process in the host's procfs
struct Bounding { oci::CapSet set = 0; int last = 40; };
struct Identity { std::uint32_t uid = 0, gid = 0; std::vector<std::uint32_t> groups; };
struct SetCaps { oci::Capabilities caps; std::uint32_t secure_bits = 0; };  // SECBIT_* besides those in force
struct Umask { std::uint32_t mask = 022; };
struct Chdir { std::string path; bool may_fail = false; };
struct FindExecutable { std::vector<std::string> candidates; };
struct NoNewPrivs {};
struct DenyWriteExecute {};
struct CoreScheduling {};
struct Speculation { std::uint32_t controls = 0; };  // 1 << PR_SPEC_*
struct NotDumpable {};
struct VerifyIdentity { std::uint32_t uid = 0, gid = 0; std::vector<std::uint32_t> groups; };
struct VerifyCaps { oci::Capabilities caps; };
struct VerifyNoNewPrivs {};
struct VerifyLocks {
  std::uint32_t secure_bits = 0, speculation = 0;
  bool deny_write_execute = false, core_scheduling = false;
  bool operator==(const VerifyLocks&) const = default;
};
struct VerifyMount { std::string path; std::uint64_t flags = 0; std::uint64_t type = 0; bool may_be_missing = false; };  // ST_*, *_SUPER_MAGIC
struct VerifyMask { std::string path; Slot directory{}; };
// The file at `path`, or, if that is empty, what FindExecutable chose; the rest as harden::HashedFile.
struct VerifyProgram { std::string path, name; std::uint64_t device = 0, inode = 0, changed = 0; };
struct VerifyCwd {};
// landlock(7): a ruleset in the making (`files`, `ports`, `scopes`: what is restricted), what it gives, and the step into it.
struct LandlockRuleset { std::uint64_t files = 0, ports = 0, scopes = 0; };
// On the root of that mount, and below; without a slot, on the mount that is found at `path`.
struct LandlockPath { Slot mount; std::string path; std::uint64_t access = 0; bool literal = false; };  // literal: no link on the way
struct LandlockPort { std::uint16_t port = 0; std::uint64_t access = 0; };
struct LandlockOpen { std::uint32_t count = 3; std::uint64_t access = 0; };  // on the files of descriptors 0 to count-1
struct LandlockRestrict { std::uint32_t flags = 0; };
struct VerifyLandlock {};
struct Ready {};
struct CloseFds { std::uint32_t first = 3; };
struct Seccomp { std::uint32_t flags = 0; std::size_t instructions = 0; };
// `program`: instead of what FindExecutable found, this slot's; by_path: as /proc/self/fd/N, for a filter that allows
// execve(2) alone.
struct Exec { Slot program; bool by_path = false; };

using Op = std::variant<TakeDescriptors, JoinCgroup, Affinity, SetupIdentity, Keyring, Session, Unshare, JoinMountNamespace, EnterRoot, MemfdNoexec, Entered, Hostname, Domainname,
                        Loopback, Blackhole, Propagation, NewMount, PlaceRoot, Pivot, Attach, RuntimeHook, RunHook, SetPropagation, SetAttr, Node, Symlink, WriteFile, Sysctl, Readonly, Mask,
                        SetRlimit, SetScheduler, SetIoPriority, SetPersonality, MakeDir, OwnStdio, Label, OwnLabel, Bounding,
                        Identity, SetCaps, Umask, Chdir, FindExecutable, NoNewPrivs, DenyWriteExecute, CoreScheduling, Speculation, NotDumpable, VerifyIdentity,
                        VerifyCaps, VerifyNoNewPrivs, VerifyLocks, VerifyMount, VerifyMask, VerifyProgram, VerifyCwd,
                        LandlockRuleset, LandlockPath, LandlockPort, LandlockOpen, LandlockRestrict, VerifyLandlock, Ready, CloseFds, Seccomp, Exec>;

// `because`: the place in config.json ("/mounts/3"), the policy's rule, or the reason a runtime always does it.
// Explain prints it and an error cites it.
struct Step {
  Op op;
  std::string because;
  bool ignore_errors = false;  // a failure is a warning
};

}  // namespace plan
