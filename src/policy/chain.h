// All policy files of a node, and the one function that makes of them what holds for one container: create, run,
// explain, audit and test all ask resolve().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "policy/effective.h"

namespace policy {

struct Chain {
  std::string directory;
  std::vector<Document> documents;  // in the order of their names; a node's policy.json first
  std::vector<std::string> ignored;  // what policy.d has besides: the name does not end in ".json", though it is no hidden file
  bool has_main = false;            // the first one is policy.json: if it is a profile, the one where no binding holds
  bool looks_at_entrypoint() const;
};

// What the node's clock and kernel say; passed in, so that resolve() is the same function at every time and place.
struct Circumstances {
  std::int64_t now = 0;         // seconds since 1970
  std::int64_t built = 0;       // when this program was made: a clock that is behind it is wrong, and no exception holds
  std::string kernel_release;   // "6.18.44"; until of deny files
};

// What it is that the directory itself is not there.
enum class Missing { kFine, kError };

// DIRECTORY/policy.json and DIRECTORY/policy.d/*.json. None of them need be there. Fails closed: a file, directory or link
// that others than root and the caller can change, a link to nowhere, or what is not to be understood, is an error. `log`,
// if given, gets what the files that are in order say of the log of decisions, also where one is not.
base::Result<Chain> load_chain(const std::string& directory, Missing missing, std::optional<DecisionLog>* log = nullptr);

// "…/x.json.bak" is not read: …, for each of chain.ignored.
std::vector<std::string> remarks_on_ignored(const Chain& chain);

// The built-in profile of a container where no file says otherwise.
inline constexpr std::string_view kStandardProfile = "faas";
// The profile of a container that nothing selects another one for, by the name that find_profile() takes: the node's
// policy.json, if it is one, or the built-in one called `standard`.
std::string default_profile(const Chain& chain, std::string_view standard = kStandardProfile);

// "6.18.44-fc" is older than "6.18.60".
bool is_older_kernel(std::string_view a, std::string_view b);

// Whether a floor or deny file has an effect on this kernel.
bool is_in_force(const Document& document, const Circumstances& circumstances);

// A chain of documents that are given, sorted and checked as files are.
base::Result<Chain> make_chain(std::vector<Document> documents);

// The profile of that name: "py-http", "py-http@3" of the chain, else a built-in one, else
// /usr/share/bulkhead/profiles/NAME.json; "builtin:NAME@VERSION" is the built-in one whatever the chain has. A name with
// a "/" or that ends in ".json" is a file.
base::Result<Policy> find_profile(const Chain& chain, std::string_view name);

// `asked`: --policy; empty: the bindings, else the node's policy.json, else `standard`. The annotation of a container
// (subject.asked) may pick a selectable profile that is nowhere wider than what it would get without; else an error.
base::Result<Effective> resolve(const Chain& chain, std::string_view asked, std::string_view standard, const Subject& subject,
                                const Circumstances& circumstances);

}  // namespace policy
