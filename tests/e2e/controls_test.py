"""Every rule of a policy, one by one: a container has what the rule says with it, and has not without it.

ROWS has one row or more for each rule of profiles/schema/policy.json; ELSEWHERE names the test that shows a rule that
needs more than a row. CompleteTest fails for a rule that is in neither.
"""

import ast
import collections
import json
import os
import pathlib
import unittest

import harness
import hostns

# rule     its name, as "process.umask"
# value    what the policy says of it
# look     look(case, bundle, policy): what is found inside
# on, off  what that is with the rule and without it; a set has what it may be
# asks     asks(case, bundle): what config.json asks for
# more     further rules that the policy has in either case
# base     the policy that it extends
# able     whether this kernel can do it; degraded_test.py has what happens where it cannot
Row = collections.namedtuple("Row", "rule value look on off asks more base able", defaults=(lambda case, bundle: None, {}, "", True))

NO_CALL = {"ENOSYS", "EPERM"}
REFUSED, RUNS = "refused", "runs"
OWN_SCORE = harness.census.read("/proc/self/oom_score_adj").strip()
DOCKERS = "00000000a80425fb"  # contrib/functions/bundle_config.py
LARGE = 64 << 20


# What is found inside.

def probe(only, *path, given=()):
    """A value of the probe's document; `given` is what it is told."""
    def look(case, bundle, policy):
        bundle.process["args"] = [bundle.process["args"][0], "--only", only, *map(str, given)]
        value = json.loads(case.assert_ok(case.run_bundle(bundle, policy=policy)).out)
        for key in path:
            value = value[key]
        return value
    return look


def given(option, value, *further):
    """What comes of one option of the probe's."""
    return probe("given", {"--try-in": "in"}.get(option, option.lstrip("-")), value, *further, given=(option, value))


def foretold(attempt):
    """What `bulkhead probe` observes of an attempt, and has predicted, as all else."""
    def look(case, bundle, policy):
        result = case.assert_ok(case.runtime("probe", "--format", "json", "--bundle", bundle.write().path, policy=policy))
        found = [row["observed"] for row in json.loads(result.out)["controls"] if row["attempt"] == attempt]
        case.assertEqual(len(found), 1, attempt)
        return found[0]
    return look


def mount_of(target, member):
    """Of what is mounted there; None if nothing is."""
    mounts = probe("mounts", "mounts")

    def look(case, bundle, policy):
        found = [mount for mount in mounts(case, bundle, policy) if mount["target"] == target]
        return found[-1][member] if found else None
    return look


def size_of(target):
    options = mount_of(target, "super")
    return lambda case, bundle, policy: [option for option in options(case, bundle, policy).split(",") if option.startswith("size=")][0]


def shared(case, bundle, policy):
    return any(word.startswith("shared:") for word in mount_of("/mnt", "propagation")(case, bundle, policy))


def namespace(kind):
    links = probe("mounts", "namespaces", kind)
    return lambda case, bundle, policy: "the host's" if links(case, bundle, policy) == os.readlink(f"/proc/self/ns/{kind}") else "its own"


def outcome(case, bundle, policy):
    """Whether there is a container at all; whoever refuses it says by which rule."""
    result = case.run_bundle(bundle, policy=policy)
    if result.code == 0:
        return RUNS
    case.assert_one_error(result, 1, "refuses", f"{policy.name}:/{case.row.rule.replace('.', '/')}")
    return REFUSED


def told(case, bundle, policy):
    """Whether the log has a warning of the rule."""
    return f"warning: {case.row.rule}: " in case.assert_ok(case.run_bundle(bundle, policy=policy)).err


def variables(case, bundle, policy):
    return {entry.split("=")[0] for entry in probe("process", "env")(case, bundle, policy)}


def limit(v1, v2):
    """A file of its cgroup, as it sees it."""
    def look(case, bundle, policy):
        busybox = case.bundle("busybox", args=["cat", f"/sys/fs/cgroup/{v2 if harness.unified() else v1}"])
        for member in ("root", "process"):
            bundle.config[member] = {**bundle.config[member], **({"args": busybox.process["args"]} if member == "process" else busybox.config[member])}
        bundle.mount("/sys/fs/cgroup", type="cgroup", source="cgroup", options=["ro", "nosuid", "noexec", "nodev"]).namespace("cgroup")
        return case.assert_ok(case.run_bundle(bundle, policy=policy)).out.strip()
    return look


def unified_names(case, bundle, policy):
    """Cgroups v1 have no such files: asking for one is an error, and without the name nothing is asked for."""
    if harness.unified():
        return limit("", "pids.max")(case, bundle, policy)
    result = case.run_bundle(bundle, policy=policy)
    if result.code != 0:
        case.assert_one_error(result, 1, "/linux/resources/unified")
    return RUNS if result.code == 0 else REFUSED


# What config.json asks for.

def resources(**asked):
    return lambda case, bundle: bundle.linux["resources"].update(asked)


def process(**asked):
    return lambda case, bundle: bundle.process.update(asked)


def sysctl(**asked):
    return lambda case, bundle: bundle.linux.update(sysctl={name.replace("__", "."): value for name, value in asked.items()})


def environment(*entries):
    return lambda case, bundle: bundle.process["env"].extend(entries)


def bind(*options):
    def asks(case, bundle):
        (case.work / "volume").mkdir(exist_ok=True)
        bundle.mount("/mnt", type="bind", source=str(case.work / "volume"), options=["rbind", *options])
    return asks


def bind_of_two(*options):
    """A volume with another one in it."""
    def asks(case, bundle):
        bind(*options)(case, bundle)
        below = case.work / "volume/below"
        if not below.exists():
            below.mkdir()
            hostns.mount("none", str(below), "tmpfs")
            case.addCleanup(hostns.umount, str(below))
    return asks


def own_root(case, bundle):
    bundle.own_root().config["root"]["readonly"] = False


def host_pids(gid, *groups):
    return lambda case, bundle: bundle.namespace("pid", absent=True).process.update(user={"uid": 1000, "gid": gid, "additionalGids": list(groups)})


def host_network(case, bundle):
    bundle.namespace("network", absent=True)


def host_pids_as_root(case, bundle):
    bundle.namespace("pid", absent=True)


def join_ipc(case, bundle):
    bundle.namespace("ipc", path=f"/proc/{os.getpid()}/ns/ipc")


def every_device(case, bundle):
    bundle.linux["resources"]["devices"] = [{"allow": True, "access": "rwm"}]
    bundle.mount("/tmp", type="tmpfs", source="tmpfs", options=["mode=1777"])


def a_hook(case, bundle):
    bundle.config["hooks"] = {"createRuntime": [{"path": "/bin/true"}]}


KERNEL, LANDLOCK = harness.KERNEL, harness.LANDLOCK
CONFINED = {"landlock": {"enable": True}}
METADATA = "find a way to 169.254.169.254"
SECRET = "API_TOKEN=hunter2-canary-0815"

ROWS = [
    Row("process.capabilities", ["CHOWN"], probe("identity", "capabilities", "bounding"), "0" * 15 + "1", DOCKERS),
    Row("process.unprivilegedPorts", True, given("--bind", "80"), "ok", "EACCES", more={"process": {"capabilities": []}}),
    Row("process.noNewPrivileges", True, probe("identity", "no_new_privs"), 1, 0),
    Row("process.rootUser", "refuse", outcome, REFUSED, RUNS),
    Row("process.rlimits", {"RLIMIT_NOFILE": {"soft": 64, "hard": 128}}, probe("limits", "rlimits", "RLIMIT_NOFILE"), [128, 128], [1024, 1024]),
    Row("process.realtime", False, probe("process", "scheduling", "io_class"), 0, 1, process(ioPriority={"class": "IOPRIO_CLASS_RT", "priority": 4})),
    Row("process.umask", "077", probe("process", "umask"), 0o077, 0o022, process(user={"uid": 0, "gid": 0, "umask": 0o022})),
    Row("process.oomScoreAdj", 300, probe("limits", "oom_score_adj"), "300\n", OWN_SCORE + "\n"),
    Row("process.oomScoreAdj", 300, foretold("out-of-memory score"), "300", "200", process(oomScoreAdj=200)),
    Row("process.lockedSecureBits", ["noroot"], probe("identity", "capabilities", "securebits"), 3, 0),
    Row("process.memoryDenyWriteExecute", True, probe("syscalls", "attempts", "mprotect_x"), "EACCES", "ok", able=KERNEL >= (6, 3)),
    Row("process.memfdNoexec", True, probe("syscalls", "attempts", "exec_memfd"), "EACCES", "ok", able=KERNEL >= (6, 6)),
    Row("process.digests", ["sha256:" + "0" * 64], outcome, REFUSED, RUNS),
    Row("namespaces.own", ["network"], namespace("net"), "its own", "the host's", host_network),
    Row("namespaces.own", ["cgroup"], namespace("cgroup"), "its own", "the host's"),
    Row("namespaces.joinBelow", ["/run/netns"], outcome, REFUSED, RUNS, join_ipc),
    Row("filesystem.readonlyRoot", True, probe("paths", "create_in", "/"), "EROFS", "ok", own_root),
    Row("filesystem.recursiveReadonly", True, given("--readonly", "/mnt/below"), "ro", "rw", bind_of_two("ro")),
    Row("filesystem.nosuid", True, given("--mount", "/"), "rw,nosuid", "rw"),
    Row("filesystem.nosuid", True, given("--try-in", "/mnt", "suid"), "ignored", "honoured", bind("rw")),
    Row("filesystem.nodev", True, given("--mount", "/mnt"), "rw,nodev", "rw", bind("rw")),
    Row("filesystem.nodev", True, given("--try-in", "/tmp", "device"), "EACCES", {"ok", "ENXIO", "ENODEV"}, every_device),
    Row("filesystem.noexec", True, given("--mount", "/mnt"), "rw,noexec", "rw", bind("rw")),
    Row("filesystem.noexec", True, given("--try-in", "/mnt", "exec"), "EACCES", "ok", bind("rw")),
    Row("filesystem.privatePropagation", True, shared, False, True, bind("rw", "rshared")),
    Row("filesystem.tmpfs", [{"path": "/tmp", "size": "1M"}], mount_of("/tmp", "fstype"), "tmpfs", None),
    Row("filesystem.tmpfsSize", {"max": "1M"}, size_of("/dev/shm"), "size=1024k", "size=65536k"),
    Row("filesystem.maskedPaths", ["/proc/meminfo"], given("--masked", "/proc/meminfo"), "empty", "shown"),
    Row("filesystem.maskedPaths", ["/sys/devices/system/cpu/cpu*/topology"], given("--masked", "/sys/devices/system/cpu/cpu0/topology"), "empty", "shown"),
    Row("filesystem.readonlyPaths", ["/dev/shm"], given("--readonly", "/dev/shm"), "ro", "rw"),
    Row("filesystem.proc", {"ownOnly": True}, probe("given", "others"), "none", "some", host_pids(1000)),
    # proc(5): to members of group 0, hidepid=invisible hides nothing.
    Row("filesystem.proc", {"ownOnly": True}, probe("given", "others"), "none", "some", host_pids(0)),
    Row("filesystem.proc", {"ownOnly": True}, probe("given", "others"), "none", "some", host_pids(1000, 0)),
    Row("filesystem.proc", {"pidsOnly": True}, given("--masked", "/proc/meminfo"), "ENOENT", "shown"),
    Row("filesystem.proc", {"ownOnly": True}, foretold("see the runtime's process in /proc"), "ENOENT", "shown", host_pids(0)),
    Row("filesystem.proc", {"pidsOnly": True}, foretold("read /proc/meminfo"), "ENOENT", "ok"),
    Row("filesystem.denyBinds", [str(harness.WORK)], outcome, REFUSED, RUNS, bind("ro")),
    Row("filesystem.allowBinds", ["/var/empty"], outcome, REFUSED, RUNS, bind("ro")),
    Row("devices.allow", [], given("--try-in", "/tmp", "device"), "EPERM", {"ok", "ENXIO", "ENODEV"}, every_device),
    Row("sysctl.allow", [], given("--bind", "80"), "EACCES", "ok", sysctl(net__ipv4__ip_unprivileged_port_start="80"), {"process": {"capabilities": []}}),
    Row("seccomp.allow", ["personality"], probe("syscalls", "attempts", "personality"), "ok", NO_CALL, base="faas"),
    Row("seccomp.deny", ["chroot"], probe("syscalls", "attempts", "chroot"), "EPERM", "ok", base="compat"),
    Row("seccomp.default", "EDOM", probe("syscalls", "attempts", "chroot"), "EDOM", "EPERM", base="compat", more={"seccomp": {"deny": ["chroot"]}}),
    Row("seccomp.onDeny", {"chroot": "EXDEV"}, probe("syscalls", "attempts", "chroot"), "EXDEV", "EPERM", base="compat", more={"seccomp": {"deny": ["chroot"]}}),
    Row("seccomp.args", {"socket": "a0 == AF_INET"}, probe("syscalls", "sockets", "unix"), "EPERM", "ok", base="compat"),
    Row("resources.pids", {"max": 17}, probe("exhaust", "fork", given=("--pids", 17)), "EAGAIN", "ok"),
    Row("resources.memory", {"max": "32M"}, probe("exhaust", "memory", given=("--memory", 32 << 20)), {"SIGKILL", "ENOMEM"}, "ok"),
    Row("resources.cpu", {"max": "500m"}, limit("cpu/cpu.cfs_quota_us", "cpu.max"), {"50000", "50000 100000"}, {"-1", "max 100000"}),
    Row("resources.cpuShares", {"max": 512}, limit("cpu/cpu.shares", "cpu.weight"), {"512"} if not harness.unified() else {"59"},
        {"2048"} if not harness.unified() else {"174"}, resources(cpu={"shares": 2048})),
    Row("resources.swap", False, limit("memory/memory.memsw.limit_in_bytes", "memory.swap.max"), "0" if harness.unified() else str(LARGE),
        str(LARGE if harness.unified() else 2 * LARGE),
        resources(memory={"limit": LARGE, "swap": 2 * LARGE})),
    Row("resources.unified", ["memory.max"], unified_names, {"max", RUNS}, {"33", REFUSED}, resources(unified={"pids.max": "33"})),
    Row("resources.cgroupBelow", ["/elsewhere"], outcome, REFUSED, RUNS),
    Row("environment.allow", ["PATH"], variables, {"PATH", "HOME"}, {"PATH", "PORT", "HOME"}),
    Row("environment.strip", ["LD_*"], variables, {"PATH", "PORT", "HOME"}, {"PATH", "PORT", "HOME", "LD_DEBUG"}, environment("LD_DEBUG=all")),
    Row("environment.warn", ["LD_*"], told, True, False, environment("LD_DEBUG=all")),
    Row("environment.secrets", "refuse", outcome, REFUSED, RUNS, environment(SECRET)),
    Row("environment.keep", ["API_*"], variables, {"PATH", "PORT", "HOME", "API_TOKEN"}, {"PATH", "PORT", "HOME", "API_TOKEN_FILE"}, environment(SECRET),
        {"environment": {"secrets": "redirect"}}),
    Row("landlock.enable", True, probe("syscalls", "attempts", "landlock_layers"), "15", "16", able=LANDLOCK >= 2),
    Row("landlock.scopes", ["signal"], foretold("signal the runtime's process"), "EPERM", "ok", host_pids_as_root, CONFINED, able=LANDLOCK >= 6),
    Row("landlock.scopes", ["abstract-unix-socket"], foretold("connect to a socket without a file, of the host's network"), "EPERM", "ok",
        host_network, CONFINED, able=LANDLOCK >= 6),
    Row("landlock.bind", [8080], given("--bind", "47999"), "EACCES", "ok", more=CONFINED, able=LANDLOCK >= 4),
    Row("landlock.connect", [443], given("--connect", "47999"), "EACCES", {"ok", "ECONNREFUSED"}, more=CONFINED, able=LANDLOCK >= 4),
    Row("network.blackhole", ["192.0.2.1"], probe("given", "reach", "192.0.2.1", given=("--reach", "192.0.2.1")), "EINVAL", "ENETUNREACH"),
    Row("network.blackhole", ["169.254.0.0/16"], foretold(METADATA), "EINVAL", "ENETUNREACH"),
    Row("hooks.allow", [], outcome, REFUSED, RUNS, a_hook),
]

ELSEWHERE = {
    "process.coreScheduling": "locks_test.CoreSchedulingTest.test_a_cookie_where_cores_are_shared",
    "process.speculation": "locks_test.SpeculationTest.test_it_is_given_up_where_a_process_can",
    "process.ownIds": "own_ids_test.OwnIdsTest.test_it_is_nobody_of_the_host",
    "namespaces.nested": "own_ids_test.NestedTest.test_without_a_filter_the_kernel_says_so",
    "resources.oomKiller": "memory_test.OomKillerTest.test_nobody_turns_it_off",
    "resources.oomGroup": "memory_test.OomGroupTest.test_all_of_it_ends",
    "resources.memoryHigh": "memory_test.MemoryHighTest.test_a_standard_and_a_ceiling",
    "resources.ioWeight": "io_test.WeightTest.test_less_than_others_or_told",
    "resources.ioMax": "io_test.MaxTest.test_a_disk_that_is_named",
    "resources.wallClock": "policy_node_test.WallClockTest.test_its_time_ends_what_was_started",
    "lsm.unconfined": "apparmor_test.AppArmorTest.test_faas_leaves_nobody_out",
    "lsm.required": "apparmor_test.AppArmorTest.test_a_node_can_insist_on_one",
    "seccomp.compat32": "compat32_test.Compat32Test.test_it_runs_where_the_profile_lets_it",
    "exec.allow": "exec_policy_test.PolicyTest.test_it_may_refuse",
    "exec.withinContainer": "exec_policy_test.PolicyTest.test_nothing_is_more_than_the_container",
}


@unittest.skipUnless(harness.HAS_POLICIES, f"{harness.KIND} has no policies")
class RowTest(harness.Case):
    row = None

    def policy(self, name, rules, modes=None):
        """A file with these rules, {"process.umask": "077"}, and those of the row that it has in either case."""
        body = {"bulkhead": "policy/v1", "kind": "profile", "name": name, "version": "1", **json.loads(json.dumps(self.row.more))}
        if self.row.base:
            body["extends"] = f"builtin:{self.row.base}@1"
        for rule, value in rules.items():
            section, member = rule.split(".")
            body.setdefault(section, {})[member] = value
        if modes:
            body["modes"] = modes
        path = self.work / f"{name}.json"
        path.write_text(json.dumps(body))
        path.chmod(0o644)
        return path

    def found(self, policy):
        bundle = self.bundle("probe")
        bundle.process["args"] = [bundle.process["args"][0], "--exit", "0"]
        self.row.asks(self, bundle)
        return self.row.look(self, bundle, policy)

    def check(self, row):
        self.row = row
        if not row.able:
            self.skipTest(f"Linux {os.uname().release} cannot do it")
        rule = {row.rule: row.value}
        control = "seccomp" if row.rule.startswith("seccomp.") else row.rule
        cases = [("without", {}, None, row.off), ("with", rule, None, row.on)]
        if not row.base and not harness.EMULATED:  # modes are no matter of the kernel; and what it extends would be off too
            cases += [("audited", rule, {control: "audit"}, row.off), ("off", rule, {control: {"mode": "off", "reason": "a test"}}, row.off)]
        for name, rules, modes, wanted in cases:
            with self.subTest(policy=name):
                value = self.found(self.policy(name, rules, modes))
                matches = value in wanted if isinstance(wanted, set) and not isinstance(value, set) else value == wanted
                self.assertTrue(matches, f"{row.rule}: {value!r}, want {wanted!r}")


def add_rows():
    for number, row in enumerate(ROWS):
        def test(self, row=row):
            self.check(row)
        setattr(RowTest, f"test_{row.rule.replace('.', '_')}_{number}", test)


add_rows()


class CompleteTest(unittest.TestCase):
    """No rule is without a test that shows it."""

    def rules(self):
        sections = json.loads((harness.TOP / "profiles/schema/policy.json").read_text())["$defs"]
        names = [name for name in sections["rules"]["properties"] if name != "$comment"]
        return {f"{name}.{rule}" for name in names for rule in sections[name]["properties"] if rule not in ("$comment", "why")}

    def test_every_rule_is_shown(self):
        shown = {row.rule for row in ROWS} | set(ELSEWHERE)
        self.assertEqual(self.rules() - shown, set(), "rules without a row here or a test elsewhere")
        self.assertEqual(shown - self.rules(), set(), "no rules")

    def test_no_row_proves_nothing(self):
        for row in ROWS:
            on, off = (value if isinstance(value, set) else {str(value)} for value in (row.on, row.off))
            with self.subTest(rule=row.rule):
                self.assertNotEqual(on, off)
                self.assertFalse(on & off and row.look is not variables, f"{on} and {off}")

    def test_what_is_shown_elsewhere_is_there(self):
        for rule, name in ELSEWHERE.items():
            with self.subTest(rule=rule):
                file, case, test = name.split(".")
                tree = ast.parse((pathlib.Path(__file__).parent / f"{file}.py").read_text())
                tests = {f"{each.name}.{item.name}" for each in tree.body if isinstance(each, ast.ClassDef)
                         for item in each.body if isinstance(item, ast.FunctionDef)}
                self.assertIn(f"{case}.{test}", tests)


if __name__ == "__main__":
    harness.main()
