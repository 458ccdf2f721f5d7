"""What the end-to-end tests share: the runtime under test, bundles, containers, and a test case that counts leaks.

RUNTIME             the program under test (default: bulkhead in PATH)
BULKHEAD_PROBE      the static probe;  BULKHEAD_C_HTTP: the C function's program (else they are compiled)
BULKHEAD_TOOLS, BULKHEAD_SBINDIR, BULKHEAD_LIBEXECDIR   the program of the other commands, and where both are installed
BULKHEAD_MADE       a directory of bundles that make-bundle made before, by kind, for machines where compiling is slow
BULKHEAD_EMULATED=1 the processors are qemu's: a JIT compiler's code may only run on the one that it was written on
BULKHEAD_ALONE=1    nothing else runs on this machine: the leak census counts everything
The same tests run with runc or crun as RUNTIME, but for what only bulkhead promises; it is how they were checked.
"""

import atexit
import copy
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "contrib/functions"))

import census  # noqa: E402
import hostns  # noqa: E402
import telling  # noqa: E402
from bundle_config import function_config  # noqa: E402

RUNTIME = shutil.which(os.environ.get("RUNTIME", "bulkhead")) or os.environ.get("RUNTIME", "bulkhead")
KIND = os.path.basename(RUNTIME) if os.path.basename(RUNTIME) in ("runc", "crun") else "bulkhead"
KERNEL = tuple(int(part) for part in os.uname().release.replace("-", ".").split(".")[:2])
# What faas has to say of itself on older kernels, at each start.
EXPECTED_WARNING = re.compile(r"^.*degraded: process\.memfdNoexec: .*\n" if KERNEL < (6, 6) else r"(?!)", re.M)
EMULATED = os.environ.get("BULKHEAD_EMULATED") == "1"
HAS_POLICIES = KIND == "bulkhead"
LANDLOCK = max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))  # landlock_create_ruleset(LANDLOCK_CREATE_RULESET_VERSION)
TAG = f"bht{os.getpid()}"
CGROUP_PARENT = f"/bulkhead-test-{TAG}"
OUTPUT_TOLD = 4000  # bytes of each output that a failed test prints
TIMEOUT = 120 if os.environ.get("BULKHEAD_SLOW") == "1" else 30

if os.geteuid() != 0:
    print("skipped: the end-to-end tests need root")
    sys.exit(77)
if not os.access(RUNTIME, os.X_OK):
    sys.exit(f'no runtime to test: "{RUNTIME}" (set RUNTIME)')

hostns.private_mounts()
hostns.become_subreaper()
if KIND == "crun" and os.path.ismount("/sys/fs/cgroup/unified"):
    hostns.umount("/sys/fs/cgroup/unified")  # crun refuses hybrid hierarchies; only this namespace changes

WORK = pathlib.Path(tempfile.mkdtemp(prefix=f"bulkhead-e2e-{TAG}-"))
os.chmod(WORK, 0o755)
# The host's mount of it may be nosuid or nodev, which roots below would inherit: then nothing shows who set it.
hostns.mount(str(WORK), str(WORK), None, hostns.MS_BIND)
hostns.mount(None, str(WORK), None, hostns.MS_BIND | hostns.MS_REMOUNT)
RUNTIME_TMP = WORK / "tmp"
RUNTIME_TMP.mkdir()
_roots = {}


def unified():
    """Pure cgroup v2?"""
    return any(kind == "cgroup2" and top == "/sys/fs/cgroup" for top, kind, _ in census.cgroup_mounts())


def cgroup_dir(path, controller):
    """The directory of a cgroup in the hierarchy that has `controller`; None if no hierarchy has."""
    for top, kind, options in census.cgroup_mounts():
        if kind == "cgroup2" and unified():
            return pathlib.Path(top + path)
        if kind == "cgroup" and controller in options.split(","):
            return pathlib.Path(top + path)
    return None


@atexit.register
def _clean_up():
    for top, _, _ in census.cgroup_mounts():
        parent = top + CGROUP_PARENT
        if os.path.isdir(parent):
            for directory, _, _ in os.walk(parent, topdown=False):
                try:
                    os.rmdir(directory)
                except OSError as error:
                    print(f"cannot remove {directory}: {error}", file=sys.stderr)
    hostns.umount(str(WORK))
    shutil.rmtree(WORK, ignore_errors=True)


def make_root(kind):
    """A bundle of make-bundle's, made once a test program; tests do not write to it."""
    if kind not in _roots:
        target = WORK / "made" / kind
        target.parent.mkdir(exist_ok=True)
        made = pathlib.Path(os.environ.get("BULKHEAD_MADE", WORK / "none")) / kind
        if (made / "config.json").exists():
            shutil.copytree(made, target, symlinks=True)
            _roots[kind] = target
            return target
        command = [sys.executable, TOP / "contrib/functions/make-bundle"]
        binary = {"probe": os.environ.get("BULKHEAD_PROBE"), "c-http": os.environ.get("BULKHEAD_C_HTTP")}.get(kind)
        if binary:
            command += ["--binary", binary]
        answer = subprocess.run([*command, kind, target], capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise unittest.SkipTest(answer.stderr.strip())
        _roots[kind] = target
    return _roots[kind]


class Result:
    """One finished run of the runtime."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self._out, self._err = args, code, out, err

    @property
    def out(self):  # read again each time: a detached container may still write
        return self._out.read_text(errors="surrogateescape")

    @property
    def err(self):
        return EXPECTED_WARNING.sub("", self._err.read_text(errors="surrogateescape"))

    @property
    def own_err(self):
        """Without what an older kernel's Landlock cannot do, which `faas` is warned of on such a host."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("bulkhead: warning: degraded: landlock."))

    def __str__(self):
        return f"{' '.join(map(str, self.args))}: exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Bundle:
    """A directory with config.json; the root is shared with other tests unless own_root() was called."""

    def __init__(self, path, config, root):
        self.path, self.config, self.root = path, config, root
        self.write()

    def write(self):
        (self.path / "config.json").write_text(json.dumps(self.config))
        return self

    def own_root(self):
        """A copy of the root below the bundle, which the test may change."""
        target = self.path / "rootfs"
        shutil.copytree(self.root, target, symlinks=True)
        self.root = target
        self.config["root"]["path"] = "rootfs"
        return self.write()

    @property
    def process(self):
        return self.config["process"]

    @property
    def linux(self):
        return self.config["linux"]

    def namespace(self, kind, **fields):
        """Adds or replaces a namespace; namespace(kind, absent=True) takes it out."""
        kept = [entry for entry in self.linux["namespaces"] if entry["type"] != kind]
        if not fields.pop("absent", False):
            kept.append({"type": kind, **fields})
        self.linux["namespaces"] = kept
        return self

    def mount(self, destination, **fields):
        """Adds a mount, or changes the one at the same place."""
        for entry in self.config["mounts"]:
            if entry["destination"] == destination:
                entry.update(fields)
                return self
        self.config["mounts"].append({"destination": destination, **fields})
        return self


class Case(unittest.TestCase):
    """A test that fails if anything is left behind when it ends."""

    maxDiff = None
    longMessage = True

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(dir=WORK))
        os.chmod(self.work, 0o755)
        self.state_root = self.work / "state"
        self.ids = []
        self.exits = {}
        self.number = 0
        self.running = []
        self.before = self.take_census()
        self.addCleanup(self.check_leaks)

    def take_census(self):
        self.reap()
        return census.take(TAG, self.state_root, RUNTIME_TMP, CGROUP_PARENT)

    def check_leaks(self):
        for container in self.ids:
            answer = self.runtime("delete", "--force", container)
            if answer.code != 0:
                print(answer, file=sys.stderr)
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        lines = census.settle(self.take_census, self.before)
        self.end_left_processes()
        shutil.rmtree(self.work, ignore_errors=True)
        self.assertEqual(lines, [], "something was left behind")

    def end_left_processes(self):
        """Ends what a failed test left, our own descendants and cgroups, so that what comes next starts clean."""
        for line in () if census.ALONE else census.processes() - self.before["processes"]:
            pid = int(line.split()[0])
            if pid not in {process.pid for process in self.running}:
                os.kill(pid, signal.SIGKILL)
                self.wait_exit(pid)
        for directory in sorted(census.cgroups(TAG, CGROUP_PARENT.strip("/")), reverse=True):
            if TAG in directory and directory not in self.before["cgroups"]:
                try:
                    os.rmdir(directory)
                except OSError as error:
                    print(f"cannot remove {directory}: {error}", file=sys.stderr)

    def tell_outputs(self):
        """What the programs of this test printed, and how its containers ended: the last of each, for a failed test."""
        self.reap()
        for number in range(1, self.number + 1):
            for stream in ("out", "err"):
                path = self.work / f"{stream}{number}"
                text = path.read_bytes()[-OUTPUT_TOLD:].decode(errors="replace") if path.exists() else ""
                if text:
                    print(f"--- {stream} of program {number}\n{text}", file=sys.stderr)
        for pid, status in self.exits.items():
            print(f"--- process {pid} ended with {status}", file=sys.stderr)

    # Processes

    def reap(self):
        """Waits for the dead among our children that no Popen waits for."""
        own = {process.pid for process in self.running}
        for pid in map(int, census.read(f"/proc/self/task/{os.getpid()}/children").split()):
            info = census.stat_of(pid)
            if pid not in own and info and info[2] == "Z":
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    self.exits[pid] = os.waitstatus_to_exitcode(status)

    def wait_exit(self, pid, timeout=None):
        """The exit status of a container's init, whose parent we are: negative for a signal."""
        deadline = time.monotonic() + (timeout or TIMEOUT)
        while pid not in self.exits:
            self.reap()
            if time.monotonic() > deadline:
                self.fail(f"process {pid} did not end")
            time.sleep(0.002)
        return self.exits[pid]

    def eventually(self, condition, what, timeout=None):
        deadline = time.monotonic() + (timeout or TIMEOUT)
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"never happened: {what}")
            time.sleep(0.005)

    # The runtime

    def command(self, args, policy=None, flags=()):
        command = [RUNTIME, "--root", str(self.state_root), *map(str, flags)]
        if policy and HAS_POLICIES:
            command += ["--policy", str(policy)]
        return command + [str(arg) for arg in args]

    def spawn(self, *args, policy=None, flags=(), env=None, cwd=None, stdin=subprocess.DEVNULL, **options):
        """Starts the runtime. Its output goes to files: a pipe would stay open as long as the container lives."""
        self.number += 1
        out, err = self.work / f"out{self.number}", self.work / f"err{self.number}"
        command = self.command(args, policy, flags)
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(RUNTIME_TMP)} if env is None else env
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            process = subprocess.Popen(
                command, stdin=stdin, stdout=out_file, stderr=err_file, env=environment, cwd=cwd or "/", **options
            )
        process.result = lambda: Result(command, process.returncode, out, err)
        self.running.append(process)
        return process

    def runtime(self, *args, timeout=None, **options):
        process = self.spawn(*args, **options)
        try:
            process.wait(timeout or TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.fail(f"no end after {timeout or TIMEOUT} s: {process.result()}")
        self.running.remove(process)
        return process.result()

    def new_id(self):
        self.ids.append(f"{TAG}-{len(self.ids)}")
        return self.ids[-1]

    # Bundles and containers

    def bundle(self, kind="probe", args=None, env=(), **changes):
        made = make_root(kind)
        config = json.loads((made / "config.json").read_text())
        path = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        os.chmod(path, 0o755)
        name = f"{TAG}-{path.name}"
        fresh = function_config(args or config["process"]["args"], name, env, cgroup_parent=CGROUP_PARENT)
        fresh["process"]["env"] += [e for e in config["process"]["env"] if e not in fresh["process"]["env"]]
        fresh["root"] = {"path": str(made / "rootfs")}
        if kind == "java-http" and EMULATED:
            fresh["linux"]["resources"]["cpu"] = {"cpus": "0"}
        for key, value in changes.items():
            fresh[key] = copy.deepcopy(value)
        return Bundle(path, fresh, made / "rootfs")

    def assert_ok(self, result):
        self.assertEqual(result.code, 0, str(result))
        return result

    def create(self, bundle, *flags, container=None, policy="passthrough", **options):
        """Creates a container and returns (id, pid of init)."""
        container = container or self.new_id()
        pid_file = self.work / f"pid-{container}"
        bundle.write()
        args = ["create", "--bundle", bundle.path, "--pid-file", pid_file, *flags, container]
        self.assert_ok(self.runtime(*args, policy=policy, **options))
        return container, int(pid_file.read_text())

    def start(self, bundle, *flags, **options):
        container, pid = self.create(bundle, *flags, **options)
        self.assert_ok(self.runtime("start", container))
        return container, pid

    def run_bundle(self, bundle, *flags, container=None, policy="passthrough", **options):
        bundle.write()
        args = ["run", "--bundle", bundle.path, *flags, container or self.new_id()]
        return self.runtime(*args, policy=policy, **options)

    def probe(self, bundle=None, *flags, only=None, **options):
        """The probe's document from inside a container of `bundle`."""
        bundle = bundle or self.bundle("probe")
        if only:
            bundle.process["args"] = [bundle.process["args"][0], "--only", only]
        return json.loads(self.assert_ok(self.run_bundle(bundle, *flags, **options)).out)

    def state(self, container):
        return json.loads(self.assert_ok(self.runtime("state", container)).out)

    def status(self, container):
        return self.state(container)["status"]

    def kill_and_delete(self, container, pid):
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)
        self.assert_ok(self.runtime("delete", container))

    def assert_one_error(self, result, code, *words):
        """One line on stderr that holds all the words, nothing on stdout, and the exit status."""
        self.assertEqual(result.code, code, str(result))
        lines = result.err.strip("\n").split("\n")
        if KIND != "runc":  # runc's usage errors take several lines
            self.assertEqual(len(lines), 1, str(result))
            self.assertEqual(result.out, "", str(result))
        for word in words if KIND != "crun" else ():  # crun has words of its own
            self.assertIn(str(word), result.err, str(result))
        if KIND == "bulkhead":
            self.assertTrue(lines[0].startswith("bulkhead: "), str(result))
            self.assertFalse(lines[0].endswith("."), str(result))


def main():
    print(f"runtime: {RUNTIME} ({KIND}), cgroups: {'v2' if unified() else 'v1 or hybrid'}", flush=True)
    unittest.main(testRunner=unittest.TextTestRunner(verbosity=2, resultclass=telling.Result))
