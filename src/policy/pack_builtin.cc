// Part of the build, not of the program: reads the built-in policies and writes packed_files.cc.
//   policy-pack OUTPUT
#include <cstdio>
#include <string>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/pack.h"

namespace {

// The built-in policy that another extends: "builtin:NAME@VERSION".
base::Result<policy::Policy> base_of(std::string_view name);

base::Result<policy::Policy> read(std::string_view name) {
  return policy::read_policy(policy::builtin_policy(name), base::cat(name, ".json"), policy::builtin_group, base_of);
}

base::Result<policy::Policy> base_of(std::string_view name) {
  constexpr std::string_view kPrefix = "builtin:";
  const auto at = name.find('@');
  auto out = TRY(read(name.substr(kPrefix.size(), at - kPrefix.size())));
  if (base::cat(kPrefix, out.id()) != name) return base::Error::policy(base::cat("there is no ", name));
  return out;
}

std::string literal(std::string_view bytes) {
  constexpr std::size_t kInALine = 64;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kInALine) {
    out += "\n    \"";
    for (const char c : bytes.substr(at, kInALine)) {
      const auto byte = static_cast<unsigned char>(c);
      out += '\\';
      for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + ((byte >> shift) & 7));
    }
    out += '"';
  }
  return out;
}

base::Result<std::string> source() {
  std::string rows;
  for (const auto name : policy::builtin_policy_names()) {
    const std::string bytes = policy::pack(TRY(read(name)));
    rows += base::cat("    {\"", name, "\", std::string_view(", literal(bytes), ",\n    ", bytes.size(), ")},\n");
  }
  return base::cat(
      "// Made by policy-pack.\n#include \"policy/builtin.h\"\n\nnamespace policy {\n\nnamespace {\n\n"
      "constexpr BuiltinFile kPacked[] = {\n",
      rows, "};\n\n}  // namespace\n\nstd::span<const BuiltinFile> packed_policies() { return kPacked; }\n\n}  // namespace policy\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto text = source();
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().message().c_str());
    return 1;
  }
  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) return 1;
  const bool written = std::fwrite(text->data(), 1, text->size(), file) == text->size();
  return std::fclose(file) == 0 && written ? 0 : 1;
}
