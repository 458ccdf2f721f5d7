// What is taken for a secret and, as important, what is not. The tokens are invented.
#include "base/text.h"
#include "harden/secrets.h"

#include <gtest/gtest.h>

#include <string>

namespace harden_test {
namespace {

using harden::Confidence;

std::string repeated(std::string_view text, std::size_t size) {
  std::string out;
  while (out.size() < size) out += text;
  return out.substr(0, size);
}
std::string hex(std::size_t size) { return repeated("0123456789abcdef9e8d7c6b", size); }
std::string alnum(std::size_t size) { return repeated("aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0z", size); }
std::string upper(std::size_t size) { return repeated("A2B3C4D5E6F7G", size); }

struct Example {
  std::string what, name, value;
};

void expect_found(const std::vector<Example>& examples, Confidence confidence) {
  for (const auto& [what, name, value] : examples) {
    const auto found = harden::find_secret(name, value);
    ASSERT_TRUE(found.has_value()) << name << "=" << value;
    EXPECT_EQ(found->what, what) << name << "=" << value;
    EXPECT_EQ(found->confidence, confidence) << name << "=" << value;
  }
}

void expect_nothing(const std::vector<std::pair<std::string, std::string>>& variables) {
  for (const auto& [name, value] : variables) {
    const auto found = harden::find_secret(name, value);
    EXPECT_FALSE(found.has_value()) << name << "=" << value << " is taken for " << found->what;
  }
}

TEST(Secrets, TokensOfServices) {
  expect_found(
      {
          {"aws-key", "X", "AKIA" + upper(16)},
          {"aws-key", "X", "ASIA" + upper(16)},
          {"aws-key", "X", "A3TX" + upper(16)},
          {"google-api-key", "X", "AIza" + alnum(35)},
          {"google-oauth-secret", "X", "GOCSPX-" + alnum(28)},
          {"github-token", "X", "ghp_" + alnum(36)},
          {"github-token", "X", "ghs_" + alnum(36)},
          {"github-token", "X", "github_pat_" + alnum(22) + "_" + alnum(59)},
          {"gitlab-token", "X", "glpat-" + alnum(20)},
          {"slack-token", "X", "xoxb-" + hex(12) + "-" + alnum(24)},
          {"slack-webhook", "X", "https://hooks.slack.com/services/T00000000/B00000000/" + alnum(24)},
          {"stripe-key", "X", "sk_live_" + alnum(24)},
          {"stripe-key", "X", "rk_test_" + alnum(24)},
          {"anthropic-key", "X", "sk-ant-api03-" + alnum(40)},
          {"openai-key", "X", "sk-proj-" + alnum(48)},
          {"openai-key", "X", "sk-" + alnum(20) + "T3BlbkFJ" + alnum(20)},
          {"npm-token", "X", "npm_" + alnum(36)},
          {"pypi-token", "X", "pypi-AgEI" + alnum(80)},
          {"sendgrid-key", "X", "SG." + alnum(22) + "." + alnum(43)},
          {"twilio-key", "X", "SK" + hex(32)},
          {"huggingface-token", "X", "hf_" + alnum(34)},
          {"digitalocean-token", "X", "dop_v1_" + hex(64)},
          {"databricks-token", "X", "dapi" + hex(32)},
          {"vault-token", "X", "hvs." + alnum(90)},
          {"terraform-token", "X", alnum(14) + ".atlasv1." + alnum(67)},
          {"shopify-token", "X", "shpat_" + hex(32)},
          {"age-key", "X", "AGE-SECRET-KEY-1" + upper(58)},
          {"1password-token", "X", "ops_eyJ" + alnum(60)},
          {"azure-client-secret", "X", "aB38Q~" + alnum(34)},
          {"jwt", "X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmbiJ9." + alnum(43)},
          {"private-key", "X", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"},
          {"private-key", "X", "-----BEGIN PRIVATE KEY-----\\nMIIE\\n"},
          {"private-key", "X", "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0t"},
          {"gcp-service-account", "X", R"({"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"})"},
          {"registry-credentials", "X", R"({"auths": {"registry.example": {"auth": "dTpw"}}})"},
      },
      Confidence::kHigh);
}

TEST(Secrets, ATokenIsFoundWhereAWordBegins) {
  const auto token = "ghp_" + alnum(36);
  for (const auto& value : {"\"" + token + "\"", " " + token + "\n", "-Dgithub.token=" + token, "x:" + token + ";y"}) {
    EXPECT_TRUE(harden::find_secret("X", value)) << value;
  }
  for (const auto& value : {"a" + token, "a_" + token, "ghp_" + alnum(12), "AKIA" + upper(17), "SK" + hex(32) + "z",
                            std::string("npm_config_cache"), std::string("sk_live_"), std::string("eyJ.eyJ.x")}) {
    EXPECT_EQ(harden::find_token(value), "") << value;
  }
}

TEST(Secrets, CredentialsInUrlsAndConnectionStrings) {
  expect_found(
      {
          {"url-password", "DATABASE_URL", "postgres://app:hunter2@db:5432/app?sslmode=require"},
          {"url-password", "REDIS_URL", "redis://:hunter2@cache:6379/0"},
          {"url-password", "X", "https://a.example/,amqp://guest:guest@queue/"},
          {"url-password", "DSN", "root:hunter2@tcp(db:3306)/app"},
          {"connection-secret", "X", "Server=db;User Id=sa;Password=hunter2;"},
          {"connection-secret", "X", "host=db user=app password=hunter2 dbname=app"},
          {"connection-secret", "X", "https://blob.example/c?sv=2024&sig=aB3dE5gH7jK9"},
          {"connection-secret", "JAVA_OPTS", "-Xmx64m -Dspring.datasource.password=hunter2"},
          {"connection-secret", "X", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + alnum(86) + "=="},
          {"authorization", "HEADERS", "Authorization: Bearer aB3dE5gH7jK9mN1p"},
          {"authorization", "HEADERS", "authorization=Basic dXNlcjpodW50ZXIy"},
      },
      Confidence::kHigh);
  expect_nothing({
      {"DATABASE_URL", "postgres://db:5432/app"},
      {"DATABASE_URL", "postgres://app@db:5432/app"},
      {"DATABASE_URL", "postgres://app:${DB_PASSWORD}@db/app"},
      {"DATABASE_URL", "postgres://app:@db/app"},
      {"DATABASE_URL", "postgres://app:xxxx@db/app"},
      {"SENTRY_DSN", "https://" + hex(32) + "@o1.ingest.example/2"},
      {"HTTP_PROXY", "http://proxy.example:3128"},
      {"URL", "https://a.example/x?time=12:30&to=b@c.example"},
      {"AUTH_URL", "https://login.example/oauth2/token?audience=api"},
      {"OPTIONS", "token=required;sig=optional;password=${X};pwd="},
      {"TEXT", "Bearer authentication is required"},
      {"CHALLENGE", "Basic realm=\"example\""},
      {"KUBERNETES_PORT", "tcp://10.96.0.1:443"},
  });
}

TEST(Secrets, NamesThatSaySo) {
  expect_found(
      {
          {"password", "DB_PASSWORD", "hunter2"},
          {"password", "MYSQL_ROOT_PASSWORD", "correct horse battery"},
          {"password", "PGPASSWORD", "hunter2"},
          {"password", "MYSQL_PWD", "hunter2"},
          {"password", "spring.datasource.password", "hunter2"},
          {"password", "my-passphrase", "hunter2"},
          {"secret", "SESSION_SECRET", "keyboard cat"},
          {"client-secret", "OAUTH_CLIENT_SECRET", "abcdef-123"},
          {"secret-key", "DJANGO_SECRET_KEY", "abcdef-123"},
          {"api-key", "API_KEY", "abcdef-123"},
          {"api-key", "WEATHER_APIKEY", "abcdef-123"},
          {"token", "AUTH_TOKEN", "abcdef-123"},
          {"token", "GITHUBTOKEN", "abcdef-123"},
          {"aws-secret-key", "AWS_SECRET_ACCESS_KEY", "/wJ4lrXUtnF3MI/K7MDENG+bPxRfi9YEXAMPLEK2Y"},
          {"encryption-key", "ENCRYPTION_KEY", hex(64)},
          {"signing-key", "SIGNING_KEY", hex(64)},
          {"credentials", "DB_CREDENTIALS", "app/hunter2"},
          {"cookie", "COOKIE_KEY", alnum(32)},
          {"key", "HMAC_KEY", hex(64)},
          {"salt", "PASSW_SALT", alnum(24)},
          {"private-key", "PRIVATE_KEY", "MIIEvQIBADANBg"},
      },
      Confidence::kMedium);
}

TEST(Secrets, NamesThatOnlySoundSo) {
  expect_nothing({
      {"DB_PASSWORD_FILE", "/run/secrets/db"},
      {"DB_PASSWORD", "/run/secrets/db"},
      {"DB_PASSWORD", ""},
      {"DB_PASSWORD", "12345"},
      {"DB_PASSWORD", "changeme"},
      {"DB_PASSWORD", "${DB_PASSWORD}"},
      {"DB_PASSWORD", "$DB_PASSWORD"},
      {"DB_PASSWORD", "{{ .password }}"},
      {"DB_PASSWORD", "<password>"},
      {"DB_PASSWORD", "xxxxxxxx"},
      {"DB_PASSWORD", "********"},
      {"PASSWORD_REQUIRED", "certainly"},
      {"PASSWORD_POLICY", "twelve-characters"},
      {"PASSWORD_MIN_LENGTH", "12"},
      {"USE_TOKEN", "true"},
      {"ACCESS_TOKEN_TTL", "3600s-and-more"},
      {"TOKEN_ISSUER", "login.example"},
      {"TOKEN_URL", "https://login.example/token"},
      {"SECRET_NAME", "database-credentials"},
      {"SECRETS_PROVIDER", "somewhere"},
      {"CREDENTIALS_DIRECTORY", "/run/credentials"},
      {"GOOGLE_APPLICATION_CREDENTIALS", "/var/run/google/key.json"},
      {"AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"},
      {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "v2/credentials/123"},
      {"SSH_AUTH_SOCK", "/tmp/ssh-XXXX/agent.1"},
      {"TOKENIZERS_PARALLELISM", "enabled-everywhere"},
      {"MAX_TOKENS", "many-of-them"},
      {"KEYBOARD", "international"},
      {"MONKEY_BUSINESS", "international"},
      {"KEY_PREFIX", "cache:function:"},
      {"SESSION_DRIVER", "database"},
      {"SESSION_STORE", "database"},
      {"COOKIE_DOMAIN", ".shop.example"},
      {"AUTH_PROVIDER", "openid-connect"},
      {"AUTH_MODE", "openid-connect"},
      {"XDG_SESSION_TYPE", "wayland"},
      {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"},
      {"JWT_PUBLIC_KEY", alnum(40)},
      {"PWD", "/usr/src/application"},
      {"OLDPWD", "somewhere/else"},
      {"GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"},
      {"GPG_KEYS", "39B641343D8C104B2B146DC3F9C39DC0B9698544 E60913E4DF209907D8E30D96659A97C9CF2A795A"},
  });
}

TEST(Secrets, ARandomLookAloneIsAWeakSign) {
  expect_found({{"high-entropy", "UPLOAD", alnum(32)}, {"high-entropy", "X", "q7Zr-4kTn_9vLxB2mWcYp5Hd"}},
               Confidence::kLow);
}

TEST(Secrets, WhatLooksRandomAndIsNot) {
  expect_nothing({
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"JAVA_OPTS", "-XX:+UseG1GC -XX:MaxRAMPercentage=75.0 -Dfile.encoding=UTF-8 -Duser.timezone=Europe/Berlin"},
      {"NODE_OPTIONS", "--max-old-space-size=512"},
      {"REQUEST_UUID", "9f1B2c3d-4e5F-6a7b-8C9d-0e1f2a3b4c5d"},
      {"X", "9f1B2c3d-4e5F-6a7b-8C9d-0e1f2a3b4c5d"},
      {"IMAGE", "registry.example/app@sha256:" + hex(64)},
      {"PYTHON_SHA256", hex(64)},
      {"BLOB", hex(64)},
      {"GIT_COMMIT", hex(40)},
      {"SOURCE_REVISION", alnum(40)},
      {"TRACEPARENT", "00-" + hex(32) + "-" + hex(16) + "-01"},
      {"K_REVISION", "hello-00001"},
      {"HOSTNAME", "hello-00001-deployment-6c9d8c7b4f-x2k9p"},
      {"PHP_EXTRA_CONFIGURE_ARGS", "--enable-fpm --with-fpm-user=www-data"},
      {"JAVA_MAIN", "org.springframework.boot.loader.launch.JarLauncher"},
      {"MODEL", "Meta-Llama-Instruct-Quantized-For-Everybody"},
      {"LANG", "C.UTF-8"},
      {"LS_COLORS", "rs=0:di=01;34:ln=01;36:mh=00:pi=40;33"},
      {"_", "/usr/bin/env"},
      {"A", ""},
      {"", ""},
      {"___", "___"},
  });
}

TEST(Patterns, StarsAndQuestionMarks) {
  for (const auto& [pattern, name] : {std::pair{"PATH", "PATH"},
                                      {"LC_*", "LC_ALL"},
                                      {"LC_*", "LC_"},
                                      {"*", ""},
                                      {"*_FILE", "A_FILE_FILE"},
                                      {"A?C", "ABC"},
                                      {"*A*B*", "xAxABx"},
                                      {"**", "x"}}) {
    EXPECT_TRUE(base::fits(pattern, name)) << pattern << " " << name;
  }
  for (const auto& [pattern, name] : {std::pair{"PATH", "PATHS"},
                                      {"PATH", "path"},
                                      {"LC_*", "LC"},
                                      {"?", ""},
                                      {"*_FILE", "A_FILES"},
                                      {"A?C", "AC"},
                                      {"", "A"},
                                      {"*A*B*", "xBxA"}}) {
    EXPECT_FALSE(base::fits(pattern, name)) << pattern << " " << name;
  }
  EXPECT_FALSE(base::fits(repeated("*a", 2000), repeated("a", 999) + "b"));  // and soon
}

}  // namespace
}  // namespace harden_test
