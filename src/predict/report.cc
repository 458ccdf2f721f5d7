// Prediction and observation side by side, for people and for machines.

#include <algorithm>

#include "base/text.h"
#include "oci/json_writer.h"
#include "plan/text_table.h"
#include "predict/predict.h"

namespace predict {
namespace {

bool is_one_of(const std::string& word, const std::string& words) {
  const auto list = base::split(words, '|');
  return word == words || std::find(list.begin(), list.end(), word) != list.end();
}

std::string verdict(bool agrees, const plan::PrintStyle& style) {
  if (!style.colour) return agrees ? "agrees" : "DIFFERS";
  return agrees ? "\x1b[32magrees\x1b[0m" : "\x1b[31mDIFFERS\x1b[0m";
}

// An empty list is something to see, too.
std::string cell(const std::string& text) { return text.empty() ? "(none)" : base::escape(text); }

}  // namespace

Report compare(const Expectations& expectations, const Observations& observations) {
  Report report;
  for (const auto& expected : expectations) {
    const auto found = observations.find(expected.key);
    Finding finding{expected, found == observations.end() ? "not observed" : found->second, false};
    finding.agrees = found != observations.end() && is_one_of(finding.observed, expected.predicted);
    report.differences += finding.agrees ? 0U : 1U;
    report.findings.push_back(std::move(finding));
  }
  return report;
}

std::string print_text(const Report& report, const plan::PrintStyle& style) {
  std::string out = base::cat(report.container.empty() ? "" : "container " + base::escape(report.container) + "  ", "bundle ", base::escape(report.bundle), "  policy ", base::escape(report.policy), "\n\n");
  plan::TextTable table(style, {16, 52, 24, 18});
  // As wide as what is below it: what colours takes no room on a terminal.
  table.row(
      {"control", "attempt", "predicted", "observed", style.colour ? "\x1b[39mverdict\x1b[0m" : "verdict", "because"});
  for (const auto& [expected, observed, agrees] : report.findings) {
    table.row({expected.control, expected.attempt, cell(expected.predicted), cell(observed), verdict(agrees, style),
               expected.because});
  }
  out += std::move(table).print();
  return out + base::cat("\n", report.findings.size(), " controls, ", report.differences,
                         report.differences == 1 ? " differs" : " differ", " from the prediction\n");
}

std::string print_json(const Report& report) {
  oci::JsonWriter w;
  w.begin_object();
  w.member("policy", report.policy);
  w.member("bundle", report.bundle);
  if (!report.container.empty()) w.member("container", report.container);
  w.name("controls");
  w.begin_array();
  for (const auto& [expected, observed, agrees] : report.findings) {
    w.begin_object();
    w.member("control", expected.control);
    w.member("attempt", expected.attempt);
    w.member("predicted", expected.predicted);
    w.member("observed", observed);
    w.member("agrees", agrees);
    w.member("because", expected.because);
    w.end_object();
  }
  w.end_array();
  w.member("differences", report.differences);
  w.end_object();
  return w.take() + "\n";
}

}  // namespace predict
