"""Landlock, from the policy to a proof from inside: what only it forbids is possible without it; what it must not take is
still possible with it; and what a kernel cannot do is told."""

import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

import harness

ABI = harness.LANDLOCK
STRACE = shutil.which("strace")


@unittest.skipUnless(harness.KIND == "bulkhead", "only bulkhead has this control")
class Case(harness.Case):
    def policy(self, name="alone", rules=None, **landlock):
        """A policy with nothing but Landlock."""
        path = self.work / f"{name}.json"
        body = {"bulkhead": "policy/v1", "kind": "profile", "name": name, "version": "1", **(rules or {})}
        path.write_text(json.dumps({**body, "landlock": {"enable": True, **landlock}}))
        path.chmod(0o644)
        return path

    def given(self, bundle, option, value, **options):
        """The word for one attempt from inside."""
        bundle.process["args"] = [bundle.process["args"][0], "--only", "given", option, str(value)]
        return self.probe(bundle, **options)[option.lstrip("-")][str(value)]

    def layers(self, bundle=None, **options):
        return self.probe(bundle, only="syscalls", **options)["attempts"]["landlock_layers"]

    def decisions(self, bundle, prefix=(), policy=None):
        bundle.write()
        command = [*prefix, *self.command(["explain", "--format", "json", "--bundle", bundle.path], policy=policy)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return {row["control"]: row for row in json.loads(answer.stdout)["decisions"] if row["control"].startswith("landlock.")}


@unittest.skipUnless(ABI >= 2, f"this kernel has Landlock {ABI}")
class InsideTest(Case):
    def test_it_is_there_and_is_not_where_it_is_not_asked_for(self):
        self.assertEqual(self.layers(policy="faas"), "15")
        self.assertEqual(self.layers(policy=self.policy()), "15")
        for policy in ("passthrough", "compat", "baseline"):
            self.assertEqual(self.layers(policy=policy), "16", policy)

    def test_pause_keeps_pausing(self):
        bundle = self.bundle("c-http", args=["/handler", "--pause"])
        bundle.process["args"] = [json.loads((harness.make_root("c-http") / "config.json").read_text())["process"]["args"][0], "--pause"]
        container, pid = self.start(bundle, policy="sandbox")
        self.assertEqual(self.status(container), "running")
        self.kill_and_delete(container, pid)

    def test_a_directory_of_the_host_leads_nowhere(self):
        """CVE-2024-21626's class: a descriptor that should not be there."""
        outside = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, outside)

        def leak():
            os.dup2(outside, 3)

        for policy, word in (("passthrough", "ok"), (self.policy(), "EACCES"), ("faas", "EACCES")):
            bundle = self.bundle("probe")
            options = {"preexec_fn": leak, "pass_fds": (3,)}
            bundle.process["args"] = [bundle.process["args"][0], "--only", "given", "--descriptor", "3"]
            answer = self.run_bundle(bundle, "--preserve-fds", 1, policy=policy, **options)
            self.assertEqual(json.loads(self.assert_ok(answer).out)["descriptor"]["3"], word, str(policy))

    def test_what_it_is_given_open_it_opens_again(self):
        """Its output is a file of the host's, its input the null device."""
        def words(policy):
            return [self.given(self.bundle("probe"), "--descriptor", number, policy=policy) for number in (0, 1, 2)]

        self.assertEqual(words("passthrough"), ["ok"] * 3)
        self.assertEqual(words(self.policy()), ["ok"] * 3)
        self.assertEqual(words("faas"), words(self.policy("off", {"extends": "builtin:faas@1"}, enable=False)))

    @unittest.skipUnless(ABI >= 6, f"Landlock {ABI} has no scopes")
    def test_abstract_sockets_of_the_hosts_network(self):
        """CVE-2020-15257: the socket of containerd's shim."""
        name = f"bulkhead-{harness.TAG}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("\0" + name)
            listener.listen(8)
            for policy, word in (("passthrough", "ok"), (self.policy("none", scopes=["signal"]), "ok"),
                                 (self.policy(scopes=["abstract-unix-socket"]), "EPERM"), ("faas", "EPERM")):
                bundle = self.bundle("probe").namespace("network", absent=True)
                self.assertEqual(self.given(bundle, "--abstract", name, policy=policy), word, str(policy))

    @unittest.skipUnless(ABI >= 6, f"Landlock {ABI} has no scopes")
    def test_signals_to_the_hosts_processes(self):
        for policy, word in (("passthrough", "ok"), (self.policy("none", scopes=["abstract-unix-socket"]), "ok"),
                             (self.policy(scopes=["signal"]), "EPERM")):
            bundle = self.bundle("probe").namespace("pid", absent=True)
            bundle.process["capabilities"] = {name: ["CAP_KILL"] for name in ("bounding", "effective", "permitted")}
            self.assertEqual(self.given(bundle, "--signal", os.getpid(), policy=policy), word, str(policy))

    @unittest.skipUnless(ABI >= 4, f"Landlock {ABI} does not restrict ports")
    def test_ports(self):
        policy = self.policy(bind=[8080], connect=[443])
        for option, port, refused in (("--bind", 8080, False), ("--bind", 8081, True), ("--connect", 8080, True), ("--connect", 443, False)):
            word = self.given(self.bundle("probe"), option, port, policy=policy)
            self.assertEqual(word == "EACCES", refused, f"{option} {port}: {word}")
            self.assertNotEqual(self.given(self.bundle("probe"), option, port), "EACCES", f"{option} {port}")

    def test_nothing_else_is_taken_from_a_read_write_root(self):
        bundle = self.bundle("probe").own_root()
        bundle.config["root"]["readonly"] = False
        (bundle.path / "data").mkdir()
        (bundle.path / "file").write_text("x")
        bundle.mount("/data", type="bind", source=str(bundle.path / "data"), options=["rbind", "rw"])
        bundle.mount("/etc/file", type="bind", source=str(bundle.path / "file"), options=["bind", "rw"])
        places = ("/", "/data", "/dev/shm")

        def words(policy):
            bundle.process["args"] = [bundle.process["args"][0], "--only", "given,paths"]
            for place in places:
                bundle.process["args"] += ["--try-in", place]
            seen = self.probe(bundle, policy=policy)
            tried = {place: {key: value for key, value in seen["in"][place].items() if key not in ("mknod", "device")} for place in places}
            return tried, seen["create_in"], seen["open_for_writing"], seen["read"]["/proc/self/maps"]["result"]

        self.assertEqual(words(self.policy()), words("passthrough"))

    def test_no_mount_changes_and_its_capability_is_warned_of(self):
        bundle = self.bundle("probe")
        bundle.process["capabilities"] = {name: ["CAP_SYS_ADMIN"] for name in ("bounding", "effective", "permitted")}
        bundle.linux.pop("seccomp", None)
        for policy, word in (("passthrough", "ENODEV"), (self.policy(), "EPERM")):
            self.assertEqual(self.probe(bundle, only="syscalls", policy=policy)["attempts"]["mount"], word, str(policy))
        row = self.decisions(bundle, policy=self.policy())["landlock.enable"]
        self.assertTrue(row["warning"])
        self.assertIn("CAP_SYS_ADMIN", row["why"])


@unittest.skipUnless(ABI >= 2, f"this kernel has Landlock {ABI}")
class PredictionTest(Case):
    def report(self, bundle, policy):
        result = self.runtime("probe", "--bundle", bundle.write().path, "--format", "json", policy=policy)
        self.assertEqual(result.code, 0, str(result))
        return {row["attempt"]: row for row in json.loads(result.out)["controls"]}

    def test_alone_over_what_is_wide_open(self):
        """Every capability and no filter: what is forbidden, Landlock forbids, and all of it was foretold."""
        bundle = self.bundle("probe").own_root()
        bundle.config["root"]["readonly"] = False
        names = json.loads(subprocess.run([harness.RUNTIME, "features"], capture_output=True, text=True, check=True).stdout)["linux"]["capabilities"]
        bundle.process["capabilities"] = {kind: names for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")}
        bundle.process["noNewPrivileges"] = False
        bundle.linux.pop("seccomp", None)
        bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
        bundle.linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}
        nodev = {"filesystem": {"nodev": True}}
        rows = self.report(bundle, self.policy("on", nodev, scopes=["signal", "abstract-unix-socket"]))
        without = self.report(bundle, self.policy("off", nodev, enable=False))
        for attempt, word, open_word in (("mount a file system (mount)", "EPERM", "ENODEV"), ("domains that it can add, of 16", "15", "16"),
                                         ("make a block device in /", "EACCES", "ok")):
            with self.subTest(attempt=attempt):
                self.assertEqual((rows[attempt]["observed"], without[attempt]["observed"]), (word, open_word))
        for attempt in ("write in /", "make a file system (fsopen)", "make a mount namespace (unshare)"):
            self.assertEqual(rows[attempt]["observed"], "ok", attempt)

    def test_ports(self):
        rows = self.report(self.bundle("probe"), self.policy(bind=[8080], connect=[]))
        if ABI >= 4:
            self.assertEqual(rows["bind to TCP port 47999"]["observed"], "EACCES")
            self.assertEqual(rows["connect to TCP port 47999"]["observed"], "EACCES")
            self.assertEqual(rows["bind to TCP port 8080"]["observed"], "ok")
        else:
            self.assertIn("ok", rows["bind to TCP port 47999"]["observed"])


class DegradationTest(Case):
    WISHES = {"scopes": ["signal", "abstract-unix-socket"], "bind": [8080]}

    def check(self, rows, abi):
        if abi < 2:
            self.assertEqual((rows["landlock.enable"]["effective"], rows["landlock.enable"]["degraded"]), ("none", True))
        for control, since in (("enable", 5), ("bind", 4), ("scopes", 6)):
            self.assertEqual(rows[f"landlock.{control}"]["degraded"], abi < since, f"{control} with version {abi}")

    def test_of_this_kernel(self):
        self.check(self.decisions(self.bundle("probe"), policy=self.policy(**self.WISHES)), ABI)

    @unittest.skipUnless(STRACE, "needs strace")
    def test_of_older_ones(self):
        """strace answers the question for the version; nothing else is changed, and init itself is not traced."""
        for abi, answer in ((0, "error=EOPNOTSUPP"), (0, "error=ENOSYS"), *((n, f"retval={n}") for n in range(1, 8))):
            strace = [STRACE, "-qq", "-o", "/dev/null", "-e", f"inject=landlock_create_ruleset:{answer}"]
            policy = self.policy(**self.WISHES)
            with self.subTest(answer=answer):
                self.check(self.decisions(self.bundle("probe"), strace, policy), abi)
                if ABI < abi:
                    continue
                bundle = self.bundle("probe")
                bundle.process["args"] = [bundle.process["args"][0], "--only", "syscalls"]
                bundle.write()
                command = [*strace, *self.command(["run", "--bundle", bundle.path, self.new_id()], policy=policy)]
                run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=harness.TIMEOUT)
                self.assertEqual(run.returncode, 0, run.stderr)
                left = json.loads(run.stdout)["attempts"]["landlock_layers"]
                self.assertEqual(left, "15" if abi >= 2 else "16" if ABI else left)

    @unittest.skipUnless(STRACE and ABI >= 2, "needs strace and Landlock")
    def test_a_rule_that_fails_is_named(self):
        """Nothing is started with a layer less than was decided."""
        for call, words in (("landlock_add_rule", ("landlock", "allow / read,execute", "/root")), ("landlock_restrict_self", ("landlock", "enter"))):
            bundle = self.bundle("probe").write()
            strace = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error=ENOMEM"]
            command = [*strace, *self.command(["run", "--bundle", bundle.path, self.new_id()], policy="faas")]
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=harness.TIMEOUT)
            self.assertNotEqual(run.returncode, 0, call)
            for word in (*words, "cannot allocate memory"):
                self.assertIn(word, run.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    harness.main()
