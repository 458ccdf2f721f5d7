#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "oci/write.h"

namespace cli {

base::Result<int> cmd_features(const GlobalArgs&, const FeaturesArgs&, const base::Log&) {
  oci::Features features;  // the systemd driver and LSM labels are not there yet: none is claimed
  for (const auto& kind : oci::kHookKinds) features.hooks.emplace_back(kind.name);
  features.annotations = oci::feature_annotations(std::string(kVersion), std::string(kLibseccompVersion));
  TRY(print(oci::write_features(features)));
  return 0;
}

}  // namespace cli
