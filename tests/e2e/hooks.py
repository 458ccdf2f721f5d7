"""What the tests of hooks share: a hook that tells what it finds, and bundles with hooks."""

import json
import os
import sys
import unittest

import harness

HOST_SIDE = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")
BEFORE = ("prestart", "createRuntime", "createContainer")
RUNTIMES = ("prestart", "createRuntime", "poststart", "poststop")  # in the runtime's namespaces

# Where runc 1.1.5 does otherwise: the caller's environment, the root as the directory, poststart before the start, and more.
own = unittest.skipUnless(harness.KIND == "bulkhead", "only bulkhead promises it")

SECONDS = 5 if harness.TIMEOUT > 30 else 1  # that a slow hook may take, and a shell takes to begin on this machine

# Where the root of a user namespace can reach it, too.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else os.path.realpath(sys.executable)

# What a hook finds; appended to the file that its last argument names, one JSON line each.
RECORDER = """#!{python} -IS
import json, os, sys
fds = {{}}
for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        fds[fd] = os.readlink(f"/proc/self/fd/{{fd}}")
    except OSError:
        pass
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
seen = dict(kind=sys.argv[1], argv=sys.argv, env=dict(os.environ), cwd=os.getcwd(), fds=fds, stdin=sys.stdin.read(),
            pid=os.getpid(), session=os.getsid(0), group=os.getpgid(0), ignored=status["SigIgn"], blocked=status["SigBlk"],
            ns={{n: os.readlink("/proc/self/ns/" + n) for n in os.listdir("/proc/self/ns")}}, extra=sys.argv[2:-1])
for name in sys.argv[2:-1]:
    seen[name] = os.path.exists(name)
state = json.loads(seen["stdin"])
if seen["kind"] in ("prestart", "createRuntime"):  # afterwards it may have ended
    seen["init_ns"] = {{n: os.readlink(f"/proc/{{state['pid']}}/ns/{{n}}") for n in ("net", "mnt", "pid")}}
    seen["init_cgroup"] = open(f"/proc/{{state['pid']}}/cgroup").read()
with open(sys.argv[-1], "a") as out:
    out.write(json.dumps(seen) + "\\n")
"""


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.records = self.work / "records"
        self.recorder = self.script("recorder", RECORDER.format(python=PYTHON))

    def script(self, name, text):
        path = self.work / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def shell(self, name, text):
        return self.script(name, f"#!/bin/sh\n{text}\n")

    def hook(self, kind, *extra, **members):
        return {"path": str(self.recorder), "args": ["recorder", kind, *map(str, extra), str(self.records)], **members}

    def with_hooks(self, args=("true",), kind="busybox", **hooks):
        bundle = self.bundle(kind, args=list(args))
        bundle.config["hooks"] = hooks
        return bundle.write()

    def seen(self):
        if not self.records.exists():
            return []
        return [json.loads(line) for line in self.records.read_text().splitlines()]

    SCRIPT = """#!/bin/sh
cat > /record/state
tr '\\0' '\\n' < /proc/self/environ > /record/env
pwd > /record/cwd
id -u > /record/uid
ls -l /proc/self/fd > /record/fds
grep -E 'NoNewPrivs|Seccomp:|CapEff|CapBnd' /proc/self/status > /record/status
"""

    def start_bundle(self, script=SCRIPT, **members):
        bundle = self.bundle("busybox", args=["ls", "/record"]).own_root()
        (bundle.root / "record").mkdir()
        (bundle.root / "record").chmod(0o777)
        path = bundle.root / "hook"
        path.write_text(script)
        path.chmod(0o755)
        bundle.config["hooks"] = {"startContainer": [{"path": "/hook", "env": ["A=b", "PATH=/bin"], **members}]}
        return bundle.write()

    def assert_nothing_left(self, container):
        self.assertFalse((self.state_root / container).exists())
