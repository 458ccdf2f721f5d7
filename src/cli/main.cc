// bulkhead, and its tools: reads the command line, runs one verb, and reports its error once.
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/args.h"
#include "cli/descriptors.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitExec = 255;  // `exec` keeps 1 for the program that it runs

base::Result<int> run(const cli::CommandLine& line, char** argv, const base::Log& log) {
  if (!line.text) return cli::run_verb(line, argv, log);
  TRY(cli::print(*line.text));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  base::Log log;
  if (const auto secured = cli::secure_descriptors(); !secured.has_value()) {
    log.error(secured.error());
    return kExitFailure;
  }
  const cli::CommandLine line = cli::parse_command_line(std::vector<std::string>(argv, argv + argc));
  log.set_debug(line.global.debug);
  if (!line.global.log.empty()) {
    auto opened = base::Log::open(line.global.log, line.global.log_format, line.global.debug);
    if (!opened.has_value()) {
      log.error(opened.error());
      return kExitFailure;
    }
    log = *std::move(opened);
  }
  if (line.error) {
    log.error(*line.error);
    return line.exit_code;
  }
  const auto code = run(line, argv, log);
  if (code.has_value()) return *code;
  log.error(code.error());
  return std::holds_alternative<cli::ExecArgs>(line.args) ? kExitExec : kExitFailure;
}
