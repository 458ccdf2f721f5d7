// One control: what is tried, what must come of it and why. Values only.
#pragma once

#include <string>
#include <vector>

namespace predict {

struct Expectation {
  std::string control;  // the area: "namespaces"
  std::string attempt;  // for people: "make a user namespace (unshare)"
  std::string key;      // of the observation
  std::string
      predicted;  // words between '|', of which one must be observed: the kernel's version or configuration decides
  std::string because;  // what stops it, or that nothing does
};

using Expectations = std::vector<Expectation>;

}  // namespace predict
