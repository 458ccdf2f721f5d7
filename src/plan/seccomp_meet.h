// The meet of two filters: for every call the stricter of both answers, in the kernel's order.
#pragma once

#include "plan/seccomp_table.h"

namespace plan {

// Where both answers are equally strict, `request`'s is kept, with its errno.
FilterTable meet(const FilterTable& request, const FilterTable& policy);

}  // namespace plan
