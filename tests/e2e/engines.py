"""The engines that a node has, each with a story's steps in its own words: containerd by ctr, podman, docker.

What they keep lies below a test's directory, and their cgroups below the tests' own; nothing is pulled: a container's
root is a directory.
"""

import atexit
import errno
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess

import census
import harness
import hostns

# Where shims have their sockets, wherever containerd has its own; and the runtime's state, for podman forgets the
# runtime's options when a container has ended; and where dockerd looks for plugins.
PRIVATE = ("/run/containerd", "/run/docker", f"/run/{harness.KIND}")
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def private_directories():
    """Of this mount namespace alone: nothing of the host's is found there, and the host finds nothing."""
    for path in map(pathlib.Path, PRIVATE):
        if not path.is_dir():
            path.mkdir(mode=0o711)
            atexit.register(path.rmdir)
        hostns.mount("tmpfs", str(path), "tmpfs", 0, "mode=711")
        atexit.register(hostns.umount, str(path))


def name_of(policy):
    return policy if isinstance(policy, str) else policy.stem if policy else "none"


class Answer:
    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out.read_text(errors="replace"), err.read_text(errors="replace")

    def __str__(self):
        return f"{' '.join(self.command)}: exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Engine:
    """`start` begins what is to run meanwhile. `policy`: None, the runtime has no such thing."""

    programs = ()
    not_found = cwd_not_found = None  # exit codes for what cannot be executed
    reports_code = True               # of a container in the foreground, and of what exec starts
    outlive = ()                      # what keeps a program from ending before its output is read
    numbers = itertools.count()

    @classmethod
    def missing(cls):
        return [name for name in cls.programs if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]

    def __init__(self, case, root):
        self.case, self.root = case, root
        self.home = pathlib.Path(harness.WORK) / f"e{next(self.numbers)}"  # podman takes no path of more than 50 characters
        self.home.mkdir()
        case.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.node = case.work / "node"
        self.node.mkdir(exist_ok=True)
        self.environment = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": str(self.home), "TMPDIR": str(harness.RUNTIME_TMP)}

    def wrapper(self, policy):
        """Those that pass no options get the runtime as a script that does."""
        path = self.home / f"runtime-{name_of(policy)}"
        options = ["--policy", str(policy), "--policy-dir", str(self.node)] if policy else []
        path.write_text("#!/bin/sh\nexec " + " ".join([harness.RUNTIME, *options]) + ' "$@"\n')
        path.chmod(0o755)
        return path

    def call(self, *args, stdin=None, timeout=None):
        case = self.case
        case.number += 1
        out, err = case.work / f"out{case.number}", case.work / f"err{case.number}"
        command = [str(arg) for arg in (*self.client(), *args)]
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, stdout=out_file,
                                       stderr=err_file, env=self.environment, cwd="/")
            case.running.append(process)
            process.communicate(None if stdin is None else stdin.encode(), timeout or 4 * harness.TIMEOUT)
            case.running.remove(process)
        return Answer(command, process.returncode, out, err)

    def ok(self, *args, **options):
        answer = self.call(*args, **options)
        self.case.assertEqual(answer.code, 0, str(answer))
        return answer.out.strip()

    def start_daemon(self, command, ready):
        with open(self.home / "daemon.log", "wb") as log:
            daemon = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      env=self.environment, cwd="/")
        self.case.running.append(daemon)
        self.case.eventually(lambda: self.call(*ready).code == 0 or daemon.poll() is not None, "the daemon answers")
        self.case.assertIsNone(daemon.poll(), (self.home / "daemon.log").read_text()[-2000:])
        return daemon

    def stop_daemon(self, daemon):
        daemon.terminate()
        daemon.wait(harness.TIMEOUT)
        self.case.running.remove(daemon)

    def begin(self):
        pass

    def end(self):
        pass

    def policy(self, name):
        """The policy of that name, or what an operator has to make of it for this engine."""
        return name


class Containerd(Engine):
    programs = ("containerd", "ctr", "containerd-shim-runc-v2")
    not_found = cwd_not_found = 1
    stop_signal = "SIGTERM"

    def client(self):
        return "ctr", "--address", self.home / "socket", "--namespace", harness.TAG

    def begin(self):
        config = self.home / "config.toml"
        config.write_text(f'version = 2\nroot = "{self.home}/root"\nstate = "{self.home}/state"\n'
                          'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n'
                          f'[grpc]\naddress = "{self.home}/socket"\n')
        self.daemon = self.start_daemon(["containerd", "--config", config], ["version"])
        self.number = 0

    def end(self):
        self.stop_daemon(self.daemon)

    def options(self, policy, name):
        return ("--env", PATH, "--rootfs", "--runc-binary", self.wrapper(policy), "--cgroup", f"{harness.CGROUP_PARENT}/{name}")

    def start(self, policy, name, *args):
        self.ok("run", "--detach", *self.options(policy, name), self.root, name, *args)
        return int(self.ok("task", "ls").splitlines()[-1].split()[1])

    # ctr gives up reading once the program has ended: on a busy machine what it said last may be lost.
    outlive = ("sh", "-c", '"$@"; code=$?; sleep 1; exit $code', "sh")

    def run(self, policy, name, *args):
        return self.call("run", "--rm", *self.options(policy, name), self.root, name, *args)

    def exec(self, name, *args, user=None, cwd=None, detach=False, **options):
        self.number += 1
        more = [*(("--user", user) if user else ()), *(("--cwd", cwd) if cwd else ()), *(("--detach",) if detach else ())]
        return self.call("task", "exec", "--exec-id", f"e{self.number}", *more, name, *args, **options)

    def end_exec(self, name, _):
        """The last one that was started."""
        self.ok("task", "kill", "--exec-id", f"e{self.number}", "--signal", "SIGKILL", name)

    def stop(self, name):
        self.ok("task", "kill", "--signal", "SIGKILL", name)
        self.case.eventually(lambda: "STOPPED" in self.ok("task", "ls"), "the container ends")
        self.case.assertIn("stopped", self.exec(name, "true").err)
        return int(self.call("task", "delete", name).err.split("exit code ")[1].split('"')[0])

    def delete(self, name):
        self.ok("container", "delete", name)
        self.case.assertEqual(self.ok("container", "ls", "--quiet"), "")


class Podman(Engine):
    programs = ("podman", "conmon")
    not_found = cwd_not_found = 127
    runtime = None  # what it is called by; None: as it is

    def __init__(self, case, root):
        super().__init__(case, root)
        # It would have systemd call the health check, now and then.
        self.environment |= {"DISABLE_HC_SYSTEMD": "true", "XDG_RUNTIME_DIR": str(self.home)}
        self.chosen = ()

    def client(self):
        return ("podman", "--root", self.home / "root", "--runroot", self.home / "r", "--tmpdir", self.home / "t", "--storage-driver",
                "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none", "--runtime", self.runtime or harness.RUNTIME,
                *self.chosen)

    def end(self):
        self.case.eventually(self.without_conmons_cgroups, "conmon ends")

    def without_conmons_cgroups(self):
        """It leaves them."""
        try:
            for directory in census.cgroups(harness.TAG, ""):
                if directory.endswith(f"{harness.CGROUP_PARENT}/conmon"):
                    os.rmdir(directory)
        except OSError as error:
            self.case.assertEqual(error.errno, errno.EBUSY)
            return False
        return True

    def choose(self, policy):
        self.chosen = ("--runtime-flag", f"policy={policy}", "--runtime-flag", f"policy-dir={self.node}") if policy else ()

    def options(self, name):
        # runc fails where it may not raise a limit to what podman asks for.
        limits = ("--ulimit", "nofile=100:100", "--ulimit", "nproc=1000:1000") if harness.KIND == "runc" else ()
        return ("--name", name, "--network", "none", "--cgroup-parent", harness.CGROUP_PARENT, *limits)

    def start(self, policy, name, *args):
        self.choose(policy)
        self.ok("run", "--detach", *self.options(name), "--health-cmd", "test -e /dev/shm/healthy", "--rootfs", self.root, *args)
        return int(self.ok("inspect", "--format", "{{.State.Pid}}", name))

    def run(self, policy, name, *args, stdin=None):
        self.choose(policy)
        return self.call("run", "--rm", "--interactive", *self.options(name), "--rootfs", self.root, *args, stdin=stdin)

    def exec(self, name, *args, user=None, cwd=None, detach=False, stdin=None):
        more = [*(("--user", user) if user else ()), *(("--workdir", cwd) if cwd else ()), *(("--detach",) if detach else ())]
        more += ("--interactive",) if stdin is not None else ()
        return self.call("exec", *more, name, *args, stdin=stdin)

    def end_exec(self, _, pid):
        os.kill(pid, signal.SIGKILL)

    def check_health(self, name):
        self.case.assertEqual(self.call("healthcheck", "run", name).code, 1)
        self.case.assertEqual(self.exec(name, "touch", "/dev/shm/healthy").code, 0)
        self.case.assertEqual(self.call("healthcheck", "run", name).code, 0)

    def stop(self, name):
        self.ok("stop", "--time", "0", name)
        self.case.assertNotEqual(self.exec(name, "true").code, 0)
        return int(self.ok("inspect", "--format", "{{.State.ExitCode}}", name))

    def restart(self, name):
        self.ok("start", name)
        self.case.assertEqual(self.exec(name, "sh", "-c", "exit 5").code, 5)
        self.ok("kill", name)

    def delete(self, name):
        self.ok("rm", "--force", name)
        self.case.assertEqual(self.ok("ps", "--all", "--quiet"), "")


class Docker(Podman):
    programs = ("dockerd", "docker", "containerd", "containerd-shim-runc-v2")
    not_found = cwd_not_found = 126

    def client(self):
        return "docker", "--host", f"unix://{self.home}/socket"

    def choose(self, policy):
        self.chosen = ("--runtime", name_of(policy), "--network", "none", "--cgroup-parent", harness.CGROUP_PARENT)

    def begin(self):
        policies = [self.policy(name) for name in (("passthrough", "faas") if harness.HAS_POLICIES else (None,))]
        config = self.home / "daemon.json"
        config.write_text(json.dumps({
            "data-root": f"{self.home}/root", "exec-root": f"{self.home}/exec", "pidfile": f"{self.home}/pid",
            "hosts": [f"unix://{self.home}/socket"], "iptables": False, "ip6tables": False, "ip-forward": False, "bridge": "none",
            "storage-driver": "vfs", "runtimes": {name_of(policy): {"path": str(self.wrapper(policy))} for policy in policies}}))
        self.daemon = self.start_daemon(["dockerd", "--config-file", config], ["version"])
        # It has a prestart hook for every container, which is itself, /proc/PID/exe; a node's policy names the program.
        profile = {"bulkhead": "policy/v1", "kind": "profile", "name": "docker-faas", "version": "1", "extends": "builtin:faas@1",
                   "hooks": {"allow": [{"path": os.readlink(f"/proc/{self.daemon.pid}/exe")}]}}
        (self.home / "docker-faas.json").write_text(json.dumps(profile))
        archive = self.home / "root.tar"
        subprocess.run(["tar", "-C", str(self.root), "-cf", str(archive), "."], check=True)
        self.ok("import", archive, "probe:1")
        archive.unlink()

    def end(self):
        self.stop_daemon(self.daemon)

    def policy(self, name):
        return self.home / "docker-faas.json" if name == "faas" else name

    def options(self, name):
        return "--name", name, *self.chosen

    def start(self, policy, name, *args):
        self.choose(policy)
        self.ok("run", "--detach", *self.options(name), "--health-cmd", "test -e /dev/shm/healthy", "--health-interval", "1s", "probe:1", *args)
        return int(self.ok("inspect", "--format", "{{.State.Pid}}", name))

    def run(self, policy, name, *args, stdin=None):
        self.choose(policy)
        return self.call("run", "--rm", "--interactive", *self.options(name), "probe:1", *args, stdin=stdin)

    def check_health(self, name):
        self.case.assertEqual(self.exec(name, "touch", "/dev/shm/healthy").code, 0)
        self.case.eventually(lambda: self.ok("inspect", "--format", "{{.State.Health.Status}}", name) == "healthy", "it is healthy")
