// What can be done where files can be made: write, execute, give away, keep the setuid bit, make and open a device.

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/text.h"
#include "kernel/landlock.h"
#include "plan/device_rules.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

constexpr Call native(std::uint32_t number, plan::CallArgs args) { return {plan::kNativeAbi, number, args}; }

constexpr Call kChown = native(__NR_fchown, {{3, kOtherOwner, 0xffffffff}});
constexpr Call kChmod = native(__NR_fchmod, {{3, 04755}});
constexpr Call kExec = native(__NR_execveat, {{3, kPointer, kPointer, kPointer, AT_EMPTY_PATH}});
constexpr std::uint32_t kLoopMajor = 7, kLoopMinor = 0;
constexpr Call kMknod =
    native(__NR_mknodat, {{static_cast<std::uint64_t>(AT_FDCWD), kPointer, S_IFBLK | 0600, kLoopMajor << 8}});

// The device cgroup: the last rule that fits; before them all, everything is denied.
bool rule_allows(const Sandbox& box, std::uint32_t access) {
  if (box.plan.cgroup.path.empty()) return true;
  const auto rules = plan::device_rules(box.spec.linux, box.hardened.tun_access());
  bool allowed = false;
  if (!rules) return allowed;
  for (const auto& rule : *rules) {
    const bool fits = rule.type == 'b' && rule.major.value_or(kLoopMajor) == kLoopMajor &&
                      rule.minor.value_or(kLoopMinor) == kLoopMinor && (rule.access & access) != 0;
    if (fits || rule.type == 'a') allowed = rule.allow;
  }
  return allowed;
}

// One attempt as the hurdles in its way, in the order in which the kernel puts them up: the first one ends it.
class Attempt {
 public:
  Attempt(const Sandbox& box, const SeenMount& mount) : box_(box), mount_(mount) {}

  Attempt& call(const Call& call) {
    const auto word = box_.refusal(call);
    return stop_if(word.has_value(), word.value_or(""), kFilter);
  }
  // A new file. Who owns a directory of an image is not known before.
  Attempt& file() {
    if (predicted_.empty() && !flag(ST_RDONLY) && !mount_.open_to_all &&
        !(box_.global_root() && box_.cap(CAP_DAC_OVERRIDE))) {
      or_else_ += "|EACCES";
    }
    return stop_if(flag(ST_RDONLY), "EROFS", cat("read-only: ", mount_.because));
  }
  Attempt& need(int capability, const char* name) { return stop_if(!box_.cap(capability), "EPERM", cat("no ", name)); }
  Attempt& give_away() {
    if (predicted_.empty() && !box_.known_maps()) or_else_ += "|EINVAL";
    return call(kChown)
        .stop_if(!box_.maps(kOtherOwner), "EINVAL", "not an id of its user namespace")
        .need(CAP_CHOWN, "CAP_CHOWN");
  }
  Attempt& execute() { return call(kExec).stop_if(flag(ST_NOEXEC), "EACCES", "noexec"); }
  Attempt& make_node() {
    return call(kMknod)
        .file()
        .stop_if(!box_.landlock_leaves(mount_.target, kernel::landlock::kMakeBlock), "EACCES", "Landlock: nodev")
        .stop_if(!box_.host_cap(CAP_MKNOD), "EPERM", "no CAP_MKNOD over the host")
        .stop_if(!rule_allows(box_, BPF_DEVCG_ACC_MKNOD), "EPERM", "device rules");
  }
  Attempt& stop_if(bool stopped, const std::string& word, const std::string& because) {
    if (stopped && predicted_.empty()) {
      predicted_ = word;
      because_ = because;
    }
    return *this;
  }
  bool flag(std::uint64_t bit) const { return (*mount_.flags & bit) != 0; }

  Expectation done(const char* control, const char* what, const char* key, const char* free,
                   const std::string& because) {
    stop_if(true, free, because);
    return {control, cat(what, " in ", base::escape(mount_.target)), cat("in.", mount_.target, ".", key),
            predicted_ + or_else_, because_};
  }

 private:
  const Sandbox& box_;
  const SeenMount& mount_;
  std::string predicted_, because_, or_else_;
};

}  // namespace

void expect_place(const Sandbox& box, const SeenMount& mount, Expectations& out) {
  const auto attempt = [&] { return Attempt(box, mount); };
  out.push_back(attempt().file().done("mounts", "write", "write", "ok", mount.because));
  out.push_back(attempt().file().execute().done("mounts", "execute a file", "exec", "ok", mount.because));
  out.push_back(attempt().file().give_away().done("mounts", "give a file away", "chown", "ok", "has CAP_CHOWN"));

  const bool nosuid = (*mount.flags & ST_NOSUID) != 0;
  out.push_back(attempt()
                    .file()
                    .give_away()
                    .call(kChmod)
                    .need(CAP_FOWNER, "CAP_FOWNER")
                    .execute()
                    .stop_if(nosuid, "ignored", "nosuid")
                    .stop_if(box.no_new_privs, "ignored", "no new privileges")
                    .done("mounts", "setuid bit", "suid", "honoured", mount.because));

  out.push_back(
      attempt().make_node().done("devices", "make a block device", "mknod", "ok", "/linux/resources/devices"));
  // Whether there is such a device behind the number is the host's to know.
  out.push_back(attempt()
                    .make_node()
                    .stop_if((*mount.flags & ST_NODEV) != 0, "EACCES", "nodev")
                    .stop_if(!rule_allows(box, BPF_DEVCG_ACC_READ), "EPERM", "device rules")
                    .done("devices", "open a block device", "device", "ok|ENXIO|ENODEV", "/linux/resources/devices"));
}

}  // namespace predict
