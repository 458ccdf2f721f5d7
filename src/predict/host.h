// What is not in a plan and yet decides what a program sees: what the container shares with, or inherits from, the host
// and the runtime's process. Gathered by cli, so that predictions stay pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "kernel/facts.h"

namespace predict {

struct Limit {
  std::uint64_t soft = 0, hard = 0;
};

struct Source {             // of a bind mount, or of the root
  std::uint64_t flags = 0;  // ST_* as statvfs(3) tells
  bool directory = false;
};

struct Host {
  kernel::Facts facts;
  std::map<std::string, std::string> namespaces;  // file in /proc/self/ns -> "net:[4026531840]"
  std::map<std::string, std::string> joined;      // the same of the namespaces that the plan joins by path
  std::map<std::string, Limit> rlimits;           // "RLIMIT_CORE" -> of this process
  std::map<std::string, Source> sources;          // path on the host -> what is there
  std::map<std::string, std::string> sysctls;     // path below /proc/sys -> value without the new line
  int securebits = 0;
  int seccomp_mode = 0;
  bool no_new_privs = false;
  int oom_score_adj = 0;
  bool swap = false;
  std::uint32_t pid = 0, uid = 0;  // of the runtime's process: one that is outside
  std::string abstract_socket;     // of the host's network namespace, that somebody listens on (unix(7)); empty: none
  bool running = false;  // the container is there already: the probe is one more program in it, and `joined` has all its namespaces
};

}  // namespace predict
