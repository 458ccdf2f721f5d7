#include "cli/version.h"

#include "base/text.h"
#include "cli/commit.h"
#include "oci/write.h"

namespace cli {
namespace {

// Callers that ask for a version of runc want to know what they can rely on: this release's behaviour.
constexpr std::string_view kRuncVersion = "1.2.0";

}  // namespace

std::string version_text(std::string_view program) {
  const std::string version =
      program == "runc" ? base::cat(kRuncVersion, "-bulkhead-", kVersion) : std::string(kVersion);
  return base::cat(program, " version ", version, "\ncommit: ", kCommit, "\nspec: ", oci::kOciVersionMax,
                   "\nlibseccomp: ", kLibseccompVersion, '\n');
}

}  // namespace cli
