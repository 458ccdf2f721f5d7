// The order of lists of programs that may be hooks. An entry without a digest stands for every content of its file.
#include <algorithm>

#include "policy/lattice.h"

namespace policy::lattice {

namespace {

using Programs = std::vector<HookProgram>;

// Whatever `a` lets run, `b` does.
bool within_one(const HookProgram& a, const HookProgram& b) { return a.path == b.path && (b.digest.empty() || a.digest == b.digest); }

bool covered(const Programs& list, const HookProgram& entry) {
  return std::any_of(list.begin(), list.end(), [&](const auto& other) { return within_one(entry, other); });
}

}  // namespace

bool within(Strict, const Programs& a, const Programs& b) {
  return std::all_of(a.begin(), a.end(), [&](const auto& entry) { return covered(b, entry); });
}

// Of both lists, what the other one covers.
Programs meet(Strict, const Programs& a, const Programs& b) {
  Programs out;
  for (const auto* one : {&a, &b}) {
    for (const auto& entry : *one) {
      if (covered(one == &a ? b : a, entry) && std::find(out.begin(), out.end(), entry) == out.end()) out.push_back(entry);
    }
  }
  return out;
}

Programs widen(Strict, const Programs& a, const Programs& more) {
  Programs out = a;
  for (const auto& entry : more) {
    if (!covered(out, entry)) out.push_back(entry);
  }
  return out;
}

}  // namespace policy::lattice
