// The sandbox as the program in it will find it: what the prediction asks. Private to the room. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "plan/seccomp_answer.h"
#include "predict/expectation.h"
#include "predict/host.h"

namespace predict {

inline constexpr std::uint64_t kPointer = 4096;     // some address; no filter can look behind it
inline constexpr const char* kFilter = "seccomp filter";  // Expectation::because
inline constexpr std::uint32_t kOtherOwner = 4242;  // as TINY_OWNER of the probe

// Whose a namespace is.
enum class Share { kOwn, kHosts, kOthers };

struct Call {
  plan::Abi abi = plan::kNativeAbi;
  std::uint32_t number = 0;
  plan::CallArgs args;
};

struct Sandbox {
  const harden::Hardened& hardened;
  const oci::Spec& spec;
  const plan::LaunchPlan& plan;
  const Host& host;
  oci::Capabilities caps{};  // after execve
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t secure_bits = 0;
  bool no_new_privs = false;
  bool user_namespace = false;  // not the initial one
  bool joined_user = false;     // … but one that was there already
  bool procfs = false;
  bool landlocked = false;
  bool hosts_procfs = false;  // bound, not one of its pid namespace

  bool has_namespace(std::uint64_t type) const;                               // not the host's
  Share share(std::uint64_t type, const char* file) const;                    // file: of /proc/self/ns
  // Of the options of its procfs the last one of that name, "hidepid": its value, or nothing.
  std::optional<std::string> proc_option(const std::string& name) const;
  bool cap(int number) const { return (caps.effective >> number & 1) != 0; }  // over its own namespaces
  bool host_cap(int number) const { return cap(number) && !user_namespace; }  // over the host
  bool global_root() const { return uid == 0 && !user_namespace; }
  std::string sysctl(const std::string& path) const;  // empty: unknown
  bool masked(const std::string& path) const;         // it, or what it is in
  bool known_maps() const { return !joined_user; }    // of a user namespace that is joined nobody says what ids it has
  bool maps(std::uint32_t id) const;                  // whether the id is, or may be, one of its user namespace's

  // Whether Landlock leaves this right (kernel/landlock.h) at a path.
  bool landlock_leaves(const std::string& path, std::uint64_t right) const;

  // The word in which the filter's refusal is observed; absent if it lets the call through.
  std::optional<std::string> refusal(const Call& call) const;
  // Of an attempt that takes these calls, in this order: the first refusal is what is predicted, if there is one.
  void apply_filter(Expectation& row, std::initializer_list<Call> calls) const;
};

Sandbox sandbox_of(const harden::Hardened& hardened, const plan::LaunchPlan& plan, const Host& host);

// What the kernel answers to who makes a user namespace, whatever the call.
std::string new_user_namespace(const Sandbox& box);  // calls.cc

std::string errno_word(int error);  // "EPERM"; 0: "ok"

// The parts of a prediction, each in a file of its own.
void expect_process(const Sandbox& box, Expectations& out);     // process.cc
void expect_namespaces(const Sandbox& box, Expectations& out);  // namespaces.cc
void expect_mounts(const Sandbox& box, Expectations& out);      // mounts.cc
void expect_paths(const Sandbox& box, Expectations& out);       // paths.cc
void expect_calls(const Sandbox& box, Expectations& out);       // calls.cc
void expect_sequences(const Sandbox& box, Expectations& out);   // sequences.cc
void expect_sockets(const Sandbox& box, Expectations& out);     // sockets.cc
void expect_landlock(const Sandbox& box, Expectations& out);    // landlock.cc
void expect_procfs(const Sandbox& box, Expectations& out);      // procfs.cc
void expect_outside(const Sandbox& box, Expectations& out);     // outside.cc
void expect_network(const Sandbox& box, Expectations& out);     // network.cc
void expect_exhaustion(const Sandbox& box, Expectations& out);  // exhaustion.cc

// Where something is written and executed, as paths in the container; what mount is seen where.
struct SeenMount {
  std::string target;
  std::optional<std::uint64_t> flags;  // ST_*, exactly; absent: not known
  bool writable_place = false;         // a directory in which files may be made, if it is not read-only
  bool open_to_all = false;            // whoever the user is
  std::string because;
};
std::vector<SeenMount> seen_mounts(const Sandbox& box);

void expect_place(const Sandbox& box, const SeenMount& mount, Expectations& out);  // places.cc

// What the probe is told of TCP ports: option and value.
std::vector<std::pair<std::string, std::string>> port_arguments(const Sandbox& box);

// What the probe is told of what lies outside, and of addresses.
std::vector<std::pair<std::string, std::string>> procfs_arguments(const Sandbox& box);
std::vector<std::pair<std::string, std::string>> outside_arguments(const Sandbox& box);
std::vector<std::pair<std::string, std::string>> network_arguments(const Sandbox& box);
bool hides_processes(const Sandbox& box);   // some of its procfs, by an option
bool may_name_outside(const Sandbox& box);  // whether the runtime's pid is none of the container's own

// The limits that are run into, as decimal numbers; empty: not.
std::string pids_limit(const Sandbox& box);
std::string memory_limit(const Sandbox& box);

}  // namespace predict
