// The decision log's line for one container: what was decided, by which policy, and why. Never the value of a variable.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/prepare.h"
#include "monitor/decision_log.h"

namespace cli {

class DecisionLog {
 public:
  // Opened before anything is made. A log that cannot be opened is an error only if it is required.
  static base::Result<DecisionLog> open(const std::optional<policy::DecisionLog>& wanted, const base::Log& log);

  // A line that is not about how a container was made.
  base::Result<void> tell(const std::string& line, const std::string& id, const base::Log& log) const;
  base::Result<void> created(const Prepared& prepared, const base::Log& log) const;

 private:
  std::optional<monitor::DecisionSink> sink_;
  std::uint64_t per_minute_ = 0;
  bool required_ = false;
};

// A policy refused the container: told too, as far as it can be.
void log_refusal(const std::optional<policy::DecisionLog>& wanted, const std::string& id, const base::Error& error);

// "sha256:…" of what the policies in force say together.
std::string policy_id(const policy::Effective& policy);
std::string policy_id(const policy::Policy& policy);

// For `explain --id`: one JSON object with "policyOption" (--policy), and the reasons of the decisions.
std::string decided_text(const Prepared& prepared, const std::string& policy_option);

std::string decision_line(const Prepared& prepared, const std::string& time);

// A program that is about to be started in a container: the name of its file, as it was asked for, and no argument.
struct Executed {
  std::string id, policy, policy_id;
  const oci::Process& process;
  const harden::Decisions& decisions;
};
std::string exec_line(const Executed& executed, const std::string& time);

}  // namespace cli
