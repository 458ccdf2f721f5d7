// The root file system and what is mounted in it. No mount is ever dropped or moved, since taking one away can
// uncover what it hides: flags are added, and file systems where there were none.
#include <linux/mount.h>

#include <algorithm>

#include "base/text.h"
#include "harden/work.h"
#include "oci/mount_options.h"

namespace harden {

namespace {

using Options = std::vector<std::string>;

bool has(const Options& options, std::string_view name) {
  return std::find(options.begin(), options.end(), name) != options.end();
}

// A flag of a mount in its four spellings: on and off, of the mount and of all below it.
struct Flag {
  std::string_view on, off, recursive_on, recursive_off;
};

constexpr Flag kNosuid{"nosuid", "suid", "rnosuid", "rsuid"};
constexpr Flag kNodev{"nodev", "dev", "rnodev", "rdev"};
constexpr Flag kNoexec{"noexec", "exec", "rnoexec", "rexec"};

// A recursive bind brings further mounts along; the plain flag reaches only the topmost.
bool set_flag(Options& options, const Flag& flag) {
  const bool tree = has(options, "rbind");
  const bool contradicted = has(options, flag.off) || has(options, flag.recursive_off);
  if (!contradicted && has(options, flag.on) && (!tree || has(options, flag.recursive_on))) return false;
  std::erase_if(options, [&](const std::string& o) { return o == flag.off || o == flag.recursive_off; });
  if (!has(options, flag.on)) options.emplace_back(flag.on);
  if (tree && !has(options, flag.recursive_on)) options.emplace_back(flag.recursive_on);
  return true;
}

// The runtime makes /dev/null and its like on the tmpfs at /dev, and a devpts holds nothing but terminals: with
// nodev neither could be opened. Only the runtime can make nodes there, for the function has no CAP_MKNOD.
bool holds_devices(const oci::Mount& mount) {
  return mount.type == "devpts" || (mount.type == "tmpfs" && clean_path(mount.destination) == "/dev");
}

// "3 of 9 mounts: /dev/shm, /tmp, …"
std::string which(const std::vector<std::string>& destinations, std::size_t all) {
  return base::cat(destinations.size(), " of ", all, " mounts: ", list(destinations));
}

// The root's own flags are not in config.json, so that it always lacks them there.
std::string root_and(const std::vector<std::string>& destinations, std::size_t all) {
  return "without: the root" + (destinations.empty() ? "" : ", " + which(destinations, all));
}

void harden_nosuid(Work& work) {
  const auto& rule = work.policy.filesystem.nosuid;
  if (!is_on(rule)) return;
  std::vector<std::string> changed;
  for (auto& mount : work.spec.mounts)
    if (set_flag(mount.options, kNosuid)) changed.push_back(mount.destination);
  work.root_nosuid = true;
  decide(work, *rule,
         {.control = "filesystem.nosuid",
          .where = "/root",
          .requested = root_and(changed, work.spec.mounts.size()),
          .effective = "on every mount",
          .why = "a setuid file, from the image or left on a volume, must not change who runs it",
          .also = {"/mounts"}});
}

void harden_nodev(Work& work) {
  const auto& rule = work.policy.filesystem.nodev;
  if (!is_on(rule)) return;
  std::vector<std::string> changed;
  for (auto& mount : work.spec.mounts)
    if (!holds_devices(mount) && set_flag(mount.options, kNodev)) changed.push_back(mount.destination);
  work.root_nodev = true;
  decide(work, *rule,
         {.control = "filesystem.nodev",
          .where = "/root",
          .requested = root_and(changed, work.spec.mounts.size()),
          .effective = "on every mount but the runtime's own /dev and devpts",
          .why = "a device node in an image or on a volume must not open a device of the host",
          .also = {"/mounts"}});
}

void harden_noexec(Work& work) {
  const auto& rule = work.policy.filesystem.noexec;
  if (!is_on(rule)) return;
  std::vector<std::string> changed;
  for (auto& mount : work.spec.mounts) {
    const bool readonly = (oci::parse_mount_options(mount.options).attr_set & MOUNT_ATTR_RDONLY) != 0;
    if (!readonly && set_flag(mount.options, kNoexec)) changed.push_back(mount.destination);
  }
  if (changed.empty()) return;
  decide(work, *rule,
         {.control = "filesystem.noexec",
          .where = "/mounts",
          .requested = "without: " + which(changed, work.spec.mounts.size()),
          .effective = "on every mount that can be written",
          .why = "what can be written is no program: nothing that was downloaded or left there is run"});
}

// proc(5), "Mount options". "invisible" shows everything to a group, which is 0 unless "gid=" names another;
// "ptraceable" (Linux 5.8) makes no such exception. Of several options the last one counts.
void harden_proc(Work& work) {
  const auto& rule = work.policy.filesystem.proc;
  if (!rule) return;
  std::vector<std::string> wanted;
  if (rule->value.own_only) wanted.emplace_back("hidepid=ptraceable");
  if (rule->value.pids_only) wanted.emplace_back("subset=pid");
  std::vector<std::string> changed;
  for (auto& mount : work.spec.mounts) {
    if (mount.type != "proc") continue;
    const auto before = mount.options;
    for (const auto& option : wanted) {
      const auto key = option.substr(0, option.find('=') + 1);
      const bool there = has(mount.options, option) || (key == "hidepid=" && has(mount.options, "hidepid=4"));
      const auto several = std::count_if(mount.options.begin(), mount.options.end(), [&](const std::string& o) { return o.starts_with(key); });
      if (there && several == 1) continue;
      std::erase_if(mount.options, [&](const std::string& o) { return o.starts_with(key); });
      mount.options.push_back(option);
    }
    if (mount.options != before) changed.push_back(mount.destination);
  }
  if (changed.empty()) return;
  decide(work, *rule,
         {.control = "filesystem.proc",
          .where = "/mounts",
          .requested = "all of " + list(changed),
          .effective = base::join(wanted, ", "),
          .why = "what a function sees of other processes and of the kernel is what it can be made to tell"});
}

bool is_readonly_tree(const Options& options) {
  return has(options, "rbind") && (oci::parse_mount_options(options).attr_set & MOUNT_ATTR_RDONLY) != 0;
}

void harden_recursive_readonly(Work& work) {
  const auto& rule = work.policy.filesystem.recursive_readonly;
  if (!is_on(rule)) return;
  std::vector<std::string> changed;
  for (auto& mount : work.spec.mounts) {
    auto& options = mount.options;
    if (!is_readonly_tree(options) || (has(options, "rro") && !has(options, "rrw"))) continue;
    std::erase(options, "rrw");
    if (!has(options, "rro")) options.emplace_back("rro");
    changed.push_back(mount.destination);
  }
  if (changed.empty()) return;
  decide(work, *rule,
         {.control = "filesystem.recursiveReadonly",
          .where = "/mounts",
          .requested = "read-only at the top: " + which(changed, work.spec.mounts.size()),
          .effective = "read-only with all below",
          .why = "\"ro\" on a recursive bind leaves the mounts below it writable"});
}

// Where a mount on `path` belongs: after all that would cover it, before all that lies below it.
std::size_t place_for(const std::string& path, const std::vector<oci::Mount>& mounts) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < mounts.size(); ++i)
    if (is_below(path, clean_path(mounts[i].destination))) first = i + 1;
  for (std::size_t i = first; i < mounts.size(); ++i)
    if (is_below(clean_path(mounts[i].destination), path)) return i;
  return mounts.size();
}

oci::Mount tmpfs_mount(const policy::Tmpfs& tmpfs, const std::string& path) {
  constexpr std::uint64_t kMega = 1U << 20;
  oci::Mount mount{.destination = path, .type = "tmpfs", .source = "tmpfs", .options = {"nosuid", "nodev"}};
  if (!tmpfs.exec) mount.options.emplace_back("noexec");
  const unsigned m = tmpfs.mode;
  std::string mode;
  for (const int shift : {9, 6, 3, 0}) mode += static_cast<char>('0' + ((m >> shift) & 7U));
  mount.options.push_back("mode=" + mode);
  mount.options.push_back(tmpfs.size % kMega == 0 ? base::cat("size=", tmpfs.size / kMega, "m")
                                                  : base::cat("size=", tmpfs.size));
  if (tmpfs.inodes) mount.options.push_back(base::cat("nr_inodes=", *tmpfs.inodes));
  return mount;
}

}  // namespace

void harden_root(Work& work) {
  const auto& readonly = work.policy.filesystem.readonly_root;
  if (is_on(readonly) && !work.spec.root.readonly) {
    work.spec.root.readonly = true;
    decide(work, *readonly,
           {.control = "filesystem.readonlyRoot",
            .where = "/root/readonly",
            .requested = "false",
            .effective = "true",
            .why = "what cannot be written cannot be replaced, nor kept for the next request"});
  }
}

// A mount that is shared sends what is mounted below it to all that it is shared with; as a slave it still gets what is
// mounted there (mount_namespaces(7)).
bool harden_propagation(Work& work) {
  const auto& rule = work.policy.filesystem.private_propagation;
  if (!is_on(rule)) return false;
  constexpr std::string_view kWhy = "a mount made inside must not appear on the host";
  auto& root = work.spec.linux.rootfs_propagation;
  if (root == "shared" || root == "rshared") {
    decide(work, *rule,
           {.control = "filesystem.privatePropagation",
            .where = "/linux/rootfsPropagation",
            .requested = root,
            .effective = "rprivate",
            .why = kWhy});
    root = "rprivate";
  }
  std::vector<std::string> changed;
  for (auto& mount : work.spec.mounts) {
    if (!has(mount.options, "shared") && !has(mount.options, "rshared")) continue;
    std::replace(mount.options.begin(), mount.options.end(), std::string("shared"), std::string("slave"));
    std::replace(mount.options.begin(), mount.options.end(), std::string("rshared"), std::string("rslave"));
    changed.push_back(mount.destination);
  }
  if (changed.empty()) return true;
  decide(work, *rule,
         {.control = "filesystem.privatePropagation",
          .where = "/mounts",
          .requested = "shared: " + which(changed, work.spec.mounts.size()),
          .effective = "slave",
          .why = kWhy});
  return true;
}

void harden_tmpfs(Work& work) {
  const auto& rule = work.policy.filesystem.tmpfs;
  if (!rule) return;
  auto& mounts = work.spec.mounts;
  std::vector<std::string> added;
  for (const auto& tmpfs : rule->value) {
    const auto path = clean_path(tmpfs.path);
    const bool there = std::any_of(mounts.begin(), mounts.end(),
                                   [&](const oci::Mount& mount) { return clean_path(mount.destination) == path; });
    if (there) continue;
    auto mount = tmpfs_mount(tmpfs, path);
    added.push_back(base::cat(path, " (", base::join(mount.options, ","), ")"));
    mounts.insert(mounts.begin() + static_cast<std::ptrdiff_t>(place_for(path, mounts)), std::move(mount));
  }
  if (added.empty()) return;
  decide(work, *rule,
         {.control = "filesystem.tmpfs",
          .where = "/mounts",
          .requested = "absent",
          .effective = "tmpfs " + list(added),
          .why = "on a read-only root every language's temporary files need a place, empty at each start"});
}

void harden_mount_options(Work& work) {
  harden_nosuid(work);
  harden_nodev(work);
  harden_noexec(work);
  harden_proc(work);
  harden_recursive_readonly(work);
}

}  // namespace harden
