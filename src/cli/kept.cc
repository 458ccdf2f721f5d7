#include "cli/kept.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/kept_config.h"
#include "oci/json.h"
#include "oci/read.h"
#include "oci/write.h"
#include "policy/pack.h"

namespace cli {
namespace {

using base::cat;
using base::JsonWriter;
using oci::Cursor;

// The members of Abilities, once for both directions. Structured bindings, so that a new one does not compile until it
// stands here.
void for_each_member(auto& abilities, auto&& each) {
  auto& [remap, remap_unable, remap_base, cap_last_cap, host_namespaces, joined, noswap, noswap_unable, matching_paths, memory_v2_unable, apparmor, selinux, mdwe_unable,
         memfd_noexec_unable, one_thread_a_core, core_scheduling_unable, speculation, speculation_unable, entrypoint, program,
         program_unknown, start_hooks, hook_programs, ipv6, landlock_abi, io_weight_file, io_weight_unable, io_max_unable, disks] = abilities;
  (void)start_hooks, (void)hook_programs;  // hooks are not kept: those of the start have run
  each("remap", remap);
  each("remapUnable", remap_unable);
  each("remapBase", remap_base);
  each("capLastCap", cap_last_cap);
  each("hostNamespaces", host_namespaces);
  each("joined", joined);
  each("noswap", noswap);
  each("noswapUnable", noswap_unable);
  each("matchingPaths", matching_paths);
  each("memoryV2Unable", memory_v2_unable);
  each("apparmor", apparmor);
  each("selinux", selinux);
  each("mdweUnable", mdwe_unable);
  each("memfdNoexecUnable", memfd_noexec_unable);
  each("oneThreadACore", one_thread_a_core);
  each("coreSchedulingUnable", core_scheduling_unable);
  each("speculation", speculation);
  each("speculationUnable", speculation_unable);
  each("entrypoint", entrypoint);
  each("program", program);
  each("programUnknown", program_unknown);
  each("ipv6", ipv6);
  each("landlockAbi", landlock_abi);
  each("ioWeightFile", io_weight_file);
  each("ioWeightUnable", io_weight_unable);
  each("ioMaxUnable", io_max_unable);
  each("disks", disks);
}

void for_each_member_of_file(auto& file, auto&& each) {
  auto& [path, name, digest, device, inode, changed] = file;
  each("path", path);
  each("name", name);
  each("digest", digest);
  each("device", device);
  each("inode", inode);
  each("changed", changed);
}

struct Write {
  JsonWriter& w;
  void operator()(std::string_view name, bool value) const { w.flag(name, value); }
  void operator()(std::string_view name, const std::string& value) const { w.member(name, value); }
  template <typename T>
  requires std::is_integral_v<T>
  void operator()(std::string_view name, T value) const {
    w.key(name);
    w.text(std::to_string(value));  // a JSON number would not hold all of them
  }
  void operator()(std::string_view name, const std::map<std::string, std::string>& values) const {
    w.key(name);
    w.open('{');
    for (const auto& [key, value] : values) w.member(key, value);
    w.close('}');
  }
  void operator()(std::string_view name, const std::vector<std::string>& values) const { w.list(name, values); }
  void operator()(std::string_view name, const std::vector<harden::HashedFile>& files) const {
    w.key(name);
    w.open('[');
    for (const auto& file : files) {
      w.open('{');
      for_each_member_of_file(file, *this);
      w.close('}');
    }
    w.close(']');
  }
};

// What is absent, because a version before this one did not know it, keeps its default.
struct Read {
  Cursor object;
  base::Result<void>& result;

  template <typename T>
  void operator()(std::string_view name, T& value) const {
    if (!result) return;
    const auto member = object.find(name);
    if (!member) return;
    auto read = get(*member, value);
    if (!read) result = std::move(read).error();
  }
  static base::Result<void> get(const Cursor& from, bool& value) {
    value = TRY(from.get_bool());
    return base::ok();
  }
  static base::Result<void> get(const Cursor& from, std::string& value) {
    value = TRY(from.get_string());
    return base::ok();
  }
  template <typename T>
  requires std::is_integral_v<T>
  static base::Result<void> get(const Cursor& from, T& value) {
    const auto number = base::parse_i64(TRY(from.get_string()));
    const auto large = base::parse_u64(TRY(from.get_string()));
    if (!number && !large) return from.fault("want a number");
    value = large ? static_cast<T>(*large) : static_cast<T>(*number);
    return base::ok();
  }
  static base::Result<void> get(const Cursor& from, std::map<std::string, std::string>& values) {
    for (const auto& member : TRY(from.object_members())) values.emplace(member.name, TRY(member.value.get_string()));
    return base::ok();
  }
  static base::Result<void> get(const Cursor& from, std::vector<std::string>& values) {
    values = TRY(from.get_strings());
    return base::ok();
  }
  static base::Result<void> get(const Cursor& from, std::vector<harden::HashedFile>& files) {
    for (const auto& element : TRY(from.get_array())) {
      base::Result<void> result = base::ok();
      for_each_member_of_file(files.emplace_back(), Read{element, result});
      TRY(std::move(result));
    }
    return base::ok();
  }
};

bool has_keyring(const plan::LaunchPlan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) { return std::holds_alternative<plan::Keyring>(step.op); });
}

// What config.json says of the container. What may hold a secret, and decides nothing, is not kept.
base::Result<std::string> config_of(const std::string& text) {
  if (auto cut = without_values(text)) return *std::move(cut);
  oci::Spec spec = TRY(oci::read_spec(text));
  spec.hooks = {};
  spec.annotations.clear();
  if (spec.process) {
    spec.process->env.clear();
    spec.process->args = {"-"};
  }
  return oci::write_spec(spec);
}

base::Result<std::optional<harden::SecretFiles>> secret_files_of(const Cursor& root) {
  const auto directory = root.find("secretsDirectory"), names = root.find("secrets");
  if (!directory || !names) return std::optional<harden::SecretFiles>();
  harden::SecretFiles files;
  files.directory = TRY(directory->get_string());
  for (auto& name : TRY(names->get_strings())) files.files.push_back({.name = std::move(name), .value = "", .where = ""});
  return std::optional(std::move(files));
}

}  // namespace

base::Result<void> keep_for_exec(int dirfd, const Prepared& prepared) {
  JsonWriter w;
  w.open('{');
  if (const auto& files = prepared.outcome.hardened.secret_files()) {
    w.member("secretsDirectory", files->directory);
    std::vector<std::string> names;
    for (const auto& file : files->files) names.push_back(file.name);
    w.list("secrets", names);
  }
  w.flag("noNewKeyring", !has_keyring(prepared.plan));
  w.key("abilities");
  w.open('{');
  for_each_member(prepared.abilities, Write{w});
  w.close('}');
  w.close('}');
  auto config = TRY(config_of(prepared.config));
  const auto& policy = prepared.selected.policy;
  return container::save_kept(dirfd, {w.take(), policy::keep(policy.policy), std::move(config),
                                      policy.audited.empty() ? std::string() : policy::keep(policy.audited.front())});
}

base::Result<Remembered> remember(const container::Container& container) {
  auto kept = TRY(container::read_kept(container.dir.fd()));
  if (!kept && container.init && TRY(container::await_kept(container.dir.fd(), *container.init))) kept = TRY(container::read_kept(container.dir.fd()));
  if (!kept) {
    return base::Error::state("nothing was kept of how the container was made")
        .hint("a version of bulkhead without exec made it, or its `run` was killed; only a new container can have more programs");
  }
  const auto json = TRY(oci::parse_json(kept->facts, container::kKeptFile, base::Kind::kState));
  harden::Abilities abilities;
  const auto object = json.root().find("abilities");
  if (!object) return json.root().fault("want abilities");
  base::Result<void> read = base::ok();
  for_each_member(abilities, Read{*object, read});
  TRY(std::move(read));
  const auto keyring = json.root().find("noNewKeyring");
  const bool no_new_keyring = keyring && TRY(keyring->get_bool());

  auto secret_files = TRY(secret_files_of(json.root()));
  policy::Effective policy;
  policy.policy = TRY(policy::read_kept(kept->policy));
  if (!kept->audited.empty()) policy.audited.push_back(TRY(policy::read_kept(kept->audited)));
  oci::Spec spec = TRY(oci::read_spec(kept->config));
  if (!spec.process) return base::Error::config("config.json: /process: want an object, have nothing");
  oci::Process process = *spec.process;
  auto outcome = TRY_IN("what the container was made of", harden::harden(std::move(spec), policy.policy, abilities));
  return Remembered{std::move(policy), std::move(abilities), std::move(outcome), std::move(process), std::move(secret_files), no_new_keyring};
}

}  // namespace cli
