// Writes a FilterTable down as classic BPF: the arch token, then a balanced tree over the segments of
// call numbers, so that the kernel, which runs a filter once per call number to fill its table of
// always-allowed calls (since 5.11), has little to run. Pure.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "plan/seccomp_table.h"

namespace plan {

// May be longer than the kernel takes (BPF_MAXINSNS); the caller looks.
std::vector<sock_filter> emit(const FilterTable& table);

}  // namespace plan
