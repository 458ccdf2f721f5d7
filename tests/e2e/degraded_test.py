"""What a kernel or a host cannot do: a container starts with less, which is told, or, where the control is required, does
not start, with one error that names the control. Whether it can is asked of the kernel, so that a new one and an old one
show both sides; what only an old one shows is shown on a new one too, which is made to look like it.
"""

import collections
import ctypes
import json
import os
import pathlib
import shutil
import subprocess

import harness
import hostns
import locks_test
import node

STRACE, SETARCH = shutil.which("strace"), shutil.which("setarch")
LANDLOCK, KERNEL = harness.LANDLOCK, harness.KERNEL
SECRET = "API_TOKEN=hunter2-canary-0815"
ALL_OF_IT = {"enable": True, "scopes": ["signal", "abstract-unix-socket"], "bind": [8080], "connect": [443]}

# control  its name
# rules    the policy's
# able     whether this host can do it in full
# words    of the reason, where it cannot
# asks     asks(case, bundle): what config.json asks for
Row = collections.namedtuple("Row", "control rules able words asks", defaults=(lambda case, bundle: None,))


def without_network(case, bundle):
    bundle.namespace("network", absent=True)


def without_pids(case, bundle):
    bundle.namespace("pid", absent=True)


def with_secret(case, bundle):
    bundle.process["env"].append(SECRET)


def with_many_ids(case, bundle):
    bundle.process["user"] = {"uid": 0, "gid": 70000}


def on_overlay(case, bundle):
    """A root of a file system that no kernel maps ids of."""
    places = {name: case.work / f"overlay-{name}" for name in ("upper", "work", "merged")}
    if not places["merged"].exists():
        for place in places.values():
            place.mkdir()
        options = f"lowerdir={bundle.root},upperdir={places['upper']},workdir={places['work']}"
        hostns.mount("overlay", str(places["merged"]), "overlay", 0, options)
        case.addCleanup(hostns.umount, str(places["merged"]))
    bundle.config["root"]["path"] = str(places["merged"])


def speculation_is_left_open():
    """As far as a process can tell: prctl(2), PR_GET_SPECULATION_CTRL."""
    prctl = ctypes.CDLL(None).prctl
    states = [prctl(locks_test.PR_GET_SPECULATION_CTRL, number, 0, 0, 0) for number in locks_test.CONTROLS.values()]
    return any(state < 0 or (state and not state & (locks_test.BY_PROCESS | locks_test.GIVEN_UP | 4)) for state in states)


def has_module():
    enabled = pathlib.Path("/sys/module/apparmor/parameters/enabled")
    return (enabled.exists() and enabled.read_text().startswith("Y")) or os.path.ismount("/sys/fs/selinux")


def root_can_be_mapped():
    kind = subprocess.run(["stat", "-f", "-c", "%T", harness.WORK], capture_output=True, text=True, check=True).stdout.strip()
    return KERNEL >= {"ext2/ext3": (5, 12), "xfs": (5, 12), "btrfs": (5, 15), "tmpfs": (6, 3)}.get(kind, (999, 0))


VERSION = os.uname().release
NOT_MAPPED = "cannot be idmapped by this kernel"
NO_LANDLOCK = "no Landlock" if LANDLOCK == 0 else "version"
ROWS = [
    Row("landlock.enable", {"landlock": {"enable": True}}, LANDLOCK >= 5, NO_LANDLOCK),
    Row("landlock.scopes", {"landlock": ALL_OF_IT}, LANDLOCK >= 6, NO_LANDLOCK),
    Row("landlock.bind", {"landlock": ALL_OF_IT}, LANDLOCK >= 4, NO_LANDLOCK),
    Row("landlock.connect", {"landlock": ALL_OF_IT}, LANDLOCK >= 4, NO_LANDLOCK),
    Row("process.memoryDenyWriteExecute", {"process": {"memoryDenyWriteExecute": True}}, KERNEL >= (6, 3), f"Linux {VERSION} cannot deny it"),
    Row("process.memfdNoexec", {"process": {"memfdNoexec": True}}, KERNEL >= (6, 6), f"Linux {VERSION} cannot"),
    Row("process.memfdNoexec", {"process": {"memfdNoexec": True}}, False, "its pid namespace is not new", without_pids),
    Row("process.speculation", {"process": {"speculation": "deny"}}, not speculation_is_left_open(), "this kernel leaves it to no process"),
    Row("process.coreScheduling", {"process": {"coreScheduling": True}}, locks_test.cookie() != "EINVAL" or not locks_test.cores_are_shared(),
        f"Linux {VERSION} was built without core scheduling"),
    Row("process.rootUser", {"process": {"rootUser": "remap"}}, root_can_be_mapped(), NOT_MAPPED),
    Row("process.rootUser", {"process": {"rootUser": "remap"}}, False, NOT_MAPPED, on_overlay),
    Row("process.rootUser", {"process": {"rootUser": "remap"}}, False, "id 70000 is outside" if root_can_be_mapped() else NOT_MAPPED, with_many_ids),
    Row("environment.secrets", {"environment": {"secrets": "redirect"}}, KERNEL >= (6, 4), f"Linux {VERSION} has no tmpfs without swap", with_secret),
    Row("network.blackhole", {"network": {"blackhole": ["169.254.169.254"]}}, True, ""),
    Row("network.blackhole", {"network": {"blackhole": ["169.254.169.254"]}}, False, "its network namespace is the host's", without_network),
    # Where there is a module, apparmor_test.py has what becomes of who has no label.
    *([] if has_module() else [Row("lsm.required", {"lsm": {"required": True}}, False, "neither AppArmor nor SELinux")]),
]


class Case(node.Case):
    wrapper = ()

    def request(self, row):
        bundle = self.bundle("busybox", args=["true"])
        row.asks(self, bundle)
        return bundle.write()

    def call(self, *args):
        """(exit status, standard output and error) of the runtime, by way of what makes this kernel an older one."""
        command = [*self.wrapper, *self.command(args, policy="passthrough", flags=self.flags)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=harness.TIMEOUT, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def decided(self, row):
        code, out, err = self.call("explain", "--format", "json", "--bundle", self.request(row).path)
        self.assertEqual(code, 0, err)
        return [each for each in json.loads(out)["decisions"] if each["control"] == row.control and each["degraded"]]

    def check_preferred(self, row):
        log = self.work / "decisions.log"
        self.add("rules", "floor", decisionLog={"sink": f"file:{log}"}, **row.rules)
        code, _, err = self.call("run", "--bundle", self.request(row).path, self.new_id())
        self.assertEqual(code, 0, err)
        warnings = [line for line in err.splitlines() if f"degraded: {row.control}: " in line]
        logged = [each for each in json.loads(log.read_text().splitlines()[-1])["decisions"]
                  if each["control"] == row.control and each.get("degraded")]
        counts = (len(warnings), len(self.decided(row)), len(logged))
        self.assertEqual(counts, (0, 0, 0) if row.able else (1, 1, 1), f"warned, explained, logged: {err}")
        if not row.able:
            self.assertIn("not possible here", warnings[0])
            self.assertIn(row.words, warnings[0])

    def check_required(self, row):
        file = self.add("rules", "floor", modes={row.control: {"required": True}}, **row.rules)
        container = self.new_id()
        for args in (("run", "--bundle", self.request(row).path, container), ("create", "--bundle", self.request(row).path, container),
                     ("explain", "--bundle", self.request(row).path)):
            if args[0] == "create" and row.able:
                continue
            code, out, err = self.call(*args)
            if row.able:
                self.assertEqual(code, 0, err)
                continue
            self.assertEqual((code, out, len(err.splitlines())), (1, "", 1), f"{args[0]}: {err}")
            for words in ("refuses", f"{row.control} cannot be met in full here", row.words, f"it is required by {file}:/modes/{row.control}/required"):
                self.assertIn(words, err)
        self.assertEqual(self.call("state", container)[0], 1, "nothing is made")

    def check(self, row):
        with self.subTest(required=False):
            self.check_preferred(row)
        with self.subTest(required=True):
            self.check_required(row)


class HereTest(Case):
    """What this host can and cannot."""


def add_rows():
    for number, row in enumerate(ROWS):
        def test(self, row=row):
            self.check(row)
        setattr(HereTest, f"test_{row.control.replace('.', '_')}_{number}", test)


add_rows()


class OlderTest(Case):
    """What older kernels cannot, on this one."""

    def test_versions_of_landlock(self):
        if not STRACE:
            self.skipTest("needs strace")
        for abi in range(0, LANDLOCK + 1):
            answer = f"retval={abi}" if abi else "error=EOPNOTSUPP"
            self.wrapper = [STRACE, "-qq", "-o", "/dev/null", "-e", f"inject=landlock_create_ruleset:{answer}"]
            for control, since in (("landlock.enable", 5), ("landlock.scopes", 6), ("landlock.bind", 4), ("landlock.connect", 4)):
                words = "no Landlock" if abi == 0 else "version 1 of" if abi == 1 else f"version {abi} of"
                with self.subTest(abi=abi, control=control):
                    self.check_required(Row(control, {"landlock": ALL_OF_IT}, abi >= since, words))

    def test_a_kernel_of_another_age(self):
        """setarch(8) has uname(2) say 2.6."""
        if not SETARCH:
            self.skipTest("needs setarch(8)")
        self.wrapper = [SETARCH, "--uname-2.6"]
        for control, rules, asks in (("process.memoryDenyWriteExecute", {"process": {"memoryDenyWriteExecute": True}}, None),
                                     ("process.memfdNoexec", {"process": {"memfdNoexec": True}}, None),
                                     ("environment.secrets", {"environment": {"secrets": "redirect"}}, with_secret),
                                     ("process.rootUser", {"process": {"rootUser": "remap"}}, None)):
            with self.subTest(control=control):
                words = "cannot be idmapped" if control == "process.rootUser" else "Linux 2.6"
                self.check(Row(control, rules, False, words, *([asks] if asks else [])))


class MissingTest(Case):
    """What no container is started without, if a rule asks for it: there is no such thing as a part of it."""

    LIMITS = {"pids": {"pids": {"max": 17}}, "memory": {"memory": {"max": "64M"}}, "cpu": {"cpu": {"max": "500m"}}}

    def test_a_controller_of_cgroups(self):
        if harness.unified() or not shutil.which("unshare"):
            self.skipTest("needs unshare(1), and hierarchies that can be hidden one by one")
        for controller, rule in self.LIMITS.items():
            where = harness.cgroup_dir("", controller)
            if where is None:
                continue
            # Of a mount namespace of its own, which is private.
            self.wrapper = ["unshare", "-m", "sh", "-c", f'umount -l {where} && exec "$@"', "sh"]
            with self.subTest(controller=controller):
                file = self.add("rules", "floor", resources=rule)
                for verb in ("run", "explain"):
                    row = Row(f"resources.{controller}", {}, True, "")
                    args = (verb, "--bundle", self.request(row).path, *([self.new_id()] if verb == "run" else []))
                    code, out, err = self.call(*args)
                    self.assertEqual((code, out, len(err.splitlines())), (1, "", 1), err)
                    for words in (f'no "{controller}" cgroup controller on this host', f"set by resources.{controller} of the policy ({file}:/resources/{controller}"):
                        self.assertIn(words, err)
                file.unlink()
                code, _, err = self.call("run", "--bundle", self.request(row).path, self.new_id())
                self.assertEqual((code, err), (0, ""), "without the rule")

    def test_a_namespace(self):
        if not STRACE or not os.path.exists("/proc/self/ns/time"):
            self.skipTest("needs strace and a kernel with time namespaces")
        self.add("rules", "floor", namespaces={"own": ["time"]})
        for answer, status in (("", 0), ("error=EINVAL", 1)):
            self.wrapper = [STRACE, "-f", "-qq", "-o", "/dev/null", *(["-e", f"inject=unshare:{answer}"] if answer else [])]
            code, out, err = self.call("run", "--bundle", self.request(Row("namespaces.own", {}, True, "")).path, self.new_id())
            self.assertEqual((code, out, len(err.splitlines())), (status, "", status), err)
            self.assertEqual("time namespace: invalid argument" in err, status == 1, err)


if __name__ == "__main__":
    harness.main()
