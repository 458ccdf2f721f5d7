// One line for each operation.

#include <linux/mount.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/mount.h>

#include <utility>

#include "base/text.h"
#include "kernel/landlock.h"
#include "oci/names.h"
#include "plan/print.h"
#include "policy/secure_bits.h"

namespace plan {
namespace {

using base::cat;
namespace ll = kernel::landlock;

std::string attributes(std::uint64_t attr) {
  std::vector<std::string> out;
  if ((attr & MOUNT_ATTR_RDONLY) != 0) out.emplace_back("ro");
  if ((attr & MOUNT_ATTR_NOSUID) != 0) out.emplace_back("nosuid");
  if ((attr & MOUNT_ATTR_NODEV) != 0) out.emplace_back("nodev");
  if ((attr & MOUNT_ATTR_NOEXEC) != 0) out.emplace_back("noexec");
  if ((attr & MOUNT_ATTR_NOSYMFOLLOW) != 0) out.emplace_back("nosymfollow");
  return base::join(out, ",");
}

std::string after_space(const std::string& text) { return text.empty() ? "" : " " + text; }

std::string propagation_name(std::uint64_t type, bool recursive) {
  const char* name = type == MS_SHARED ? "shared" : type == MS_SLAVE ? "slave" : type == MS_PRIVATE ? "private" : "unbindable";
  return cat(recursive ? "r" : "", name);
}

std::string octal(std::uint32_t value) {
  std::string out;
  for (; value != 0; value /= 8) out.insert(out.begin(), static_cast<char>('0' + value % 8));
  return "0" + out;
}

std::string numbers(const std::vector<std::uint32_t>& list) {
  std::vector<std::string> out;
  for (const auto value : list) out.push_back(std::to_string(value));
  return "[" + base::join(out, ",") + "]";
}

std::string prefixes(const std::vector<policy::Prefix>& list) {
  std::vector<std::string> out;
  for (const auto& prefix : list) out.push_back(policy::prefix_text(prefix));
  return base::join(out, " ");
}

std::string cap_set(oci::CapSet set) {
  const auto names = oci::capability_list(set);
  return names.empty() ? "none" : base::join(names, ",");
}

std::string cap_sets(const oci::Capabilities& c) {
  if (c.effective == 0 && c.permitted == 0 && c.inheritable == 0 && c.ambient == 0) return "none";
  return cat("effective ", cap_set(c.effective), " permitted ", cap_set(c.permitted), " inheritable ",
             cap_set(c.inheritable), " ambient ", cap_set(c.ambient));
}

std::string secure_bit_names(std::uint32_t bits) {
  std::vector<std::string> out;
  for (const auto& bit : policy::kSecureBits) {
    if ((bits & bit.bits) == bit.bits) out.emplace_back(bit.name);
  }
  return out.empty() ? "" : cat("locked ", base::join(out, ","));
}

std::string speculation_names(std::uint32_t controls) {
  return cat((controls & 1U << PR_SPEC_STORE_BYPASS) != 0 ? " store-bypass" : "",
             (controls & 1U << PR_SPEC_INDIRECT_BRANCH) != 0 ? " indirect-branch" : "");
}

std::string limit(std::uint64_t value) { return value == ~0ULL ? "unlimited" : std::to_string(value); }

std::string source_of(const LaunchPlan& plan, Slot slot) {
  if (!slot.valid() || static_cast<std::size_t>(slot.index) >= plan.fds.size()) return "";
  if (const auto* bind = std::get_if<BindTree>(&plan.fds[static_cast<std::size_t>(slot.index)].source)) {
    return cat(bind->idmap_container || !bind->uid_mappings.empty() ? " idmapped" : "", bind->rec_set != 0 ? " recursive" : "");
  }
  return "";
}

struct RightName {
  std::uint64_t bits;
  const char* name;
};
constexpr std::uint64_t kChanges = ll::kWriteFile | ll::kRemoveDir | ll::kRemoveFile | ll::kMakeDir | ll::kMakeReg |
                                   ll::kMakeSock | ll::kMakeFifo | ll::kMakeSym | ll::kRefer;
constexpr RightName kFileRights[] = {
    {ll::kReadFile | ll::kReadDir, "read"}, {ll::kExecute, "execute"}, {kChanges, "change"}, {ll::kWriteFile, "write"},
    {ll::kTruncate, "truncate"}, {ll::kMakeChar | ll::kMakeBlock, "nodes"}, {ll::kIoctlDev, "ioctl"}, {ll::kReadFile, "read"},
};
constexpr RightName kPortRights[] = {{ll::kBindTcp, "bind"}, {ll::kConnectTcp, "connect"}};
constexpr RightName kScopes[] = {{ll::kScopeSignal, "signal"}, {ll::kScopeAbstractSocket, "abstract-unix-socket"}};

template <std::size_t N>
std::string words_of(std::uint64_t set, const RightName (&names)[N]) {
  std::vector<std::string> out;
  for (const auto& [bits, name] : names) {
    if ((set & bits) != bits) continue;
    out.emplace_back(name);
    set &= ~bits;
  }
  if (set != 0) out.push_back(cat("rights ", set));
  return base::join(out, ",");
}

std::string titled(const char* title, const std::string& words) { return words.empty() ? "" : cat("; ", title, " ", words); }

struct Describer {
  const LaunchPlan& plan;

  StepText operator()(const TakeDescriptors&) const { return {"descriptors", "take from the parent"}; }
  StepText operator()(const EnterRoot&) const { return {"root", "of the container"}; }
  StepText operator()(const OwnLabel& o) const { return {"label", cat(o.attribute, " ", base::escape(o.value))}; }
  StepText operator()(const JoinCgroup& o) const { return {"cgroup", cat("join ", o.controller)}; }
  StepText operator()(const Affinity& o) const { return {"affinity", o.cpus.empty() ? "all CPUs" : "CPUs " + o.cpus}; }
  StepText operator()(const SetupIdentity& o) const { return {"user-namespace", cat("become ", o.uid, ":", o.gid)}; }
  StepText operator()(const Keyring&) const { return {"keyring", "new session keyring"}; }
  StepText operator()(const Session&) const { return {"session", "new, without a terminal"}; }
  StepText operator()(const Unshare& o) const {
    std::vector<std::string> names;
    for (const auto& [name, type] : oci::namespace_types()) {
      if ((o.flags & type) != 0) names.emplace_back(name);
    }
    return {"unshare", base::join(names, " ")};
  }
  StepText operator()(const JoinMountNamespace&) const { return {"join", "mount"}; }
  StepText operator()(const MemfdNoexec&) const { return {"memory-files", "not executed"}; }
  StepText operator()(const Entered&) const { return {"namespaces", "checked by the parent"}; }
  StepText operator()(const Hostname& o) const { return {"hostname", o.name}; }
  StepText operator()(const Domainname& o) const { return {"domainname", o.name}; }
  StepText operator()(const Loopback&) const { return {"network", "lo up"}; }
  StepText operator()(const Blackhole& o) const { return {"network", cat("blackhole ", prefixes(o.prefixes))}; }
  StepText operator()(const Propagation& o) const { return {"propagation", cat(o.path, " ", propagation_name(o.type, o.recursive))}; }
  StepText operator()(const SetPropagation& o) const { return {"propagation", propagation_name(o.type, o.recursive)}; }
  StepText operator()(const NewMount& o) const {
    return {"filesystem", cat(o.fs, after_space(base::join(o.options, ",")), after_space(attributes(o.attr)))};
  }
  StepText operator()(const PlaceRoot&) const { return {"place", cat(plan.rootfs, " for hooks to see")}; }
  StepText operator()(const RuntimeHook& o) const { return {"hook", describe_hook(o.hook)}; }
  StepText operator()(const RunHook& o) const { return {"hook", describe_hook(o.hook)}; }
  StepText operator()(const Pivot& o) const {
    return {o.use_chroot ? "chroot" : "pivot",
            cat(plan.rootfs, after_space(attributes(plan.root_attr)), plan.idmap_root ? " idmapped" : "")};
  }
  StepText operator()(const Attach& o) const {
    return {"mount", cat(o.what, " on ", o.target, after_space(attributes(o.attr)), source_of(plan, o.mount),
                         o.copy_up ? " tmpcopyup" : "")};
  }
  StepText operator()(const SetAttr& o) const {
    return {"attributes", cat(o.path.empty() ? "mount" : o.path, " +", attributes(o.set))};
  }
  StepText operator()(const Node& o) const {
    return {"node", cat(o.path, " ", o.dev >> 32, ":", o.dev & 0xffffffffU, " ", octal(o.mode))};
  }
  StepText operator()(const Symlink& o) const { return {"symlink", cat(o.path, " -> ", o.target)}; }
  StepText operator()(const WriteFile& o) const {
    return {"file", cat(o.name, " ", octal(o.mode), " owner ", o.uid, ":", o.gid, ", ", o.text.size(), " characters")};
  }
  StepText operator()(const Sysctl& o) const { return {"sysctl", cat(o.path, "=", o.value)}; }
  StepText operator()(const Readonly& o) const { return {"read-only", o.path}; }
  StepText operator()(const Mask& o) const { return {"mask", o.path}; }
  StepText operator()(const SetRlimit& o) const {
    return {"rlimit", cat(o.limit.type, " ", limit(o.limit.soft), ":", limit(o.limit.hard))};
  }
  StepText operator()(const SetScheduler& o) const { return {"scheduler", cat("policy ", o.scheduler.policy)}; }
  StepText operator()(const SetIoPriority& o) const { return {"io-priority", std::to_string(o.value)}; }
  StepText operator()(const SetPersonality& o) const { return {"personality", std::to_string(o.value)}; }
  StepText operator()(const MakeDir& o) const { return {"directory", o.path}; }
  StepText operator()(const OwnStdio& o) const { return {"stdio", cat("owner ", o.uid)}; }
  StepText operator()(const Label& o) const { return {"label", cat(o.attribute, " ", o.value)}; }
  StepText operator()(const Bounding& o) const { return {"bounding-set", cap_set(o.set)}; }
  StepText operator()(const Identity& o) const { return {"user", cat(o.uid, ":", o.gid, " groups ", numbers(o.groups))}; }
  StepText operator()(const SetCaps& o) const {
    return {"capabilities", cat(cap_sets(o.caps), after_space(secure_bit_names(o.secure_bits)))};
  }
  StepText operator()(const Umask& o) const { return {"umask", octal(o.mask)}; }
  StepText operator()(const Chdir& o) const { return {"chdir", cat(o.path, o.may_fail ? " if root may" : "")}; }
  StepText operator()(const FindExecutable& o) const { return {"find", base::join(o.candidates, " ")}; }
  StepText operator()(const NoNewPrivs&) const { return {"no-new-privs", ""}; }
  StepText operator()(const DenyWriteExecute&) const { return {"memory", "writable or executable"}; }
  StepText operator()(const CoreScheduling&) const { return {"cores", "a cookie of its own"}; }
  StepText operator()(const Speculation& o) const { return {"speculation", cat("give up", speculation_names(o.controls))}; }
  StepText operator()(const NotDumpable&) const { return {"not-dumpable", ""}; }
  StepText operator()(const VerifyIdentity& o) const { return {"verify", cat("user ", o.uid, ":", o.gid)}; }
  StepText operator()(const VerifyCaps&) const { return {"verify", "capabilities"}; }
  StepText operator()(const VerifyNoNewPrivs&) const { return {"verify", "no-new-privs"}; }
  StepText operator()(const VerifyLocks&) const { return {"verify", "locks"}; }
  StepText operator()(const VerifyMount& o) const {
    return {"verify", cat("mount ", o.path, after_space(attributes(o.flags & 15)))};  // ST_* has the same low bits
  }
  StepText operator()(const VerifyMask& o) const { return {"verify", cat("mask ", o.path)}; }
  StepText operator()(const VerifyProgram& o) const { return {"verify", cat("program ", o.name)}; }
  StepText operator()(const VerifyCwd&) const { return {"verify", "working directory"}; }
  StepText operator()(const LandlockRuleset& o) const {
    return {"landlock", cat("restrict files ", words_of(o.files, kFileRights), titled("ports", words_of(o.ports, kPortRights)),
                            titled("scopes", words_of(o.scopes, kScopes)))};
  }
  StepText operator()(const LandlockPath& o) const { return {"landlock", cat("allow ", o.path, " ", words_of(o.access, kFileRights))}; }
  StepText operator()(const LandlockPort& o) const { return {"landlock", cat("allow port ", o.port, " ", words_of(o.access, kPortRights))}; }
  StepText operator()(const LandlockOpen& o) const {
    return {"landlock", cat("allow files of descriptors 0-", o.count - 1, " ", words_of(o.access, kFileRights))};
  }
  StepText operator()(const LandlockRestrict&) const { return {"landlock", "enter"}; }
  StepText operator()(const VerifyLandlock&) const { return {"verify", "landlock"}; }
  StepText operator()(const Ready&) const { return {"ready", plan.gate.valid() ? "wait for start" : ""}; }
  StepText operator()(const CloseFds& o) const { return {"close", cat("descriptors from ", o.first)}; }
  StepText operator()(const Seccomp& o) const { return {"seccomp", cat(o.instructions, " instructions")}; }
  StepText operator()(const Exec& o) const {
    const char* how = !o.program.valid() ? "" : o.by_path ? " by /proc/self/fd" : " by descriptor";
    return {"exec", cat(plan.argv.empty() ? "" : plan.argv.front(), how)};
  }
};

}  // namespace

std::string describe_hook(const oci::CheckedHook& hook) {
  std::string out = cat(hook.kind, " ", hook.hook.path);
  if (!hook.program.empty()) out += cat(", which is ", hook.program);
  if (!hook.digests.empty()) out += cat(" ", base::join(hook.digests, " or "));
  if (hook.hook.timeout) out += cat(", ", *hook.hook.timeout, " s at most");
  return out;
}

StepText describe(const Step& step, const LaunchPlan& plan) {
  StepText text = std::visit(Describer{plan}, step.op);
  text.detail = base::escape(std::move(text.detail));
  return text;
}

}  // namespace plan
