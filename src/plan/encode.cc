#include "plan/encode.h"

#include <cstring>

#include "base/text.h"
#include "oci/cpu_list.h"
#include "plan/image.h"
#include "plan/routes.h"

namespace plan {
namespace {

using image::OpKind;

std::vector<std::string> hook_arguments(const oci::Hook& hook) {
  return hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
}

// Collects the tables; the visitor below turns each op into a record.
struct Encoder {
  std::vector<image::Op> ops;
  std::vector<std::uint32_t> words;
  std::string strings = std::string(1, '\0');

  std::uint32_t text(const std::string& s) {
    if (s.empty()) return 0;
    const auto offset = static_cast<std::uint32_t>(strings.size());
    strings.append(s.c_str(), s.size() + 1);
    return offset;
  }
  image::Op& add(OpKind kind) {
    image::Op op{};
    op.kind = kind;
    op.slot = image::kNoSlot;
    op.words = static_cast<std::uint32_t>(words.size());
    ops.push_back(op);
    return ops.back();
  }
  image::Op& add(OpKind kind, Slot slot) {
    image::Op& op = add(kind);
    op.slot = slot.index;
    return op;
  }
  // Appends to the word list of `op`, which must be the newest.
  void word(image::Op& op, std::uint32_t value) {
    words.push_back(value);
    ++op.count;
  }
  void wide(image::Op& op, std::uint64_t value) {
    word(op, static_cast<std::uint32_t>(value));
    word(op, static_cast<std::uint32_t>(value >> 32));
  }
  void caps(image::Op& op, const oci::Capabilities& c) {
    for (const oci::CapSet set : {c.effective, c.permitted, c.inheritable, c.ambient}) wide(op, set);
  }
  void flag(image::Op& op, image::OpFlags bit, bool on) {
    if (on) op.flags = static_cast<std::uint16_t>(op.flags | bit);
  }

  void operator()(const TakeDescriptors&) { add(OpKind::kTakeDescriptors); }
  void operator()(const JoinCgroup& o) { add(OpKind::kJoinCgroup, o.tasks); }
  void operator()(const Affinity& o) {
    image::Op& op = add(OpKind::kAffinity);
    if (o.cpus.empty()) return;
    for (const auto value : oci::cpu_mask(o.cpus).value_or(std::vector<std::uint32_t>{0})) word(op, value);
  }
  void operator()(const SetupIdentity& o) { pair(OpKind::kSetupIdentity, o.uid, o.gid); }
  void operator()(const Keyring&) { add(OpKind::kKeyring); }
  void operator()(const Session&) { add(OpKind::kSession); }
  void operator()(const Unshare& o) { add(OpKind::kUnshare).a = o.flags; }
  void operator()(const JoinMountNamespace& o) { add(OpKind::kJoinMountNs, o.ns); }
  void operator()(const EnterRoot&) { add(OpKind::kEnterRoot); }
  void operator()(const MemfdNoexec&) { add(OpKind::kMemfdNoexec); }
  void operator()(const Entered&) { add(OpKind::kEntered); }
  void operator()(const Hostname& o) { one_text(OpKind::kHostname, o.name); }
  void operator()(const Domainname& o) { one_text(OpKind::kDomainname, o.name); }
  void operator()(const Loopback&) { add(OpKind::kLoopback); }
  void operator()(const Blackhole& o) {
    image::Op& op = add(OpKind::kBlackhole);
    for (const auto value : blackhole_requests(o.prefixes)) word(op, value);
  }
  void operator()(const Propagation& o) {
    image::Op& op = one_text(OpKind::kPropagation, o.path);
    op.a = o.type;
    flag(op, image::kRecursive, o.recursive);
  }
  void operator()(const SetPropagation& o) {
    image::Op& op = add(OpKind::kPropagation, o.mount);
    op.a = o.type;
    flag(op, image::kRecursive, o.recursive);
  }
  void operator()(const NewMount& o) {
    const std::uint32_t fs = text(o.fs);
    image::Op& op = add(OpKind::kNewMount, o.mount);
    op.text = fs;
    op.a = o.attr;
    for (const auto& option : o.options) word(op, text(option));
  }
  void operator()(const PlaceRoot& o) { add(OpKind::kPlaceRoot, o.root).a = static_cast<std::uint64_t>(o.place.index); }
  void operator()(const RuntimeHook&) { add(OpKind::kRuntimeHook); }
  void operator()(const RunHook& o) {
    const oci::Hook& hook = o.hook.hook;
    two_texts(OpKind::kRunHook, o.program, hook.path, o.hook.pointer);
    image::Op& op = ops.back();
    op.a = o.filter_flags;
    flag(op, image::kConfined, o.confined);
    flag(op, image::kByPath, o.by_path);
    flag(op, image::kVerified, o.inode != 0);
    word(op, text(o.state.before));
    word(op, text(o.state.after));
    wide(op, static_cast<std::uint64_t>(hook.timeout.value_or(0)));
    const auto args = hook_arguments(hook);
    word(op, static_cast<std::uint32_t>(args.size()));
    for (const auto value : {o.device, o.inode, o.changed}) wide(op, value);
    for (const auto& arg : args) word(op, text(arg));
    for (const auto& entry : hook.env) word(op, text(entry));
  }
  void operator()(const Pivot& o) { add(o.use_chroot ? OpKind::kChroot : OpKind::kPivot, o.root); }
  void operator()(const Attach& o) {
    const std::uint32_t target = text(o.target);
    image::Op& op = add(OpKind::kAttach, o.mount);
    op.text = target;
    op.a = static_cast<std::uint64_t>(o.below.index + 1);
    flag(op, image::kFile, o.file);
    flag(op, image::kNoSymlinks, o.no_symlinks);
    flag(op, image::kCopyMode, o.copy_mode);
    flag(op, image::kCopyUp, o.copy_up);
    flag(op, image::kInProc, o.in_proc);
  }
  void operator()(const SetAttr& o) {
    const std::uint32_t path = text(o.path);
    image::Op& op = add(OpKind::kSetAttr, o.mount);
    op.text = path;
    op.a = o.set;
    op.b = o.clear;
    flag(op, image::kRecursive, o.recursive);
  }
  void operator()(const Node& o) {
    image::Op& op = one_text(OpKind::kNode, o.path);
    op.slot = o.below.index;
    op.a = o.mode;
    op.b = o.dev;
    word(op, o.uid);
    word(op, o.gid);
  }
  void operator()(const Symlink& o) { two_texts(OpKind::kSymlink, o.below, o.path, o.target); }
  void operator()(const WriteFile& o) {
    two_texts(OpKind::kWriteFile, o.mount, o.name, o.text);
    image::Op& op = ops.back();
    op.a = o.mode;
    word(op, o.uid);
    word(op, o.gid);
  }
  void operator()(const Sysctl& o) { two_texts(OpKind::kSysctl, o.proc, o.path, o.value); }
  void operator()(const Readonly& o) { one_text(OpKind::kReadonly, o.path); }
  void operator()(const Mask& o) {
    const std::uint32_t path = text(o.path);
    image::Op& op = add(OpKind::kMask, o.null);
    op.text = path;
    op.a = static_cast<std::uint64_t>(o.directory.index);
  }
  void operator()(const SetRlimit& o) {
    image::Op& op = add(OpKind::kRlimit);
    op.a = o.limit.soft;
    op.b = o.limit.hard;
    word(op, static_cast<std::uint32_t>(o.limit.resource));
  }
  void operator()(const SetScheduler& o) {
    image::Op& op = add(OpKind::kScheduler);
    const oci::Scheduler& s = o.scheduler;
    word(op, s.policy);
    word(op, static_cast<std::uint32_t>(s.nice));
    word(op, static_cast<std::uint32_t>(s.priority));
    for (const std::uint64_t value : {s.flags, s.runtime, s.deadline, s.period}) wide(op, value);
  }
  void operator()(const SetIoPriority& o) { add(OpKind::kIoPriority).a = o.value; }
  void operator()(const SetPersonality& o) { add(OpKind::kPersonality).a = o.value; }
  void operator()(const MakeDir& o) { one_text(OpKind::kMakeDir, o.path); }
  void operator()(const OwnStdio& o) { add(OpKind::kOwnStdio).a = o.uid; }
  void operator()(const Label& o) { two_texts(OpKind::kLabel, o.proc, o.attribute, o.value); }
  void operator()(const OwnLabel& o) { two_texts(OpKind::kOwnLabel, o.process, o.attribute, o.value); }
  void operator()(const Bounding& o) { pair(OpKind::kBounding, o.set, static_cast<std::uint64_t>(o.last)); }
  void operator()(const Identity& o) { ids(OpKind::kIdentity, o.uid, o.gid, o.groups); }
  void operator()(const SetCaps& o) {
    image::Op& op = add(OpKind::kCapabilities);
    caps(op, o.caps);
    op.a = o.secure_bits;
  }
  void operator()(const Umask& o) { add(OpKind::kUmask).a = o.mask; }
  void operator()(const Chdir& o) { flag(one_text(OpKind::kChdir, o.path), image::kSkipMissing, o.may_fail); }
  void operator()(const FindExecutable& o) {
    image::Op& op = add(OpKind::kFindExecutable);
    for (const auto& candidate : o.candidates) word(op, text(candidate));
  }
  void operator()(const NoNewPrivs&) { add(OpKind::kNoNewPrivs); }
  void operator()(const DenyWriteExecute&) { add(OpKind::kDenyWriteExecute); }
  void operator()(const CoreScheduling&) { add(OpKind::kCoreScheduling); }
  void operator()(const Speculation& o) { add(OpKind::kSpeculation).a = o.controls; }
  void operator()(const NotDumpable&) { add(OpKind::kNotDumpable); }
  void operator()(const VerifyIdentity& o) { ids(OpKind::kVerifyIdentity, o.uid, o.gid, o.groups); }
  void operator()(const VerifyCaps& o) {
    image::Op& op = add(OpKind::kVerifyCaps);
    caps(op, o.caps);
    wide(op, o.caps.bounding);
  }
  void operator()(const VerifyLocks& o) {
    image::Op& op = pair(OpKind::kVerifyLocks, o.secure_bits, o.speculation);
    flag(op, image::kWriteExecute, o.deny_write_execute);
    flag(op, image::kCookie, o.core_scheduling);
  }
  void operator()(const VerifyNoNewPrivs&) { add(OpKind::kVerifyNoNewPrivs); }
  void operator()(const VerifyMount& o) {
    image::Op& op = one_text(OpKind::kVerifyMount, o.path);
    op.a = o.flags;
    op.b = o.type;
    flag(op, image::kSkipMissing, o.may_be_missing);
  }
  void operator()(const VerifyMask& o) { one_text(OpKind::kVerifyMask, o.path).slot = o.directory.index; }
  void operator()(const VerifyProgram& o) {
    image::Op& op = one_text(OpKind::kVerifyProgram, o.path);
    op.a = o.device;
    op.b = o.inode;
    wide(op, o.changed);
  }
  void operator()(const VerifyCwd&) { add(OpKind::kVerifyCwd); }
  void operator()(const LandlockRuleset& o) { wide(pair(OpKind::kLandlockRuleset, o.files, o.ports), o.scopes); }
  void operator()(const LandlockPath& o) {
    image::Op& op = o.mount.valid() ? add(OpKind::kLandlockPath, o.mount) : one_text(OpKind::kLandlockPath, o.path);
    op.a = o.access;
    flag(op, image::kNoSymlinks, !o.mount.valid() && o.literal);
  }
  void operator()(const LandlockPort& o) { pair(OpKind::kLandlockPort, o.access, o.port); }
  void operator()(const LandlockOpen& o) { pair(OpKind::kLandlockOpen, o.access, o.count); }
  void operator()(const LandlockRestrict& o) { add(OpKind::kLandlockRestrict).a = o.flags; }
  void operator()(const VerifyLandlock&) { add(OpKind::kVerifyLandlock); }
  void operator()(const Ready&) { add(OpKind::kReady); }
  void operator()(const CloseFds& o) { add(OpKind::kCloseFds).a = o.first; }
  void operator()(const Seccomp& o) { add(OpKind::kSeccomp).a = o.flags; }
  void operator()(const Exec& o) { flag(add(OpKind::kExec, o.program), image::kByPath, o.by_path); }

 private:
  image::Op& pair(OpKind kind, std::uint64_t a, std::uint64_t b) {
    image::Op& op = add(kind);
    op.a = a;
    op.b = b;
    return op;
  }
  image::Op& one_text(OpKind kind, const std::string& value) {
    const std::uint32_t offset = text(value);
    image::Op& op = add(kind);
    op.text = offset;
    return op;
  }
  void two_texts(OpKind kind, Slot slot, const std::string& first, const std::string& second) {
    const std::uint32_t a = text(first);
    const std::uint32_t b = text(second);
    image::Op& op = add(kind, slot);
    op.text = a;
    op.text2 = b;
  }
  void ids(OpKind kind, std::uint32_t uid, std::uint32_t gid, const std::vector<std::uint32_t>& groups) {
    image::Op& op = pair(kind, uid, gid);
    for (const auto group : groups) word(op, group);
  }
};

// Lays tables one after the other, 8-aligned.
struct Layout {
  std::string bytes = std::string(sizeof(image::Header), '\0');

  std::uint32_t put(const void* data, std::size_t size) {
    bytes.resize((bytes.size() + 7) / 8 * 8);
    const auto offset = static_cast<std::uint32_t>(bytes.size());
    if (size != 0) bytes.append(static_cast<const char*>(data), size);
    return offset;
  }
  template <typename T>
  std::uint32_t put(const std::vector<T>& table) {
    return put(table.data(), table.size() * sizeof(T));
  }
};

std::vector<std::uint64_t> string_table(Encoder& encoder, const std::vector<std::string>& list) {
  std::vector<std::uint64_t> out;
  for (const auto& entry : list) out.push_back(encoder.text(entry));
  out.push_back(0);
  return out;
}

}  // namespace

base::Result<std::string> encode(const LaunchPlan& plan) {
  Encoder encoder;
  encoder.ops.reserve(plan.steps.size());  // and as much else as most need: growing copies all of it
  encoder.words.reserve(512);
  encoder.strings.reserve(4096);
  for (const auto& step : plan.steps) {
    std::visit(encoder, step.op);
    if (step.ignore_errors) encoder.flag(encoder.ops.back(), image::kIgnoreErrors, true);
  }
  const auto argv = string_table(encoder, plan.argv);
  const auto envp = string_table(encoder, plan.envp);
  const std::vector<std::int32_t> slots(plan.fds.size(), -1);

  Layout layout;
  layout.bytes.reserve(sizeof(image::Header) + encoder.ops.size() * sizeof(image::Op) + encoder.words.size() * 4 + encoder.strings.size() +
                       slots.size() * 4 + (argv.size() + envp.size()) * 8 + plan.seccomp.code.size() * 8 + 64);
  image::Header header{};
  header.magic = image::kMagic;
  header.version = image::kVersion;
  header.ops = layout.put(encoder.ops);
  header.op_count = static_cast<std::uint32_t>(encoder.ops.size());
  header.words = layout.put(encoder.words);
  header.word_count = static_cast<std::uint32_t>(encoder.words.size());
  header.slots = layout.put(slots);
  header.slot_count = static_cast<std::uint32_t>(slots.size());
  header.argv = layout.put(argv);
  header.argv_count = static_cast<std::uint32_t>(plan.argv.size());
  header.envp = layout.put(envp);
  header.envp_count = static_cast<std::uint32_t>(plan.envp.size());
  header.filter = layout.put(plan.seccomp.code);
  header.filter_count = static_cast<std::uint32_t>(plan.seccomp.code.size());
  header.strings = layout.put(encoder.strings.data(), encoder.strings.size());
  header.strings_size = static_cast<std::uint32_t>(encoder.strings.size());
  header.gate_slot = plan.gate.index;
  if (layout.bytes.size() > image::kMaxSize) {
    return base::Error::unsupported("config.json: arguments, environment and mounts together exceed 16 MiB");
  }
  header.size = static_cast<std::uint32_t>(layout.bytes.size());
  std::memcpy(layout.bytes.data(), &header, sizeof(header));
  return std::move(layout.bytes);
}

}  // namespace plan
