// What has come to a policy since the container was made for which it was in force. Pure.
#pragma once

#include "policy/chain.h"

namespace policy {

// Floors and deny files of today, of what they say of a process: it is asked of what is started in the container from now
// on. What they say of namespaces, mounts and resources comes too late. Nothing gets wider.
// What is only audited is so here too.
void tighten_later(Effective& policy, const Chain& today, const Circumstances& circumstances);

}  // namespace policy
