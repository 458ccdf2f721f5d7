// From a bundle and a policy to a plan: what create, run and explain have in common. Reads only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "cli/select.h"
#include "harden/harden.h"
#include "kernel/facts.h"
#include "kernel/id_ranges.h"
#include "oci/json.h"
#include "plan/plan.h"

namespace cli {

struct Prepared {
  Selected selected;
  harden::Outcome outcome;
  plan::LaunchPlan plan;
  bool remapped = false;  // the plan relies on an idmapped root
  std::optional<kernel::IdRange> ids;  // locked until the container's directory is there, which then keeps them
  harden::Abilities abilities;         // by which it was decided
  std::string config;                  // the text of config.json
  std::optional<oci::Json> document;   // config.json, parsed: of no more use, ended when that holds nobody up
};

// A program that is executed in place of the container's.
struct Substitute {
  std::string program;
  // Called with each plan that is made, to say how the program is run.
  std::function<void(Prepared& prepared, const kernel::Facts& facts)> finish;
};

// What becomes of a container that the policy refuses, beside the error.
enum class Refusals { kTell, kLog };

struct PrepareRequest {
  std::string id;
  std::string bundle;  // empty: the current directory
  bool gate = true;
  bool no_pivot = false;
  bool no_new_keyring = false;
  std::uint32_t preserve_fds = 0;
  const Substitute* substitute = nullptr;
  // Set after a first try failed on it: this root cannot be idmapped after all, and why.
  std::string remap_unable;
  Refusals refusals = Refusals::kTell;
  bool claims_ids = false;  // the container is made: no other has its range of ids
  // Called, if set, once the policy has decided and it is known what the clone needs; the rest is planned then.
  std::function<base::Result<void>(const plan::ClonePlan& clone)> begin;
};

base::Result<Prepared> prepare(const GlobalArgs& global, const PrepareRequest& request, const base::Log& log);

base::Result<std::string> read_config(const std::string& bundle);

// What the container's own /etc/passwd says is the home of `uid`; empty if it says nothing.
std::string find_home(int root_fd, std::uint32_t uid);

// From the cache, or compiled and put there. Without a usable cache every start pays for the compilation.
base::Result<plan::SeccompProgram> find_program(const harden::Hardened& hardened, const base::Log& log);

bool has_home(const oci::Process& process);

// What of the program that `process` names the policy looks at: its kind, and the digests.
void look_at_program(harden::Abilities& abilities, const oci::Process& process, const policy::Effective& policy, int root_fd);

}  // namespace cli
