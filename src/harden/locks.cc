// What a process can lock for itself and all that it becomes, and config.json has no words for.
#include "harden/work.h"
#include "policy/secure_bits.h"

namespace harden {

namespace {

void lock_secure_bits(Work& work) {
  const auto& rule = work.policy.process.locked_secure_bits;
  if (!rule || rule->value.empty()) return;
  work.locks.secure_bits = policy::secure_bits(rule->value);
  decide(work, *rule,
         {.control = "process.lockedSecureBits",
          .where = "/process/capabilities",
          .requested = "absent",
          .effective = list(rule->value),
          .why = "being user 0, and changing the user, give no capability, now or later"});
}

}  // namespace

void harden_locks(Work& work) {
  if (!work.spec.process) return;
  lock_secure_bits(work);
}

}  // namespace harden
