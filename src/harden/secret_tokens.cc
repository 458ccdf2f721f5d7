// Tokens that have a form of their own: a prefix, an alphabet and a length that nothing else has by accident.
// The forms are those that the services publish for secret scanners.
#include <algorithm>
#include <array>
#include <span>

#include "harden/secrets.h"

namespace harden {

namespace {

enum class Alphabet { kHex, kUpper, kAlnum, kWord, kUrl, kDotted };

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z'); }

bool is_in(Alphabet alphabet, char c) {
  switch (alphabet) {
    case Alphabet::kHex: return is_digit(c) || (c >= 'a' && c <= 'f');
    case Alphabet::kUpper: return is_digit(c) || is_upper(c);
    case Alphabet::kAlnum: return is_alnum(c);
    case Alphabet::kWord: return is_alnum(c) || c == '_';
    case Alphabet::kUrl: return is_alnum(c) || c == '_' || c == '-';
    case Alphabet::kDotted: return is_alnum(c) || c == '_' || c == '-' || c == '.';
  }
  return false;
}

struct Form {
  std::string_view what, prefix;
  Alphabet alphabet;
  std::size_t least, most;  // characters behind the prefix
};

constexpr std::size_t kAny = 4096;
constexpr std::size_t kLongest = 4 * kAny;  // looked at from one place: a value may be of megabytes

constexpr auto kForms = std::to_array<Form>({
    {"aws-key", "AKIA", Alphabet::kUpper, 16, 16},
    {"aws-key", "ASIA", Alphabet::kUpper, 16, 16},
    {"aws-key", "ABIA", Alphabet::kUpper, 16, 16},
    {"aws-key", "ACCA", Alphabet::kUpper, 16, 16},
    {"google-api-key", "AIza", Alphabet::kUrl, 35, 35},
    {"google-oauth-secret", "GOCSPX-", Alphabet::kUrl, 28, 28},
    {"github-token", "ghp_", Alphabet::kAlnum, 36, 255},
    {"github-token", "gho_", Alphabet::kAlnum, 36, 255},
    {"github-token", "ghu_", Alphabet::kAlnum, 36, 255},
    {"github-token", "ghs_", Alphabet::kAlnum, 36, 255},
    {"github-token", "ghr_", Alphabet::kAlnum, 36, 255},
    {"github-token", "github_pat_", Alphabet::kWord, 80, 255},
    {"gitlab-token", "glpat-", Alphabet::kDotted, 20, 300},
    {"gitlab-token", "gldt-", Alphabet::kDotted, 20, 300},
    {"gitlab-token", "glrt-", Alphabet::kDotted, 20, 300},
    {"gitlab-token", "glptt-", Alphabet::kUrl, 40, 40},
    {"slack-token", "xoxa-", Alphabet::kUrl, 10, kAny},
    {"slack-token", "xoxb-", Alphabet::kUrl, 10, kAny},
    {"slack-token", "xoxp-", Alphabet::kUrl, 10, kAny},
    {"slack-token", "xoxr-", Alphabet::kUrl, 10, kAny},
    {"slack-token", "xoxs-", Alphabet::kUrl, 10, kAny},
    {"slack-token", "xapp-", Alphabet::kUrl, 20, kAny},
    {"stripe-key", "sk_live_", Alphabet::kAlnum, 10, 255},
    {"stripe-key", "sk_test_", Alphabet::kAlnum, 10, 255},
    {"stripe-key", "sk_prod_", Alphabet::kAlnum, 10, 255},
    {"stripe-key", "rk_live_", Alphabet::kAlnum, 10, 255},
    {"stripe-key", "rk_test_", Alphabet::kAlnum, 10, 255},
    {"stripe-key", "rk_prod_", Alphabet::kAlnum, 10, 255},
    {"stripe-key", "whsec_", Alphabet::kAlnum, 32, 255},
    {"anthropic-key", "sk-ant-", Alphabet::kUrl, 20, 255},
    {"openai-key", "sk-proj-", Alphabet::kUrl, 20, 255},
    {"openai-key", "sk-svcacct-", Alphabet::kUrl, 20, 255},
    {"npm-token", "npm_", Alphabet::kAlnum, 36, 36},
    {"pypi-token", "pypi-AgEI", Alphabet::kUrl, 40, kAny},
    {"rubygems-key", "rubygems_", Alphabet::kHex, 48, 48},
    {"docker-token", "dckr_pat_", Alphabet::kUrl, 20, 64},
    {"sendgrid-key", "SG.", Alphabet::kDotted, 60, 80},
    {"twilio-key", "SK", Alphabet::kHex, 32, 32},
    {"huggingface-token", "hf_", Alphabet::kAlnum, 30, 64},
    {"digitalocean-token", "dop_v1_", Alphabet::kHex, 64, 64},
    {"digitalocean-token", "doo_v1_", Alphabet::kHex, 64, 64},
    {"digitalocean-token", "dor_v1_", Alphabet::kHex, 64, 64},
    {"databricks-token", "dapi", Alphabet::kHex, 32, 32},
    {"vault-token", "hvs.", Alphabet::kUrl, 24, 300},
    {"vault-token", "hvb.", Alphabet::kUrl, 24, 300},
    {"vault-token", "hvr.", Alphabet::kUrl, 24, 300},
    {"shopify-token", "shpat_", Alphabet::kHex, 32, 32},
    {"shopify-token", "shpca_", Alphabet::kHex, 32, 32},
    {"shopify-token", "shppa_", Alphabet::kHex, 32, 32},
    {"shopify-token", "shpss_", Alphabet::kHex, 32, 32},
    {"grafana-token", "glsa_", Alphabet::kWord, 32, 64},
    {"grafana-token", "glc_ey", Alphabet::kAlnum, 32, kAny},
    {"sentry-token", "sntrys_ey", Alphabet::kUrl, 40, kAny},
    {"supabase-token", "sbp_", Alphabet::kHex, 40, 40},
    {"atlassian-token", "ATATT3", Alphabet::kUrl, 100, 300},
    {"linear-key", "lin_api_", Alphabet::kAlnum, 40, 40},
    {"postman-key", "PMAK-", Alphabet::kUrl, 59, 59},
    {"tailscale-key", "tskey-", Alphabet::kUrl, 20, 128},
    {"age-key", "AGE-SECRET-KEY-1", Alphabet::kUpper, 58, 58},
    {"1password-token", "ops_eyJ", Alphabet::kUrl, 40, kAny},
});

// Two characters with which a form may begin have a mark at place_of() them: most words are told by that alone.
constexpr std::size_t place_of(char first, char second) {
  return (static_cast<unsigned char>(first) * 8U ^ static_cast<unsigned char>(second)) & 0xffU;
}

constexpr auto kBeginnings = [] {
  std::array<bool, 256> marks{};
  for (const auto& form : kForms) marks[place_of(form.prefix[0], form.prefix[1])] = true;
  return marks;
}();

// Found anywhere: long enough that nothing else has them by accident.
constexpr auto kMarks = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"openai-key", "T3BlbkFJ"},
    {"terraform-token", ".atlasv1."},
    {"putty-key", "PuTTY-User-Key-File-"},
    {"slack-webhook", "https://hooks.slack.com/services/T"},
    // base64 of "-----BEGIN … PRIVATE KEY"
    {"private-key", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt"},
    {"private-key", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t"},
    {"private-key", "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0t"},
    {"private-key", "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ"},
    {"private-key", "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURSBLRVkt"},
});

std::size_t run_length(Alphabet alphabet, std::string_view text) {
  const auto end = std::find_if(text.begin(), text.end(), [alphabet](char c) { return !is_in(alphabet, c); });
  return static_cast<std::size_t>(end - text.begin());
}

// A key of the services' old sandbox, A3T and one more character.
bool is_a3t(std::string_view text) {
  return text.starts_with("A3T") && run_length(Alphabet::kUpper, text) == 20 &&
         (text.size() == 20 || !is_alnum(text[20]));
}

// Two JSON objects and a signature, each in base64url: RFC 7519. "{" and a quote are "ey" there.
bool is_jwt(std::string_view text) {
  for (int part = 0; part < 2; ++part) {
    const auto n = run_length(Alphabet::kUrl, text);
    if (!text.starts_with("ey") || n < 12 || n >= text.size() || text[n] != '.') return false;
    text.remove_prefix(n + 1);
  }
  return true;
}

// Three characters, a digit, "Q~" and 31 to 34 more.
bool is_entra_secret(std::string_view text) {
  if (text.size() < 37 || !is_digit(text[3]) || text.substr(4, 2) != "Q~") return false;
  const auto rest = text.substr(6);
  const auto end =
      std::find_if(rest.begin(), rest.end(), [](char c) { return !is_in(Alphabet::kDotted, c) && c != '~'; });
  const auto n = end - rest.begin();
  return n >= 31 && n <= 34;
}

// What begins at the start of `text`, before which no word ends.
std::string_view token_at(std::string_view text) {
  const bool known = text.size() > 1 && kBeginnings[place_of(text[0], text[1])];
  for (const auto& form : known ? std::span<const Form>(kForms) : std::span<const Form>()) {
    if (!text.starts_with(form.prefix)) continue;
    const auto n = run_length(form.alphabet, text.substr(form.prefix.size()));
    const auto end = form.prefix.size() + n;
    const bool whole = end == text.size() || !is_alnum(text[end]);
    if (n >= form.least && n <= form.most && whole) return form.what;
  }
  if (is_a3t(text)) return "aws-key";
  if (is_jwt(text)) return "jwt";
  if (is_entra_secret(text)) return "azure-client-secret";
  return {};
}

bool has(std::string_view value, std::string_view part) { return value.find(part) != std::string_view::npos; }

bool is_private_key(std::string_view value) {
  const auto begin = value.find("-----BEGIN ");
  if (begin == std::string_view::npos) return false;
  const auto end = value.find("PRIVATE KEY", begin);
  return end != std::string_view::npos && end - begin < 40;
}

}  // namespace

std::string_view find_token(std::string_view value) {
  if (has(value, "\"service_account\"") && has(value, "\"private_key\"")) return "gcp-service-account";
  if (is_private_key(value)) return "private-key";
  if (has(value, "\"auths\"") && has(value, "\"auth\"")) return "registry-credentials";
  for (const auto& [what, mark] : kMarks) {
    if (has(value, mark)) return what;
  }
  char before = ' ';
  for (std::size_t i = 0; i < value.size(); ++i) {
    // A token stands where a word begins; "_" and "-" are within words.
    if (is_alnum(value[i]) && !is_in(Alphabet::kUrl, before)) {
      const auto what = token_at(value.substr(i, kLongest));
      if (!what.empty()) return what;
    }
    before = value[i];
  }
  return {};
}

}  // namespace harden
