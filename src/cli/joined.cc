#include "cli/joined.h"

#include <sys/stat.h>

#include "base/text.h"
#include "kernel/place.h"

namespace cli {
namespace {

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat one {}, other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Below /proc/self/ns, of what config.json calls `name`.
std::string_view file_of(std::string_view name) {
  if (name == "mount") return "mnt";
  return name == "network" ? "net" : name;
}

}  // namespace

std::map<std::string, std::string> joined_places(const oci::Spec& spec) {
  std::map<std::string, std::string> out;
  for (const auto& ns : spec.linux.namespaces) {
    if (ns.path.empty()) continue;
    auto place = kernel::place_of(ns.path);
    if (!place.empty()) out.emplace(ns.path, std::move(place));
  }
  return out;
}

std::uint64_t host_namespaces(const oci::Spec& spec) {
  std::uint64_t types = 0;
  for (const auto& ns : spec.linux.namespaces) {
    if (!ns.path.empty() && is_same_file(ns.path, base::cat("/proc/self/ns/", file_of(ns.name)))) types |= ns.type;
  }
  return types;
}

}  // namespace cli
