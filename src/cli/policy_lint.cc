// `policy lint FILE...`: what is wrong with files, and what will be regretted.
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "policy/builtin.h"
#include "policy/find.h"
#include "policy/lint.h"

namespace cli {
namespace {

using base::cat;

// Of one file: an error, or what it is and the remarks on it.
struct Found {
  std::string file, error;
  std::string kind, id;
  std::vector<std::string> remarks;
};

struct Read {
  std::string text;
  base::Result<policy::Document> document;
};

Read read(const std::string& operand) {
  auto text = policy::read_policy_file(operand);
  if (!text) return {"", std::move(text).error()};
  return {*text, policy::read_document(*text, operand, policy::builtin_group, policy::builtin_base)};
}

// What is wrong with the node's own files is for `list` and for those files to tell.
policy::Chain installed(const GlobalArgs& global, const base::Log& log) {
  auto chain = node_policies(global);
  if (chain) return *std::move(chain);
  log.warning(cat("not compared with what is installed: ", chain.error().message()));
  return {};
}

std::string as_text(const std::vector<Found>& all) {
  const auto style = print_style();
  std::string out;
  const auto line = [&](Tone tone, const std::string& text) { out += paint(tone, text, style) + '\n'; };
  for (const auto& found : all) {
    if (!found.error.empty()) {
      line(Tone::kBad, found.error);
      continue;
    }
    for (const auto& text : found.remarks) line(Tone::kRemark, text);
    line(Tone::kGood, cat(base::escape(found.file), ": ", found.id, found.remarks.empty() ? ": good" : ": good, with remarks"));
  }
  return out;
}

std::string as_json(const std::vector<Found>& all) {
  base::JsonWriter w;
  w.open('[');
  for (const auto& found : all) {
    w.open('{');
    w.member("file", found.file);
    w.flag("good", found.error.empty());
    if (found.error.empty()) {
      w.member("kind", found.kind);
      w.member("id", found.id);
    } else {
      w.member("error", found.error);
    }
    w.list("remarks", found.remarks);
    w.close('}');
  }
  w.close(']');
  return w.take();
}

}  // namespace

// What there is to say of each file, and none is passed over for the errors of another.
base::Result<int> policy_lint(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (args.operands.empty()) return base::Error::usage("\"policy lint\" takes files");
  const auto node = installed(global, log);
  policy::Chain others;
  std::vector<Read> files;
  for (const auto& operand : args.operands) {
    files.push_back(read(operand));
    if (files.back().document) others.documents.push_back(*files.back().document);
  }
  int code = 0;
  std::vector<Found> all;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& operand = args.operands[i];
    auto& found = all.emplace_back();
    found.file = operand;
    if (!files[i].document) {
      found.error = files[i].document.error().message();
      code = kExitNo;
      continue;
    }
    const auto& document = *files[i].document;
    found.kind = policy::kind_name(document.kind);
    found.id = document.policy.id();
    found.remarks = policy::lint(files[i].text, operand, document, circumstances(), node, others);
    if (!operand.ends_with(".json")) found.remarks.push_back(cat(operand, ": is not read in policy.d: its name does not end in \".json\""));
  }
  TRY(print(args.format == OutputFormat::kJson ? as_json(all) : as_text(all)));
  return code;
}

}  // namespace cli
