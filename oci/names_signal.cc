// Signals by name and number: `kill ID SIGTERM`, `kill ID 15`, an image's STOPSIGNAL.
#include <signal.h>

#include <array>

#include "base/text.h"
#include "oci/names.h"

namespace oci {

namespace {

// signal(7). The second names of a number come after the first, so that it is shown by the first.
constexpr std::array<Named<int>, 35> kSignals{{
    {"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS},       {"CHLD", SIGCHLD},   {"CONT", SIGCONT},
    {"FPE", SIGFPE},   {"HUP", SIGHUP},   {"ILL", SIGILL},       {"INT", SIGINT},     {"IO", SIGIO},
    {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"PROF", SIGPROF},     {"PWR", SIGPWR},     {"QUIT", SIGQUIT},
    {"SEGV", SIGSEGV}, {"STKFLT", 16},    {"STOP", SIGSTOP},     {"SYS", SIGSYS},     {"TERM", SIGTERM},
    {"TRAP", SIGTRAP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},   {"URG", SIGURG},
    {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ}, {"CLD", SIGCHLD},  {"IOT", SIGABRT},      {"POLL", SIGIO},     {"UNUSED", SIGSYS},
}};

// glibc keeps 32 and 33 for itself and calls 34 SIGRTMIN; images and their STOPSIGNAL mean that one.
constexpr int kRtMin = 34;
constexpr int kRtMax = 64;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::optional<int> real_time_signal(std::string_view name) {
  const std::string_view base = name.substr(0, 5);
  const std::string_view offset = name.substr(base.size());
  if (base != "RTMIN" && base != "RTMAX") return std::nullopt;
  if (offset.empty()) return base == "RTMIN" ? kRtMin : kRtMax;
  if (offset.front() != (base == "RTMIN" ? '+' : '-')) return std::nullopt;
  const auto steps = base::parse_u64(offset.substr(1));
  if (!steps || *steps > kRtMax - kRtMin) return std::nullopt;
  const int distance = static_cast<int>(*steps);
  return base == "RTMIN" ? kRtMin + distance : kRtMax - distance;
}

}  // namespace

base::Result<int> parse_signal(std::string_view text) {
  if (const auto number = base::parse_u64(text); number && *number <= kRtMax) return static_cast<int>(*number);
  const std::string name = upper(text);
  std::string_view bare = name;
  if (bare.substr(0, 3) == "SIG") bare.remove_prefix(3);
  if (const auto number = value_of(std::span<const Named<int>>(kSignals), bare)) return *number;
  if (const auto number = real_time_signal(bare)) return *number;
  return base::Error::usage(base::cat("unknown signal ", base::quote(text)));
}

std::string signal_name(int number) {
  if (const auto name = name_of(std::span<const Named<int>>(kSignals), number); !name.empty())
    return base::cat("SIG", name);
  if (number == kRtMin) return "SIGRTMIN";
  if (number > kRtMin && number <= kRtMax) return base::cat("SIGRTMIN+", number - kRtMin);
  return std::to_string(number);
}

}  // namespace oci
