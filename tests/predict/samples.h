// Inputs for the tests of the prediction: a plan with the probe as its program, on an imagined host.
#pragma once

#include <string>

#include "predict/predict.h"
#include "tests/plan/samples.h"

namespace predict_samples {

struct Case {
  harden::Outcome outcome;
  plan::LaunchPlan plan;
  predict::Host host;
};

predict::Host host();
// The plan, or the test fails.
Case made(oci::Spec spec, const char* policy = "passthrough", const predict::Host& host = predict_samples::host());
predict::Expectations expectations(const Case& from);
predict::Expectations expectations(oci::Spec spec, const char* policy = "passthrough");
// The row of a key; the test fails if there is none.
predict::Expectation row(const predict::Expectations& rows, const std::string& key);
std::string word(const predict::Expectations& rows, const std::string& key);  // what is predicted there
// What a sandbox shows that is as predicted: the first of several words.
predict::Observations as_predicted(const predict::Expectations& rows);

oci::CapSet all_capabilities();
// A spec that asks for every capability in every set, as root, and for nothing that confines.
oci::Spec wide_open();
void add_namespace(oci::Spec& spec, std::uint64_t type, const char* path = "");

}  // namespace predict_samples
