// LaunchPlan: everything that launch and init will do for one container, as a value. Made by plan_create();
// printed by print_plan(), checked by check_invariants(), flattened by encode(). No system call makes one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "harden/harden.h"
#include "kernel/facts.h"
#include "plan/cgroup.h"
#include "plan/mounts.h"
#include "plan/ops.h"
#include "plan/seccomp_program.h"

namespace plan {

// Where the descriptor in a slot comes from. The parent opens all of them and hands them to init, but LocalMount, which
// init makes itself.
struct RootTree {};                                              // open_tree of the root file system
struct BindTree {                                                // open_tree of a path of the host
  std::string source;
  bool recursive = false;
  std::uint64_t attr_set = 0, attr_clear = 0;                    // of the bind itself
  std::uint64_t rec_set = 0, rec_clear = 0;                      // of it and all below ("rro" …)
  bool idmap_container = false;                                  // with the container's own user namespace
  bool idmap_optional = false;                                   // go on without where the file system cannot
  bool idmap_recursive = false;
  std::vector<oci::IdMapping> uid_mappings, gid_mappings;        // with these
  std::uint64_t propagation = 0;
  std::uint64_t must_be_device = 0;                              // refuse anything but this: major << 32 | minor …
  char device_type = 0;                                          // … of this type, 'c' or 'b'
  bool must_be_procfs = false;
};
struct CgroupTree { std::string controller; bool own = true; std::uint64_t attr = 0; };  // "" is v2; own: of this container
struct ParentMount {                                             // fsopen/fsmount by the parent, in the joined namespaces
  std::string fs;
  std::vector<std::string> options;
  std::uint64_t attr = 0;
};
struct LocalMount {};                                            // made by init
struct TasksFile { std::string controller; };                    // v1: the container's tasks file
struct NamespaceFile { std::uint64_t type = 0; std::string path; bool foreign = false; };
struct GateSocket {};                                            // the listening socket of create
struct RootPlace {};                                             // the root's directory, seen from the new mount namespace
struct HookFile { oci::CheckedHook hook; };                      // a hook's program, seen from the runtime
struct ProgramFile { std::string path; };                        // a program of the runtime's own, as a sealed memory file
struct CgroupTasks { std::string directory; };                   // v1: the tasks file of a cgroup that is there already
struct OwnProcess {};                                            // init's own directory in the host's procfs

using FdSource = std::variant<RootTree, BindTree, CgroupTree, ParentMount, LocalMount, TasksFile, NamespaceFile, GateSocket,
                              ProgramFile, RootPlace, HookFile, CgroupTasks, OwnProcess>;

struct FdPlan {
  FdSource source;
  std::string because;
};

struct JoinNamespace {
  std::uint64_t type = 0;
  std::string name, path, because;
  bool foreign = false;  // refuse this process's own
};

using DeniedBinds = harden::DeniedBinds;

// What the clone must know. All else can be planned while the child begins.
struct ClonePlan {
  std::uint64_t clone_flags = 0;         // namespaces that the clone makes
  std::uint64_t unshare_flags = 0;       // those that init makes
  bool new_time_namespace = false;
  std::optional<oci::TimeOffset> monotonic, boottime;
  std::vector<JoinNamespace> joins;
  std::vector<oci::IdMapping> uid_maps, gid_maps;
  CgroupPlan cgroup;
  std::uint32_t preserve_fds = 0;        // 3 … 3+n-1 reach the container
};

struct LaunchPlan : ClonePlan {
  std::string id;
  std::string bundle;                    // absolute
  std::string rootfs;                    // absolute
  std::string policy_name;
  DeniedBinds denied_binds;
  std::uint64_t wall_clock = 0;          // seconds that it may run; 0: without end
  bool idmap_root = false;
  bool root_recursive = true;
  std::uint64_t root_attr = 0;           // MOUNT_ATTR_* of the root while it is built (read-only comes last)
  std::uint64_t root_propagation = 0;    // MS_* of the detached root
  std::optional<std::int32_t> oom_score_adj;
  std::vector<oci::Rlimit> raised_limits;  // those above this process's hard limit, set by the parent
  std::vector<FdPlan> fds;
  std::vector<PlannedMount> mounts;      // what the Attach steps attach, for the fragments that come after
  std::vector<std::pair<std::string, std::string>> cgroup_links;  // path, target
  std::vector<Step> steps;
  SeccompProgram seccomp;
  std::string listener_path, listener_metadata;  // of the seccomp agent, if the filter notifies one
  std::vector<oci::CheckedHook> poststart, poststop;  // for whoever starts and deletes it
  std::vector<std::string> argv, envp;
  Slot gate;                             // the socket of `create`; invalid for `run`
  bool own_pid_namespace = false;
  std::string initial_cpus;              // exec: where the runtime itself runs until it has cloned; empty: where it does
  bool share_core = false;               // exec: the container's cookie of core scheduling
  std::vector<std::string> warnings;     // for stderr
};

struct CreateOptions {
  std::string id;
  std::string bundle;
  bool no_pivot = false;
  bool no_new_keyring = false;
  std::uint32_t preserve_fds = 0;
  bool gate = true;                      // create: wait for `start`; run: the parent says when
  std::string home;                      // of the user, from the root's /etc/passwd; empty: unknown
  std::vector<std::string> extra_env;    // LISTEN_FDS and LISTEN_PID
  std::string program;                   // probe: this file of the host is executed, and not the container's program
  // The seccomp program, compiled or from the cache; empty: plan_create compiles it.
  std::optional<SeccompProgram> seccomp;
};

// Whether init runs any, or waits for one.
bool has_hooks(const LaunchPlan& plan);

// The beginning of the recipe for a new container. Errors: config and unsupported, with a JSON pointer.
base::Result<ClonePlan> plan_clone(const harden::Hardened& hardened, const kernel::Facts& facts, const CreateOptions& options);
// The whole recipe; `clone` is what plan_clone() made of the same. Errors: as above.
base::Result<LaunchPlan> plan_create(ClonePlan clone, const harden::Hardened& hardened, const kernel::Facts& facts,
                                     const CreateOptions& options);
base::Result<LaunchPlan> plan_create(const harden::Hardened& hardened, const kernel::Facts& facts,
                                     const CreateOptions& options);

struct ExecOptions {
  CreateOptions created;            // of the container that is there already
  std::vector<std::string> cgroups;  // directories of its v1 hierarchies, to be joined
  std::string home;                 // as CreateOptions, of the program's user
  std::uint32_t preserve_fds = 0;
  std::optional<SeccompProgram> seccomp;
};

// The recipe for one more program in a container: `hardened` is what harden_exec() made of the request, `container` what
// the container was made of. Errors: as plan_create().
base::Result<LaunchPlan> plan_exec(const harden::Hardened& container, const harden::Hardened& hardened, const kernel::Facts& facts,
                                   const ExecOptions& options);

}  // namespace plan
