// libFuzzer target for the policy reader and for harden() under whatever policy comes out of it.
// Besides not crashing: a policy is either taken or refused with one line that names the file; what it does to
// a request can be done twice without a difference, never gives a capability and never tells a secret.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "harden/harden.h"
#include "harden/secrets.h"
#include "oci/read.h"
#include "oci/write.h"
#include "policy/arguments.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/combine.h"
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

bool is_builtin(std::string_view source) {
  for (const auto name : policy::builtin_policy_names()) {
    if (source.starts_with(base::cat(name, ".json:/"))) return true;
  }
  return false;
}

void check_harden(const policy::Policy& policy) {
  const harden::Abilities abilities{.remap = true, .remap_unable = "", .remap_base = 100000, .landlock_abi = harden::kNewestLandlock};
  const auto once = harden::harden(request(), policy, abilities);
  if (!once) return check_message(once.error(), "");
  const auto& spec = once->hardened.spec();
  require((all_of(spec) & ~all_of(request())) == 0);
  require(spec.mounts.size() >= request().mounts.size());
  for (const auto& decision : once->decisions) {
    require(decision.source.starts_with("policy.json:/") || is_builtin(decision.source));  // extended
    require((decision.requested + decision.effective).find(kSecret) == std::string::npos);
  }
  const auto twice = harden::harden(spec, policy, abilities);
  require(twice.has_value());
  require(twice->hardened.spec().mounts.size() == spec.mounts.size());
  require(twice->hardened.spec().process->env == spec.process->env);
  require(twice->hardened.spec().linux.masked_paths == spec.linux.masked_paths);
  require(twice->hardened.spec().linux.namespaces.size() == spec.linux.namespaces.size());
}

const policy::Circumstances kNow{.now = 1'800'000'000, .built = 1, .kernel_release = "6.1.0"};

// A file of any kind, over a policy that changes nothing, and over one that changes much.
void check_chain(policy::Document document) {
  const std::string own = document.kind == policy::Kind::kProfile ? document.policy.id() : "";
  auto chain = policy::make_chain({std::move(document)});
  require(chain.has_value());
  for (const auto* standard : {"passthrough", "faas"}) {
    const auto effective = policy::resolve(*chain, own, standard, {}, kNow);
    if (!effective) return check_message(effective.error(), "");  // a binding's profile that is not there
    const auto alone = policy::resolve({}, "", standard, {}, kNow);
    if (own.empty() && chain->documents.front().bindings.empty() && chain->documents.front().exceptions.empty()) {
      for (const auto& difference : policy::differences(alone->policy, effective->policy)) require(!difference.wider);
    }
    const auto out = harden::harden(request(), *effective, {.remap = true, .remap_unable = "", .remap_base = 100000});
    if (!out) return check_message(out.error(), "");
    require((all_of(out->hardened.spec()) & ~all_of(request())) == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto document = policy::read_document(text, "policy.json", policy::builtin_group, policy::builtin_base);
  if (document) {
    static_cast<void>(policy::lint(text, "policy.json", *document, kNow));
    if (document->kind == policy::Kind::kProfile) check_harden(document->policy);
    check_chain(*std::move(document));
  } else {
    check_message(document.error(), "policy.json:");
  }
  if (const auto secret = harden::find_secret(text.substr(0, text.find('=')), text)) require(!secret->what.empty());
  if (const auto checks = policy::parse_arguments(text)) {
    for (const auto& alternative : *checks)
      for (const auto& check : alternative) require(check.index <= 5 && !check.values.empty());
  }
  return 0;
}
