// Where a path of this process leads, as a path that can be compared with others.
#pragma once

#include <string>

namespace kernel {

// Absolute, without "..", symbolic links followed; empty: it leads nowhere. A link of a procfs at its end stays as it is
// (/proc/PID/ns/net); a path that goes on behind one (/proc/PID/root/run) leads to what is another's, and so nowhere.
std::string place_of(std::string path);

}  // namespace kernel
