// The runtime-spec's features document (features.md), from the tables that the readers use: it cannot claim a name
// that config.json may not use.
#include <algorithm>

#include "oci/json_writer.h"
#include "oci/mount_options.h"
#include "oci/names.h"
#include "oci/write.h"

namespace oci {

namespace {

template <typename T>
std::vector<std::string_view> sorted_names(std::span<const Named<T>> table) {
  auto names = names_of(table);
  std::ranges::sort(names);
  return names;
}

// Nothing given: all that the table knows.
std::vector<std::string_view> or_all(const std::vector<std::string>& given, std::vector<std::string_view> all) {
  if (given.empty()) return all;
  return {given.begin(), given.end()};
}

void write_enabled(JsonWriter& out, std::string_view name, bool enabled) {
  out.name(name);
  out.begin_object();
  out.member("enabled", enabled);
  out.end_object();
}

void write_cgroup(JsonWriter& out, const Features& features) {
  out.name("cgroup");
  out.begin_object();
  out.member("v1", features.cgroup_v1);
  out.member("v2", features.cgroup_v2);
  out.member("systemd", features.cgroup_systemd);
  out.member("systemdUser", features.cgroup_systemd_user);
  out.member("rdma", features.cgroup_rdma);
  out.end_object();
}

void write_seccomp(JsonWriter& out, const Features& features) {
  out.name("seccomp");
  out.begin_object();
  out.member("enabled", features.seccomp);
  if (features.seccomp) {
    const auto archs = seccomp_architectures();
    out.strings("actions", sorted_names(seccomp_actions()));
    out.strings("operators", sorted_names(seccomp_operators()));
    out.strings("archs", or_all(features.seccomp_archs, {archs.begin(), archs.end()}));
    out.strings("knownFlags", sorted_names(seccomp_flags()));
    out.strings("supportedFlags", features.seccomp_supported_flags);
  }
  out.end_object();
}

void write_linux(JsonWriter& out, const Features& features) {
  out.name("linux");
  out.begin_object();
  out.strings("namespaces", or_all(features.namespaces, sorted_names(namespace_types())));
  out.strings("capabilities", capability_names());
  write_cgroup(out, features);
  write_seccomp(out, features);
  write_enabled(out, "apparmor", features.apparmor);
  write_enabled(out, "selinux", features.selinux);
  write_enabled(out, "intelRdt", features.intel_rdt);
  out.name("mountExtensions");
  out.begin_object();
  write_enabled(out, "idmap", features.idmap);
  out.end_object();
  out.end_object();
}

}  // namespace

std::string write_features(const Features& features) {
  JsonWriter out("    ");
  out.begin_object();
  out.member("ociVersionMin", kOciVersionMin);
  out.member("ociVersionMax", kOciVersionMax);
  out.strings("hooks", features.hooks);
  out.strings("mountOptions", mount_option_names());
  write_linux(out, features);
  if (!features.annotations.empty()) {
    out.name("annotations");
    out.begin_object();
    for (const auto& [name, value] : features.annotations) out.member(name, value);
    out.end_object();
  }
  out.end_object();
  return out.take() + "\n";
}

std::map<std::string, std::string> feature_annotations(const std::string& bulkhead_version,
                                                       const std::string& libseccomp_version) {
  return {{"io.github.seccomp.libseccomp.version", libseccomp_version},
          {"org.opencontainers.bulkhead.version", bulkhead_version}};
}

}  // namespace oci
