#include "spec_text.h"

#include <fstream>
#include <sstream>
#include <vector>

#include "base/text.h"
#include "oci/read.h"

namespace oci_test {

namespace {

// A member that an object needs before it can be read at all.
struct Needed {
  std::string_view parent, name, value;
};

constexpr Needed kNeeded[] = {
    {"", "root", R"({"path":"rootfs"})"},
    {"", "process", R"({"args":["sh"],"cwd":"/"})"},
    {"", "linux", R"({"namespaces":[{"type":"mount"},{"type":"uts"}]})"},
    {"/root", "path", R"("rootfs")"},
    {"/process", "args", R"(["sh"])"},
    {"/process", "cwd", R"("/")"},
    {"/process/rlimits/0", "type", R"("RLIMIT_CORE")"},
    {"/process/rlimits/0", "soft", "0"},
    {"/process/rlimits/0", "hard", "10"},
    {"/process/scheduler", "policy", R"("SCHED_DEADLINE")"},
    {"/mounts/0", "destination", R"("/data")"},
    {"/mounts/0", "uidMappings", R"([{"containerID":0,"hostID":0,"size":1}])"},
    {"/mounts/0", "gidMappings", R"([{"containerID":0,"hostID":0,"size":1}])"},
    {"/mounts/0/uidMappings/0", "size", "1"},
    {"/mounts/0/gidMappings/0", "size", "1"},
    {"/hooks/prestart/0", "path", R"("/bin/hook")"},
    {"/hooks/createRuntime/0", "path", R"("/bin/hook")"},
    {"/hooks/createContainer/0", "path", R"("/bin/hook")"},
    {"/hooks/startContainer/0", "path", R"("/bin/hook")"},
    {"/hooks/poststart/0", "path", R"("/bin/hook")"},
    {"/hooks/poststop/0", "path", R"("/bin/hook")"},
    {"/linux", "namespaces", R"([{"type":"mount"},{"type":"uts"},{"type":"user"},{"type":"time"}])"},
    {"/linux", "uidMappings", R"([{"containerID":0,"hostID":0,"size":1}])"},
    {"/linux", "gidMappings", R"([{"containerID":0,"hostID":0,"size":1}])"},
    {"/linux/uidMappings/0", "size", "1"},
    {"/linux/gidMappings/0", "size", "1"},
    {"/linux/namespaces/0", "type", R"("user")"},
    {"/linux/devices/0", "type", R"("c")"},
    {"/linux/devices/0", "path", R"("/dev/fuse")"},
    {"/linux/personality", "domain", R"("LINUX")"},
    {"/linux/resources/devices/0", "allow", "false"},
    {"/linux/resources/devices/0", "access", R"("rwm")"},
    {"/linux/resources/blockIO/weightDevice/0", "major", "8"},
    {"/linux/resources/blockIO/weightDevice/0", "minor", "0"},
    {"/linux/resources/blockIO/throttleReadBpsDevice/0", "major", "8"},
    {"/linux/resources/blockIO/throttleReadBpsDevice/0", "minor", "0"},
    {"/linux/resources/hugepageLimits/0", "pageSize", R"("2MB")"},
    {"/linux/resources/hugepageLimits/0", "limit", "0"},
    {"/linux/resources/network/priorities/0", "name", R"("eth0")"},
    {"/linux/resources/network/priorities/0", "priority", "1"},
    {"/linux/seccomp", "defaultAction", R"("SCMP_ACT_ERRNO")"},
    {"/linux/seccomp/syscalls/0", "names", R"(["read"])"},
    {"/linux/seccomp/syscalls/0", "action", R"("SCMP_ACT_ALLOW")"},
    {"/linux/seccomp/syscalls/0/args/0", "index", "0"},
    {"/linux/seccomp/syscalls/0/args/0", "value", "1"},
    {"/linux/seccomp/syscalls/0/args/0", "op", R"("SCMP_CMP_EQ")"},
};

}  // namespace

std::string spec_with(std::string_view pointer, std::string_view value) {
  std::string text(value);
  while (!pointer.empty()) {
    const std::size_t slash = pointer.rfind('/');
    const std::string_view name = pointer.substr(slash + 1);
    pointer = pointer.substr(0, slash);
    if (name == "0") {
      text = base::cat("[", text, "]");
      continue;
    }
    std::string object = base::cat("{\"", name, "\":", text);
    for (const Needed& needed : kNeeded)
      if (needed.parent == pointer && needed.name != name) object += base::cat(",\"", needed.name, "\":", needed.value);
    text = object + "}";
  }
  return text;
}

std::string refusal(std::string_view text) {
  const auto spec = oci::read_spec(text);
  return spec.has_value() ? "" : spec.error().message();
}

std::string refusal_of(std::string_view pointer, std::string_view value) { return refusal(spec_with(pointer, value)); }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace oci_test
