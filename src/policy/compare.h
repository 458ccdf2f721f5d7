// What one policy file leaves that another of its kind does not. Pure.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/combine.h"
#include "policy/document.h"

namespace policy {

// The profile that a binding names, or, without a name, the one of a container that none fits.
using ProfileLookup = std::function<base::Result<Policy>(std::string_view name)>;

// Both are of one kind. `wider` is: of rules, that something is left; of exceptions, that something is given, to more
// containers or for longer; of bindings, that some container may come to a profile that leaves something, and, where a
// profile is not there, that nobody knows.
std::vector<Difference> compare(const Document& before, const Document& after, const ProfileLookup& profiles);

// Where `inner` holds, `outer` does, too. Neither may be so.
bool covers(const When& outer, const When& inner);
// Every text that fits the pattern `inner` fits `outer`: as base::fits() has them.
bool covers(std::string_view outer, std::string_view inner);
// No container is both.
bool excludes(const When& a, const When& b);

// {"namespace": "a" or "b", "type": "sandbox"}; "any container".
std::string when_text(const When& when);

}  // namespace policy
