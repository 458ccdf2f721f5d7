"""Hooks of each kind: where they run, and with what."""

import json
import os
import pathlib
import signal
import subprocess

import harness
import hooks


class EachKindTest(hooks.Case):
    def test_all_are_run_in_their_order(self):
        bundle = self.with_hooks(**{kind: [self.hook(kind, env=[f"K={kind}"]), self.hook(kind)] for kind in hooks.HOST_SIDE})
        self.assert_ok(self.run_bundle(bundle))
        self.assertEqual([r["kind"] for r in self.seen()], [kind for kind in hooks.HOST_SIDE for _ in range(2)])

    @hooks.own
    def test_create_start_and_delete_run_each_its_own(self):
        bundle = self.with_hooks(["sleep", "60"], **{kind: [self.hook(kind)] for kind in hooks.HOST_SIDE})
        container, pid = self.create(bundle)
        kinds = lambda: [r["kind"] for r in self.seen()]
        self.assertEqual(kinds(), list(hooks.BEFORE))
        self.assertEqual(self.status(container), "created")
        (bundle.path / "config.json").write_text("{}")  # whoever owns the bundle has no say in what runs later
        self.assert_ok(self.runtime("start", container))
        self.assertEqual(kinds(), [*hooks.BEFORE, "poststart"])
        self.kill_and_delete(container, pid)
        self.assertEqual(kinds(), list(hooks.HOST_SIDE))

    def test_delete_force_runs_poststop_once(self):
        container, _ = self.create(self.with_hooks(["sleep", "60"], poststop=[self.hook("poststop", self.state_root)]))
        self.assert_ok(self.runtime("delete", "--force", container))
        self.assert_ok(self.runtime("delete", "--force", container))
        self.assertEqual(len(self.seen()), 1)

    @hooks.own
    def test_what_each_is_told(self):
        bundle = self.with_hooks(["sleep", "60"], **{kind: [self.hook(kind)] for kind in hooks.HOST_SIDE})
        bundle.config["annotations"] = {"a.b": "\"pid\":1,\n"}
        container, pid = self.start(bundle)
        self.kill_and_delete(container, pid)
        status = {"poststart": "running", "poststop": "stopped"}
        for record in self.seen():
            kind = record["kind"]
            with self.subTest(kind=kind):
                state = json.loads(record["stdin"])
                version = state.pop("ociVersion")
                self.assertRegex(version, r"^1\.")
                expected = {"id": container, "status": status.get(kind, "creating"), "bundle": str(bundle.path), "annotations": {"a.b": "\"pid\":1,\n"}}
                if kind != "poststop":
                    expected["pid"] = 1 if kind == "createContainer" else pid
                self.assertEqual(state, expected)

    @hooks.own
    def test_with_what_each_runs(self):
        bundle = self.with_hooks(**{kind: [self.hook(kind, env=["A=b", "C="])] for kind in hooks.HOST_SIDE})
        bundle.process["env"].append("LD_PRELOAD=/evil.so")
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        process = self.spawn("run", "--bundle", bundle.path, self.new_id(), policy="passthrough", pass_fds=(read,),
                             env={"PATH": os.environ["PATH"], "CALLERS": "1", "LD_PRELOAD": ""},
                             preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
        self.assertEqual(process.wait(harness.TIMEOUT), 0, str(process.result()))
        self.assertEqual(len(self.seen()), len(hooks.HOST_SIDE))
        for record in self.seen():
            with self.subTest(kind=record["kind"]):
                env = {k: v for k, v in record["env"].items() if k not in ("LC_CTYPE",)}  # Python's own
                self.assertEqual(env, {"A": "b", "C": ""})
                self.assertEqual(record["cwd"], "/" if record["kind"] == "createContainer" else str(bundle.path))
                self.assertEqual(set(record["fds"]), {"0", "1", "2", "3"}, record["fds"])
                self.assertIn("memfd:state", record["fds"]["0"])
                self.assertEqual(record["fds"]["3"], str(self.recorder))  # a script is opened by its interpreter
                self.assertEqual(int(record["ignored"], 16) & ~(1 << 12 | 1 << 24), 0)  # Python ignores SIGPIPE and SIGXFSZ itself
                self.assertEqual(int(record["blocked"], 16), 0)
                self.assertEqual(record["session"], record["pid"])
                self.assertEqual(record["group"], record["pid"])

    @hooks.own
    def test_without_env_there_is_none(self):
        """CVE-2025-23266: neither the caller's nor the container's."""
        out = self.work / "environ"
        each = {kind: [{"path": "/bin/cp", "args": ["cp", "/proc/self/environ", f"{out}.{kind}"]}] for kind in hooks.HOST_SIDE}
        bundle = self.with_hooks(**each)
        bundle.process["env"].append("LD_PRELOAD=/evil.so")
        self.assert_ok(self.run_bundle(bundle, env={"PATH": os.environ["PATH"], "CALLERS": "1"}))
        for kind in hooks.HOST_SIDE:
            self.assertEqual(pathlib.Path(f"{out}.{kind}").read_bytes(), b"", kind)

    def test_in_which_namespaces(self):
        bundle = self.with_hooks(**{kind: [self.hook(kind)] for kind in hooks.HOST_SIDE})
        self.assert_ok(self.run_bundle(bundle))
        own = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("net", "mnt", "pid", "uts", "ipc")}
        seen = {r["kind"]: r for r in self.seen()}
        for kind in hooks.RUNTIMES:
            for name, value in own.items():
                self.assertEqual(seen[kind]["ns"][name], value, f"{kind} {name}")
        for name, value in seen["prestart"]["init_ns"].items():
            self.assertNotEqual(value, own[name], name)
            self.assertEqual(seen["createContainer"]["ns"][name], value, name)
        self.assertIn(harness.CGROUP_PARENT, seen["createRuntime"]["init_cgroup"])

    def test_everything_is_mounted_before_the_pivot(self):
        """As with runc: the root is where the bundle has it, in the container's mount namespace alone."""
        source = self.work / "source"
        source.mkdir()
        (source / "file").write_text("")
        bundle = self.bundle("busybox", args=["true"]).own_root()
        (bundle.root / "data").mkdir()
        bundle.mount("/data", type="bind", source=str(source), options=["rbind"])
        inside = [bundle.root / "data/file", bundle.root / "proc/self", bundle.root / "dev/null", bundle.root / "bin"]
        bundle.config["hooks"] = {"createContainer": [self.hook("createContainer", *inside)], "createRuntime": [self.hook("createRuntime", *inside)]}
        self.assert_ok(self.run_bundle(bundle))
        seen = {r["kind"]: r for r in self.seen()}
        for path in inside:
            self.assertTrue(seen["createContainer"][str(path)], path)
        self.assertFalse(seen["createRuntime"][str(inside[0])])
        self.assertFalse(seen["createRuntime"][str(inside[1])])

    def test_the_way_to_the_root_may_have_links(self):
        bundle = self.bundle("busybox", args=["true"]).own_root()
        for name, target in {"absolute": str(bundle.path), "relative": bundle.path.name}.items():
            link = self.work / name
            link.symlink_to(target)
            bundle.config["root"]["path"] = f"{link}/rootfs"
            bundle.config["hooks"] = {"createContainer": [self.hook("createContainer", bundle.root / "proc/self", f"{link}/rootfs/proc/self")]}
            self.assert_ok(self.run_bundle(bundle))
            self.assertTrue(self.seen()[-1][f"{link}/rootfs/proc/self"])
            self.assertTrue(self.seen()[-1][str(bundle.root / "proc/self")])

    def test_nothing_is_left_when_poststop_runs(self):
        container = self.new_id()
        bundle = self.with_hooks(poststop=[self.hook("poststop", self.state_root / container)])
        self.assert_ok(self.run_bundle(bundle, container=container))
        (record,) = self.seen()
        self.assertFalse(record[str(self.state_root / container)])

    def test_by_a_link_of_proc(self):
        """As Docker names itself: path /proc/PID/exe, and argv[0] what to be."""
        process = self.spawn_host("/bin/sh", "-c", "read x")
        bundle = self.with_hooks(prestart=[{"path": f"/proc/{process.pid}/exe", "args": ["libnetwork-setkey", "-c", f'echo "$0 $*" > {self.records}', "x", "y"]}])
        self.assert_ok(self.run_bundle(bundle))
        self.assertEqual(self.records.read_text(), "x y\n")

    def spawn_host(self, *command):
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.running.append(process)
        return process

    def test_user_namespace(self):
        bundle = self.with_hooks(**{kind: [self.hook(kind)] for kind in hooks.HOST_SIDE})
        bundle.namespace("user")
        bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.records.touch()
        self.records.chmod(0o666)
        result = self.run_bundle(bundle)
        self.assert_ok(result)
        self.assertEqual([r["kind"] for r in self.seen()], list(hooks.HOST_SIDE))


class InTheContainerTest(hooks.Case):
    @hooks.own
    def test_runs_as_confined_as_the_program(self):
        bundle = self.start_bundle()
        bundle.process["user"] = {"uid": 1000, "gid": 1000}
        bundle.process["noNewPrivileges"] = True
        bundle.process["capabilities"] = {}
        bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}
        container, pid = self.create(bundle)
        record = bundle.root / "record"
        self.assertEqual(os.listdir(record), [])
        self.assert_ok(self.runtime("start", container))
        self.assertEqual(self.wait_exit(pid), 0)
        state = json.loads((record / "state").read_text())
        self.assertEqual((state["id"], state["status"], state["pid"], state["bundle"]), (container, "created", 1, str(bundle.path)))
        self.assertEqual((record / "env").read_text(), "A=b\nPATH=/bin\n")
        self.assertEqual((record / "cwd").read_text(), "/\n")
        self.assertEqual((record / "uid").read_text(), "1000\n")
        self.assertEqual(dict(line.split(":\t") for line in (record / "status").read_text().splitlines()),
                         {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16})
        self.assertEqual((record / "fds").read_text().count("->"), 4)  # 0 to 2, and the script

    def test_by_run(self):
        bundle = self.start_bundle()
        result = self.assert_ok(self.run_bundle(bundle))
        self.assertEqual(result.out.split(), ["cwd", "env", "fds", "state", "status", "uid"])

    @hooks.own
    def test_failure_is_told_by_start(self):
        bundle = self.start_bundle("#!/bin/sh\necho no luck >&2\nexit 3\n")
        container, pid = self.create(bundle)
        self.assert_one_error(self.runtime("start", container), 1, "/hooks/startContainer/0", '"/hook"', "ended with status 3: no luck")
        self.wait_exit(pid)
        self.assertEqual(self.status(container), "stopped")
        self.assert_ok(self.runtime("delete", container))

    @hooks.own
    def test_failure_is_told_by_run(self):
        for script, words in {"#!/bin/sh\nkill -9 $$\n": "was ended by signal 9", "#!/bin/sh\nsleep 60\n": f"timeout after {hooks.SECONDS} s", "#!/none\n": "no such file"}.items():
            bundle = self.start_bundle(script, timeout=hooks.SECONDS)
            container = self.new_id()
            self.assert_one_error(self.run_bundle(bundle, container=container), 1, "/hooks/startContainer/0", words)
            self.assert_nothing_left(container)

    @hooks.own
    def test_missing(self):
        bundle = self.start_bundle()
        (bundle.root / "hook").unlink()
        (bundle.root / "hook").symlink_to(self.recorder)  # a path of the host's
        self.assert_one_error(self.run_bundle(bundle), 1, "/hooks/startContainer/0", "no such file")

    def test_without_no_new_privs_the_filter_holds_too(self):
        bundle = self.start_bundle("#!/bin/sh\nmkdir /record/made 2> /record/error\ntrue\n")
        bundle.process["noNewPrivileges"] = False
        bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
        self.assert_ok(self.run_bundle(bundle))
        self.assertIn("not permitted", (bundle.root / "record/error").read_text().lower())


if __name__ == "__main__":
    harness.main()
