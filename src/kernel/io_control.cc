#include "kernel/io_control.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "kernel/file.h"

namespace kernel {

namespace {

constexpr std::size_t kMaxFile = 4096, kMostCgroups = 64;

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// Without "." and its like; `directories`: no other entries.
std::vector<std::string> entries(const std::string& path, bool directories, std::size_t most) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, CloseDir> stream(::opendir(path.c_str()));
  if (!stream) return out;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_name[0] == '.' || (directories && entry->d_type != DT_DIR)) continue;
    if (out.size() == most) break;
    out.emplace_back(entry->d_name);
  }
  return out;
}

// The mount itself, our own cgroup, and those at the top.
std::vector<std::string> some_cgroups(const std::string& mount, const CgroupLayout& layout, const std::string& controller) {
  std::vector<std::string> out{mount};
  const auto own = layout.own.find(controller);
  if (own != layout.own.end() && own->second.size() > 1) out.push_back(mount + own->second);
  for (const auto& name : entries(mount, true, kMostCgroups)) out.push_back(base::cat(mount, "/", name));
  return out;
}

std::string trimmed_file(const std::string& path) {
  const auto text = read_file_at(AT_FDCWD, path, kMaxFile);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

// Documentation/block/switching-sched.rst: every scheduler that is there is named.
bool has_bfq(const std::string& sys) {
  const auto disks = entries(sys + "/block", false, ~std::size_t{0});
  return std::any_of(disks.begin(), disks.end(), [&](const auto& disk) {
    return trimmed_file(base::cat(sys, "/block/", disk, "/queue/scheduler")).find("bfq") != std::string::npos;
  });
}

// The files of one cgroup in a hierarchy, as they are in all of them. In that order plan/cgroup writes them.
IoFiles files_v1(const std::string& mount, const CgroupLayout& layout) {
  IoFiles out;
  const auto cgroups = some_cgroups(mount, layout, "blkio");
  const auto in_one = [&](const char* file) {
    return std::any_of(cgroups.begin(), cgroups.end(), [&](const auto& directory) { return is_there(base::cat(directory, "/", file)); });
  };
  if (in_one("blkio.weight")) {
    out.weight = "blkio.weight";
  } else if (in_one("blkio.bfq.weight") || in_one("blkio.bfq.io_service_bytes")) {  // the root has only the latter
    out.weight = "blkio.bfq.weight";
  } else {
    out.weight_unable = "this kernel has neither blkio.weight nor blkio.bfq.weight";
  }
  if (!in_one("blkio.throttle.read_bps_device")) out.max_unable = "this kernel has no blkio.throttle.read_bps_device";
  return out;
}

IoFiles files_v2(const CgroupLayout& layout, const std::string& sys) {
  IoFiles out;
  for (const auto& directory : some_cgroups(layout.v2_mount, layout, "")) {
    // Not the root, and the controller is on.
    if (!is_there(directory + "/cgroup.type") || !is_there(directory + "/io.stat")) continue;
    for (const char* file : {"io.bfq.weight", "io.weight"}) {
      if (out.weight.empty() && is_there(base::cat(directory, "/", file))) out.weight = file;
    }
    if (out.weight.empty()) out.weight_unable = "this kernel has neither io.bfq.weight nor io.weight";
    if (!is_there(directory + "/io.max")) out.max_unable = "this kernel has no io.max";
    return out;
  }
  const bool cost = is_there(layout.v2_mount + "/io.cost.qos"), bfq = has_bfq(sys);
  if (bfq && !cost) out.weight = "io.bfq.weight";
  if (!bfq && !cost) out.weight_unable = "this kernel has neither io.bfq.weight nor io.weight";
  return out;
}

std::string obstacle(const std::string& device) {
  return is_there(device + "/partition") ? "a partition has no limits of its own, its disk has" : "";
}

}  // namespace

IoFiles probe_io_files(const CgroupLayout& layout, const std::string& sys) {
  const auto v1 = layout.v1_mounts.find("blkio");
  if (v1 != layout.v1_mounts.end()) return files_v1(v1->second, layout);
  const auto& have = layout.v2_controllers;
  if (std::find(have.begin(), have.end(), "io") != have.end()) return files_v2(layout, sys);
  constexpr const char* kNone = "no cgroup controller for disks on this host";
  return {.weight = "", .weight_unable = kNone, .max_unable = kNone};
}

std::map<std::string, std::string> probe_disks(const std::vector<std::string>& named, const std::string& sys) {
  std::map<std::string, std::string> out;
  for (const auto& disk : entries(sys + "/block", false, ~std::size_t{0})) {
    const std::string directory = base::cat(sys, "/block/", disk);
    const auto numbers = trimmed_file(directory + "/dev");
    if (!numbers.empty() && trimmed_file(directory + "/size") != "0") out.emplace(numbers, "");
  }
  for (const auto& name : named) {
    const std::string device = base::cat(sys, "/dev/block/", name);
    if (is_there(device)) out.emplace(name, obstacle(device));
  }
  return out;
}

}  // namespace kernel
