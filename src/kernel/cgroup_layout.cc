#include "kernel/cgroup_layout.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/text.h"
#include "kernel/file.h"

namespace kernel {

namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";
constexpr std::size_t kMaxFile = std::size_t{16} << 20;

// proc_pid_mountinfo(5): space, tab, newline and backslash are written as \ooo.
std::string unescape_octal(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// 32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu
std::optional<CgroupMount> parse_mount(const std::string& line) {
  const std::vector<std::string> fields = base::split(line, ' ');
  const auto dash = std::find(fields.begin() + std::min<std::ptrdiff_t>(6, std::ssize(fields)), fields.end(), "-");
  if (fields.end() - dash < 4) return std::nullopt;
  CgroupMount out{.v2 = dash[1] == "cgroup2", .root = unescape_octal(fields[3]), .point = unescape_octal(fields[4])};
  if (!out.v2 && dash[1] != "cgroup") return std::nullopt;
  if (out.v2) return out;
  for (auto& option : base::split(dash[3], ',')) {
    if (option != "rw" && option != "ro" && option != "xattr" && option != "noprefix" && option != "clone_children" &&
        option.rfind("release_agent=", 0) != 0) {
      out.controllers.push_back(std::move(option));
    }
  }
  return out;
}

// A path of /proc/PID/cgroup as seen below a mount of `root`. "/.." leads out of the cgroup namespace.
std::string below(const std::string& path, const std::string& root) {
  if (path.rfind("/..", 0) == 0) return "/";
  if (root == "/") return path;
  if (path == root) return "/";
  if (path.rfind(root + "/", 0) == 0) return path.substr(root.size());
  return "/";
}

bool has_magic(const std::string& path, decltype(statfs::f_type) magic) {
  struct statfs fs {};
  return ::statfs(path.c_str(), &fs) == 0 && fs.f_type == magic;
}

// Our own cgroup can be seen below `mount`: the mount's root is the one that /proc/self/cgroup counts from.
bool sees(const std::string& mount, const std::string& path) {
  return path == "/" || ::access((mount + path).c_str(), F_OK) == 0;
}

// The mounts where systemd, OpenRC and the container engines put them, without reading the mount table. Absent when
// the host is laid out in another way.
std::optional<std::vector<CgroupMount>> standard_mounts(const std::vector<ProcCgroup>& own) {
  std::vector<CgroupMount> mounts;
  const bool unified = has_magic(kRoot, CGROUP2_SUPER_MAGIC);
  for (const auto& line : own) {
    const bool v2 = line.controllers.empty();
    if (unified && !v2) continue;
    std::string point = kRoot;
    if (v2 && !unified) {
      point += "/unified";
      if (!has_magic(point, CGROUP2_SUPER_MAGIC)) continue;  // v1 only: the v2 hierarchy is there, but not mounted
    } else if (!v2) {
      const std::string names = base::join(line.controllers, ",");
      const bool named = names.rfind("name=", 0) == 0;
      point += "/" + (named ? names.substr(5) : names);
      if (!has_magic(point, CGROUP_SUPER_MAGIC)) return std::nullopt;
    }
    if (!sees(point, line.path)) return std::nullopt;
    mounts.push_back({.v2 = v2, .controllers = line.controllers, .root = "/", .point = point});
  }
  if (mounts.empty()) return std::nullopt;
  return mounts;
}

}  // namespace

std::vector<ProcCgroup> parse_proc_cgroup(std::string_view text) {
  std::vector<ProcCgroup> out;
  for (const std::string& line : base::split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    ProcCgroup entry;
    if (second > first + 1) entry.controllers = base::split(line.substr(first + 1, second - first - 1), ',');
    entry.path = line.substr(second + 1);
    out.push_back(std::move(entry));
  }
  return out;
}

std::vector<CgroupMount> parse_mountinfo_cgroups(std::string_view text) {
  std::vector<CgroupMount> out;
  for (const std::string& line : base::split(text, '\n')) {
    if (auto mount = parse_mount(line)) out.push_back(std::move(*mount));
  }
  return out;
}

CgroupLayout make_cgroup_layout(const std::vector<ProcCgroup>& own, const std::vector<CgroupMount>& mounts) {
  CgroupLayout layout;
  for (const auto& line : own) {
    const bool v2 = line.controllers.empty();
    const auto mount = std::find_if(mounts.begin(), mounts.end(), [&](const CgroupMount& m) {
      if (m.v2 || v2) return m.v2 && v2;
      return std::find(m.controllers.begin(), m.controllers.end(), line.controllers.front()) != m.controllers.end();
    });
    if (mount == mounts.end()) continue;
    if (v2) {
      layout.v2_mount = mount->point;
      layout.own[""] = below(line.path, mount->root);
      continue;
    }
    for (const auto& controller : line.controllers) {
      layout.v1_mounts[controller] = mount->point;
      layout.own[controller] = below(line.path, mount->root);
    }
  }
  const bool v2 = !layout.v2_mount.empty();
  if (!layout.v1_mounts.empty()) {
    layout.mode = v2 ? CgroupMode::kHybrid : CgroupMode::kV1;
  } else if (v2) {
    layout.mode = CgroupMode::kUnified;
  }
  return layout;
}

base::Result<CgroupLayout> probe_cgroup_layout() {
  // A kernel without cgroups has no such file.
  auto text = read_file_at(AT_FDCWD, "/proc/self/cgroup", kMaxFile);
  if (!text && text.error().sys() == ENOENT) return CgroupLayout{};
  if (!text) return std::move(text).error();
  const std::vector<ProcCgroup> own = parse_proc_cgroup(*text);
  auto mounts = standard_mounts(own);
  if (!mounts) mounts = parse_mountinfo_cgroups(TRY(read_file_at(AT_FDCWD, "/proc/self/mountinfo", kMaxFile)));
  CgroupLayout layout = make_cgroup_layout(own, *mounts);
  if (!layout.v2_mount.empty()) {
    std::string names = TRY(read_file_at(AT_FDCWD, layout.v2_mount + "/cgroup.controllers", kMaxFile));
    while (!names.empty() && names.back() == '\n') names.pop_back();
    if (!names.empty()) layout.v2_controllers = base::split(names, ' ');
  }
  return layout;
}

}  // namespace kernel
