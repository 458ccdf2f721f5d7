// The order of the values of each rule: which leaves less to the container, what two leave in common, and what a rule
// says in a few words. Pure. An absent rule is not dealt with here: it leaves everything.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"
#include "policy/rules.h"

namespace policy {

// What a filter answers to one system call.
enum class CallAnswer { kAllow, kByArgument, kErrno };
struct CallState {
  CallAnswer answer = CallAnswer::kErrno;
  std::uint32_t number = 0;                         // the errno; by argument: otherwise
  const ConditionalSyscall* condition = nullptr;  // of the filter
};
CallState state_of(const SeccompPolicy& filter, std::string_view name);
bool within(const CallState& a, const CallState& b);
// Every call that the filter says something of, sorted.
std::vector<std::string_view> named_calls(const SeccompPolicy& filter);

namespace lattice {

// `a` leaves nothing that `b` does not.
bool within(Strict strict, bool a, bool b);
bool within(Strict strict, oci::CapSet a, oci::CapSet b);
bool within(Strict strict, std::uint32_t a, std::uint32_t b);
bool within(Strict strict, std::int64_t a, std::int64_t b);
bool within(Strict strict, ProcView a, ProcView b);
bool within(Strict strict, RootUser a, RootUser b);
bool within(Strict strict, WriteExecute a, WriteExecute b);
bool within(Strict strict, Speculation a, Speculation b);
bool within(Strict strict, Secrets a, Secrets b);
bool within(Strict strict, const Limit& a, const Limit& b);
bool within(Strict strict, WallClock a, WallClock b);
bool within(Strict strict, const SeccompPolicy& a, const SeccompPolicy& b);
bool within(Strict strict, const std::vector<std::string>& a, const std::vector<std::string>& b);
bool within(Strict strict, const Ports& a, const Ports& b);
bool within(Strict strict, const std::vector<RlimitCeiling>& a, const std::vector<RlimitCeiling>& b);
bool within(Strict strict, const std::vector<oci::Namespace>& a, const std::vector<oci::Namespace>& b);
bool within(Strict strict, const std::vector<Tmpfs>& a, const std::vector<Tmpfs>& b);
bool within(Strict strict, const std::vector<DeviceCeiling>& a, const std::vector<DeviceCeiling>& b);
bool within(Strict strict, const std::vector<HookProgram>& a, const std::vector<HookProgram>& b);
bool within(Strict strict, const std::vector<IoCeiling>& a, const std::vector<IoCeiling>& b);

// What both leave. Commutative, associative and idempotent but for the order of lists.
bool meet(Strict strict, bool a, bool b);
oci::CapSet meet(Strict strict, oci::CapSet a, oci::CapSet b);
std::uint32_t meet(Strict strict, std::uint32_t a, std::uint32_t b);
std::int64_t meet(Strict strict, std::int64_t a, std::int64_t b);
ProcView meet(Strict strict, ProcView a, ProcView b);
RootUser meet(Strict strict, RootUser a, RootUser b);
WriteExecute meet(Strict strict, WriteExecute a, WriteExecute b);
Speculation meet(Strict strict, Speculation a, Speculation b);
Secrets meet(Strict strict, Secrets a, Secrets b);
Limit meet(Strict strict, const Limit& a, const Limit& b);
WallClock meet(Strict strict, WallClock a, WallClock b);
std::vector<std::string> meet(Strict strict, std::vector<std::string> a, const std::vector<std::string>& b);
Ports meet(Strict strict, const Ports& a, const Ports& b);
std::vector<RlimitCeiling> meet(Strict strict, const std::vector<RlimitCeiling>& a, const std::vector<RlimitCeiling>& b);
std::vector<oci::Namespace> meet(Strict strict, const std::vector<oci::Namespace>& a, const std::vector<oci::Namespace>& b);
std::vector<Tmpfs> meet(Strict strict, const std::vector<Tmpfs>& a, const std::vector<Tmpfs>& b);
std::vector<DeviceCeiling> meet(Strict strict, const std::vector<DeviceCeiling>& a, const std::vector<DeviceCeiling>& b);
std::vector<HookProgram> meet(Strict strict, const std::vector<HookProgram>& a, const std::vector<HookProgram>& b);
std::vector<IoCeiling> meet(Strict strict, const std::vector<IoCeiling>& a, const std::vector<IoCeiling>& b);

// `a` with what an exception gives on top: of a list that takes away, the exception's entries are no longer on it.
bool widen(Strict strict, bool a, bool more);
oci::CapSet widen(Strict strict, oci::CapSet a, oci::CapSet more);
std::uint32_t widen(Strict strict, std::uint32_t a, std::uint32_t more);
std::int64_t widen(Strict strict, std::int64_t a, std::int64_t more);
ProcView widen(Strict strict, ProcView a, ProcView more);
RootUser widen(Strict strict, RootUser a, RootUser more);
WriteExecute widen(Strict strict, WriteExecute a, WriteExecute more);
Speculation widen(Strict strict, Speculation a, Speculation more);
Secrets widen(Strict strict, Secrets a, Secrets more);
Limit widen(Strict strict, const Limit& a, const Limit& more);
WallClock widen(Strict strict, WallClock a, WallClock more);
SeccompPolicy widen(Strict strict, const SeccompPolicy& a, const SeccompPolicy& more);
std::vector<std::string> widen(Strict strict, const std::vector<std::string>& a, const std::vector<std::string>& more);
Ports widen(Strict strict, const Ports& a, const Ports& more);
std::vector<RlimitCeiling> widen(Strict strict, const std::vector<RlimitCeiling>& a, const std::vector<RlimitCeiling>& more);
std::vector<oci::Namespace> widen(Strict strict, const std::vector<oci::Namespace>& a, const std::vector<oci::Namespace>& more);
std::vector<Tmpfs> widen(Strict strict, const std::vector<Tmpfs>& a, const std::vector<Tmpfs>& more);
std::vector<DeviceCeiling> widen(Strict strict, const std::vector<DeviceCeiling>& a, const std::vector<DeviceCeiling>& more);
std::vector<HookProgram> widen(Strict strict, const std::vector<HookProgram>& a, const std::vector<HookProgram>& more);
std::vector<IoCeiling> widen(Strict strict, const std::vector<IoCeiling>& a, const std::vector<IoCeiling>& more);

// For people.
std::string text(bool value);
std::string text(oci::CapSet value);
std::string text(std::uint32_t value);
std::string text(std::int64_t value);
std::string text(ProcView value);
std::string text(RootUser value);
std::string text(WriteExecute value);
std::string text(Speculation value);
std::string text(Secrets value);
std::string text(const Limit& value);
std::string text(WallClock value);
std::string text(const SeccompPolicy& value);
std::string text(const std::vector<std::string>& value);
std::string text(const Ports& value);
std::string text(const std::vector<RlimitCeiling>& value);
std::string text(const std::vector<oci::Namespace>& value);
std::string text(const std::vector<Tmpfs>& value);
std::string text(const std::vector<DeviceCeiling>& value);
std::string text(const std::vector<HookProgram>& value);
std::string text(const std::vector<IoCeiling>& value);

}  // namespace lattice

}  // namespace policy
