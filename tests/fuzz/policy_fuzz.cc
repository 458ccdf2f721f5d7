// libFuzzer target for the policy reader and for harden() under whatever policy comes out of it.
// Besides not crashing: a policy is either taken or refused with one line that names the file; what it does to
// a request can be done twice without a difference, never gives a capability and never tells a secret.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harden/harden.h"
#include "harden/secrets.h"
#include "oci/read.h"
#include "oci/write.h"
#include "policy/arguments.h"
#include "policy/builtin.h"
#include "policy/find.h"
#include "policy/lint.h"
#include "policy/read.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

void check_message(const base::Error& error, std::string_view begins) {
  const std::string message = error.message();
  require(error.kind() == base::Kind::kPolicy);
  require(message.starts_with(begins));
  for (const char c : message) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

constexpr std::string_view kSecret = "hunter2-canary";

oci::Spec make_request() {
  oci::Spec request = *oci::read_spec(oci::default_spec(false));
  request.process->env.push_back("DB_PASSWORD=" + std::string(kSecret));
  request.process->env.emplace_back("LD_PRELOAD=/x.so");
  return request;
}

const oci::Spec& request() {
  static const oci::Spec kRequest = make_request();
  return kRequest;
}

oci::CapSet all_of(const oci::Spec& spec) {
  const auto caps = spec.process->capabilities.value_or(oci::Capabilities{});
  return caps.bounding | caps.effective | caps.inheritable | caps.permitted | caps.ambient;
}

void check_harden(const policy::Policy& policy) {
  const harden::Abilities abilities{.remap = true, .remap_unable = "", .remap_base = 100000};
  const auto once = harden::harden(request(), policy, abilities);
  if (!once) return check_message(once.error(), "");
  const auto& spec = once->hardened.spec();
  require((all_of(spec) & ~all_of(request())) == 0);
  require(spec.mounts.size() >= request().mounts.size());
  for (const auto& decision : once->decisions) {
    require(decision.source.starts_with("policy.json:/") || decision.source.starts_with("faas.json:/"));  // extended
    require((decision.requested + decision.effective).find(kSecret) == std::string::npos);
  }
  const auto twice = harden::harden(spec, policy, abilities);
  require(twice.has_value());
  require(twice->hardened.spec().mounts.size() == spec.mounts.size());
  require(twice->hardened.spec().process->env == spec.process->env);
  require(twice->hardened.spec().linux.masked_paths == spec.linux.masked_paths);
  require(twice->hardened.spec().linux.namespaces.size() == spec.linux.namespaces.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(policy::lint(text, "policy.json"));
  const auto policy = policy::read_policy(text, "policy.json", policy::builtin_group, policy::builtin_base);
  if (policy) {
    check_harden(*policy);
  } else {
    check_message(policy.error(), "policy.json:");
  }
  if (const auto secret = harden::find_secret(text.substr(0, text.find('=')), text)) require(!secret->what.empty());
  if (const auto checks = policy::parse_arguments(text)) {
    for (const auto& alternative : *checks)
      for (const auto& check : alternative) require(check.index <= 5 && !check.values.empty());
  }
  return 0;
}
