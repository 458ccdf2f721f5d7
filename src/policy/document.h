// One policy file of any kind, as a value: what read_document() makes of its text and resolve() works with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace policy {

enum class Kind {
  kProfile,     // the ceiling of a class of workloads
  kFloor,       // the node owner's: met with every profile, and no exception goes beyond it
  kDeny,        // met with every profile too; one small file that shuts one hole
  kBindings,    // which profile a container gets
  kExceptions,  // what one of them may have on top, for a while
};
std::string_view kind_name(Kind kind);

// What selects: facts that the node, not the container's image or its author, vouches for.
struct Subject {
  std::string namespace_;  // of the pod
  std::string pod;
  std::string container;   // its name in the pod
  std::string image;
  std::string type;        // "sandbox" or "container"
  std::string id;
  std::string cgroup;      // cgroupsPath
  std::string bundle;
  std::string entrypoint;  // see entrypoint.h
  std::string asked;       // the profile that the container's own annotation asks for
};

// A fact and the patterns ("*", "?") of which one must fit.
struct Condition {
  std::string Subject::*fact = nullptr;
  std::string name;
  std::vector<std::string> patterns;
};

// All conditions hold; without any, always.
struct When {
  std::vector<Condition> all_of;
  bool looks_at_entrypoint() const;
};
bool holds(const When& when, const Subject& subject);

struct Binding {
  When when;
  std::string profile;
  std::optional<Mode> mode;
  Origin origin;
};

struct Exception {
  std::string id;
  When when;
  Policy allow;
  std::string reason, owner, ticket;
  std::int64_t expires = 0;  // seconds since 1970; from then on it is as if it were not there
  std::string expires_text;  // "2027-01-31", the last day on which it holds
  Origin origin;
};

// Where the log of decisions goes; see man/bulkhead-policy.5.
struct DecisionLog {
  std::string sink;  // "none", "syslog", "journald", or "file:" and an absolute path
  std::uint64_t max_size = 0;
  std::uint64_t per_minute = 0;  // lines, of all containers together; 0: any number
  bool required = false;         // no container starts unlogged
  Origin origin;
};

// What a file says of itself, for `policy test`.
struct PolicyTest {
  std::string name;
  std::string config;  // a config.json, relative to the file; empty: the one that `spec` writes
  struct Expectation {
    std::string what;    // a control, "syscall:NAME" or "syscall:NAME(1,2)", "changed", or "refused"
    std::vector<std::string> want;
    Origin origin;
  };
  std::vector<Expectation> expect;
  Origin origin;
};

struct Document {
  Kind kind = Kind::kProfile;
  std::string file;  // where it was read
  Policy policy;  // the head of every kind; rules of a profile, floor or deny file
  std::vector<Binding> bindings;
  std::vector<Exception> exceptions;
  std::string until_kernel;  // of a deny file: from this version on the kernel has no such hole, and the file no effect
  std::optional<std::uint64_t> max_exception_days;  // of a floor
  std::optional<DecisionLog> log;                   // of a floor
  std::vector<PolicyTest> tests;
  std::string extends;  // of a profile: "builtin:faas@1"
};

// By kind, then by id: equal only if they are of one kind and have one id.
bool precedes(const Document* a, const Document* b);

}  // namespace policy
