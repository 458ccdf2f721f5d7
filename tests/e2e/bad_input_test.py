"""What is wrong in what the caller gives: one error line that names the place, the exit status, nothing left behind."""

import copy
import json
import os
import resource

import harness

USAGE = 1  # runc's own status for wrong options and arguments; 3 for an unknown verb
STRICT = harness.KIND == "bulkhead"


class FileTest(harness.Case):
    """config.json as a file."""

    def refused(self, text, *words, policy="passthrough"):
        bundle = self.bundle("busybox", args=["true"])
        (bundle.path / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        for verb in ("run", "create"):
            result = self.runtime(verb, "--bundle", bundle.path, self.new_id(), policy=policy)
            self.assert_one_error(result, 1, *(words if STRICT else ()))
        return result

    def good(self):
        return json.dumps(self.bundle("busybox", args=["true"]).config)

    def test_the_good_one_is_good(self):
        bundle = self.bundle("busybox", args=["true"])
        (bundle.path / "config.json").write_text(self.good())
        self.assertEqual(self.runtime("run", "--bundle", bundle.path, self.new_id(), policy="passthrough").code, 0)

    def test_missing(self):
        bundle = self.bundle("busybox")
        (bundle.path / "config.json").unlink()
        result = self.runtime("run", "--bundle", bundle.path, self.new_id())
        self.assert_one_error(result, 1, "config.json")

    def test_missing_bundle(self):
        result = self.runtime("run", "--bundle", self.work / "none", self.new_id())
        self.assert_one_error(result, 1, "no such file or directory")

    def test_not_a_file(self):
        bundle = self.bundle("busybox")
        (bundle.path / "config.json").unlink()
        (bundle.path / "config.json").mkdir()
        self.assert_one_error(self.runtime("run", "--bundle", bundle.path, self.new_id()), 1)

    def test_a_fifo_does_not_hang(self):
        bundle = self.bundle("busybox")
        (bundle.path / "config.json").unlink()
        os.mkfifo(bundle.path / "config.json")
        if not STRICT:
            self.skipTest(f"{harness.KIND} as installed waits for a writer")
        self.assert_one_error(self.runtime("run", "--bundle", bundle.path, self.new_id(), timeout=10), 1, "config.json")

    def test_a_loop_of_links(self):
        bundle = self.bundle("busybox")
        (bundle.path / "config.json").unlink()
        os.symlink("config.json", bundle.path / "config.json")
        self.assert_one_error(self.runtime("run", "--bundle", bundle.path, self.new_id()), 1)

    def test_empty(self):
        self.refused("", "config.json")

    def test_truncated_everywhere(self):
        text = self.good()
        for size in range(1, len(text), max(1, len(text) // 40)):
            with self.subTest(size=size):
                bundle = self.bundle("busybox", args=["true"])
                (bundle.path / "config.json").write_text(text[:size])
                self.assert_one_error(self.runtime("run", "--bundle", bundle.path, self.new_id()), 1,
                                      *(["config.json"] if STRICT else []))

    def test_not_an_object(self):
        for text in ("[]", "1", '"text"', *(["null"] if STRICT else [])):
            with self.subTest(text=text):
                self.refused(text, "config.json")

    def test_text_after_the_end(self):
        if STRICT:
            self.refused(self.good() + "{}", "config.json")

    def test_nested_too_deeply(self):
        deep = '{"annotations":' * 100000
        self.refused(deep, "config.json")
        self.refused('{"a":' + "[" * 5000 + "]" * 5000 + "}", "config.json") if STRICT else None

    def test_too_large(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} has no limit")
        text = self.good()[:-1] + ',"filler":"' + "x" * (64 << 20) + '"}'
        self.refused(text, "config.json")

    def test_duplicate_keys(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} takes the last one")
        self.refused(self.good()[:-1] + ',"process":{}}', "config.json", "process")

    def test_nul_bytes(self):
        config = json.loads(self.good())
        config["process"]["args"] = ["true\0", "x"]
        self.refused(json.dumps(config), "config.json")
        self.refused(self.good().encode().replace(b'"true"', b'"tr\0ue"'), "config.json")

    def test_invalid_utf8(self):
        if STRICT:
            self.refused(self.good().encode().replace(b'"true"', b'"tr\xff\xfeue"'), "config.json")

    def test_a_byte_order_mark(self):
        self.refused(b"\xef\xbb\xbf" + self.good().encode(), "config.json")


class ValuesTest(harness.Case):
    """config.json's values: each row is a place, a value, and what the error must name."""

    WRONG_TYPES = [
        ("process", []), ("process", "x"), ("process/args", "true"), ("process/args", [1]), ("process/env", {}),
        ("process/env", [1]), ("process/cwd", 1), ("process/user", 1), ("process/user/uid", "0"),
        ("process/user/additionalGids", 1), ("process/capabilities", []), ("process/capabilities/bounding", "CAP_KILL"),
        ("process/rlimits", {}), ("process/noNewPrivileges", "yes"), ("process/oomScoreAdj", "1"), ("root", []),
        ("root/path", 1), ("root/readonly", "true"), ("mounts", {}), ("mounts/0", "x"), ("mounts/0/destination", 1),
        ("mounts/0/options", "ro"), ("mounts/0/options", [1]), ("hostname", 1), ("linux", []), ("linux/namespaces", {}),
        ("linux/namespaces/0/type", 1), ("linux/maskedPaths", "x"), ("linux/maskedPaths", [1]), ("linux/sysctl", []),
        ("linux/sysctl", {"net.ipv4.ip_forward": 1}), ("linux/resources", []), ("linux/resources/devices", {}),
        ("linux/resources/pids", {"limit": "1"}), ("linux/cgroupsPath", 1), ("linux/devices", {}), ("annotations", []),
        ("annotations", {"a": 1}), ("linux/seccomp", []), ("linux/uidMappings", {}), ("process/terminal", 1),
    ]
    OUT_OF_RANGE = [
        ("process/user/uid", -1), ("process/user/uid", 4294967296), ("process/user/gid", 1e3), ("process/user/uid", 1.5),
        ("process/user/additionalGids", [-1]), ("process/user/umask", -1), ("process/oomScoreAdj", 1001),
        ("process/oomScoreAdj", -1001), ("process/rlimits", [{"type": "RLIMIT_CORE", "soft": -1, "hard": 1}]),
        ("process/rlimits", [{"type": "RLIMIT_CORE", "soft": 1, "hard": 18446744073709551616}]),
        ("process/rlimits", [{"type": "RLIMIT_NOFILE", "soft": 2, "hard": 1}]),
        ("linux/resources/pids", {"limit": 9223372036854775808}),
        ("linux/resources/memory", {"limit": 9223372036854775808}), ("linux/resources/memory", {"limit": -2}),
        ("linux/devices", [{"path": "/dev/x", "type": "c", "major": -1, "minor": 1}]),
    ]
    UNKNOWN = [
        ("linux/namespaces/0/type", "bogus"), ("linux/rootfsPropagation", "bogus"),
        ("linux/devices", [{"path": "/dev/x", "type": "z", "major": 1, "minor": 1}]),
        ("process/rlimits", [{"type": "RLIMIT_BOGUS", "soft": 1, "hard": 1}]),
        ("linux/personality", {"domain": "BOGUS"}), ("process/scheduler", {"policy": "SCHED_BOGUS"}),
        ("process/ioPriority", {"class": "IOPRIO_CLASS_BOGUS", "priority": 1}),
        ("linux/seccomp", {"defaultAction": "BOGUS"}), ("linux/sysctl", {"kernel.core_pattern": "x"}),
        ("linux/sysctl", {"vm.swappiness": "1"}), ("linux/resources/hugepageLimits", [{"pageSize": "3XB", "limit": 1}]),
    ]
    MISSING = ["process", "process/args", "process/cwd", "root", "root/path", "mounts/0/destination"]
    SENSELESS = [
        ("process/args", []), ("process/args", [""]), ("process/cwd", ""), ("process/cwd", "relative"),
        ("root/path", ""), ("root/path", "none"), ("process/env", ["\0"]), ("linux/timeOffsets", {"bogus": {"secs": 1}}),
        ("linux/devices", [{"path": "relative", "type": "c", "major": 1, "minor": 1}]),
        ("linux/maskedPaths", ["relative"]), ("linux/readonlyPaths", [""]),
    ]

    def changed(self, config, place, value):
        config = copy.deepcopy(config)
        at = config
        *parents, last = place.split("/")
        for key in parents:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        at[int(last) if isinstance(at, list) else last] = value
        return config

    def check(self, rows):
        base = self.bundle("busybox", args=["true"]).own_root()
        for place, value in rows:
            with self.subTest(place=place, value=value):
                base_config = self.changed(base.config, place, value)
                (base.path / "config.json").write_text(json.dumps(base_config))
                result = self.runtime("run", "--bundle", base.path, self.new_id(), policy="passthrough")
                if STRICT:
                    self.assert_one_error(result, 1, "config.json")
                    # The pointer, or, for what is no document of JSON's at all, line and column.
                    pointer = place.rsplit("/", 1)[0] if place[-1].isdigit() else place
                    self.assertRegex(result.err, f"/{pointer}|line \\d+ column \\d+")
                elif result.code not in (0, 1):
                    self.fail(str(result))

    def test_wrong_types(self):
        self.check(self.WRONG_TYPES)

    def test_out_of_range(self):
        self.check(self.OUT_OF_RANGE)

    def test_unknown_words(self):
        self.check(self.UNKNOWN)

    def test_values_that_make_no_sense(self):
        self.check(self.SENSELESS)

    def test_missing_members(self):
        base = self.bundle("busybox", args=["true"]).own_root()
        for place in self.MISSING:
            with self.subTest(place=place):
                config = copy.deepcopy(base.config)
                at = config
                *parents, last = place.split("/")
                for key in parents:
                    at = at[int(key)] if isinstance(at, list) else at[key]
                del at[last]
                (base.path / "config.json").write_text(json.dumps(config))
                result = self.runtime("run", "--bundle", base.path, self.new_id(), policy="passthrough")
                if STRICT:
                    self.assert_one_error(result, 1, "config.json", last)

    def test_unknown_members_are_ignored(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.config["from_the_future"] = {"a": [1, {"b": None}]}
        bundle.process["newer"] = True
        bundle.linux["newest"] = "x"
        bundle.config["ociVersion"] = "1.99.0"
        self.assert_ok(self.run_bundle(bundle))

    def test_what_is_not_there_yet_is_refused_not_ignored(self):
        if not STRICT:
            self.skipTest("for bulkhead's own gaps")
        places = {
            "process/terminal": True,
            "linux/intelRdt": {"closID": "x"},
        }
        base = self.bundle("busybox", args=["true"])
        for place, value in places.items():
            with self.subTest(place=place):
                (base.path / "config.json").write_text(json.dumps(self.changed(base.config, place, value)))
                result = self.runtime("run", "--bundle", base.path, self.new_id(), policy="passthrough")
                self.assert_one_error(result, 1, place.split("/")[-1])


class WorldTest(harness.Case):
    """What the configuration names and is not there."""

    def test_missing_rootfs(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.config["root"]["path"] = "nothing"
        self.assert_one_error(self.run_bundle(bundle), 1, *(["nothing"] if harness.KIND != "crun" else []))

    def test_a_file_as_rootfs(self):
        bundle = self.bundle("busybox", args=["true"])
        (bundle.path / "file").touch()
        bundle.config["root"]["path"] = "file"
        self.assert_one_error(self.run_bundle(bundle), 1)

    def test_missing_executable(self):
        bundle = self.bundle("busybox", args=["no-such-program"])
        self.assert_one_error(self.run_bundle(bundle), 1, "executable file not found in $PATH")

    def test_a_broken_executable(self):
        bundle = self.bundle("busybox", args=["/broken"]).own_root()
        (bundle.root / "broken").write_text("this is no program")
        (bundle.root / "broken").chmod(0o755)
        result = self.run_bundle(bundle)
        self.assertIn(result.code, (1, 126), str(result))
        self.assertIn("exec format error", result.err.lower())

    def test_a_script_without_its_interpreter(self):
        bundle = self.bundle("busybox", args=["/script"]).own_root()
        (bundle.root / "script").write_text("#!/no/such/interpreter\n")
        (bundle.root / "script").chmod(0o755)
        result = self.run_bundle(bundle)
        self.assertIn(result.code, (1, 127), str(result))
        self.assertIn("no such file or directory", result.err.lower())

    def test_bad_ids(self):
        bundle = self.bundle("busybox", args=["true"]).write()
        for container in ("", ".", "..", "a/b", "a b", "a\nb", "a:b", "../up", "\u00e9", "x" * 2000):
            with self.subTest(id=container):
                result = self.runtime("run", "--bundle", bundle.path, container, policy="passthrough")
                if STRICT:
                    self.assert_one_error(result, 1, *(["invalid container ID format"] if container else []))
                else:
                    self.assertNotEqual(result.code, 0, str(result))
        self.assertEqual(sorted(os.listdir(self.state_root)) if self.state_root.exists() else [], [])

    def test_a_taken_id(self):
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        container, pid = self.create(bundle)
        other = self.bundle("busybox", args=["true"])
        self.assert_one_error(self.run_bundle(other, container=container), 1, "already exists")
        self.kill_and_delete(container, pid)

    def test_too_few_descriptors(self):
        bundle = self.bundle("busybox", args=["true"]).write()
        result = self.runtime(
            "run", "--bundle", bundle.path, self.new_id(), policy="passthrough",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6)),
        )
        if STRICT and result.code != 0:
            self.assert_one_error(result, 1)


class CommandLineTest(harness.Case):
    def test_unknown_verb(self):
        self.assert_one_error(self.runtime("frobnicate"), 3 if harness.KIND != "crun" else 1, "frobnicate")

    def test_unknown_options(self):
        for args in (["state", "--bogus", "x"], ["run", "--bogus", "x"], ["list", "--bogus"], ["kill", "-z", "x"]):
            with self.subTest(args=args):
                if STRICT:
                    self.assert_one_error(self.runtime(*args), USAGE, args[1])
                else:
                    self.assertNotEqual(self.runtime(*args).code, 0)
        result = self.runtime("list", flags=["--bogus"])
        self.assertNotEqual(result.code, 0)
        if STRICT:
            self.assert_one_error(result, USAGE, "--bogus")

    def test_wrong_number_of_arguments(self):
        for args in (["state"], ["state", "a", "b"], ["create"], ["run", "a", "b"], ["kill"], ["delete"], ["start"]):
            with self.subTest(args=args):
                if STRICT:
                    self.assert_one_error(self.runtime(*args), USAGE, args[0])
                else:
                    self.assertNotEqual(self.runtime(*args).code, 0)

    def test_options_that_lack_their_value(self):
        for args in (["run", "--bundle"], ["create", "x", "--pid-file"]):
            with self.subTest(args=args):
                self.assertNotEqual(self.runtime(*args).code, 0)

    def test_bad_option_values(self):
        if not STRICT:
            self.skipTest("runc and crun word these differently")
        for args in (["list", "--format", "bogus"], ["run", "--preserve-fds", "-1", "x"],
                     ["run", "--preserve-fds", "many", "x"]):
            with self.subTest(args=args):
                self.assert_one_error(self.runtime(*args), USAGE)
        self.assert_one_error(self.runtime("list", flags=["--log-format", "bogus"]), USAGE, "bogus")

    def test_no_verb_shows_help(self):
        result = self.runtime()
        self.assertIn("create", result.out + result.err)

    def test_help_everywhere(self):
        for args in ([], ["create"], ["start"], ["state"], ["kill"], ["delete"], ["run"], ["list"], ["spec"], ["features"]):
            with self.subTest(verb=args):
                result = self.assert_ok(self.runtime(*args, "--help"))
                self.assertGreater(len(result.out.splitlines()), 3)

    def test_missing_policy(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} has no policies")
        bundle = self.bundle("busybox", args=["true"]).write()
        for policy in ("no-such-policy", "/no/such/policy.json"):
            with self.subTest(policy=policy):
                for verb in (["run", "--bundle", bundle.path, self.new_id()], ["explain", "--bundle", bundle.path]):
                    self.assert_one_error(self.runtime(*verb, policy=policy), 1, policy)

    def test_bad_policies(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} has no policies")
        bundle = self.bundle("busybox", args=["true"]).write()
        good = json.loads((harness.TOP / "profiles/faas.json").read_text())
        cases = {
            "not JSON": ("{", "policy.json"),
            "not a policy": ("{}", "policy.json"),
            "unknown member": (json.dumps(good | {"bogus": 1}), "bogus"),
            "wrong type": (json.dumps(good | {"process": []}), "/process"),
            "unknown group": (json.dumps(good | {"seccomp": {"default": "ENOSYS", "allow": ["@bogus"]}}), "@bogus"),
        }
        for name, (text, word) in cases.items():
            with self.subTest(case=name):
                path = self.work / "policy.json"
                path.write_text(text)
                path.chmod(0o644)
                result = self.runtime("run", "--bundle", bundle.path, self.new_id(), policy=path)
                self.assert_one_error(result, 1, word)

    def test_the_state_root_must_be_ours(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} trusts any directory")
        bundle = self.bundle("busybox", args=["true"]).write()
        foreign = self.work / "foreign"
        foreign.mkdir()
        foreign.chmod(0o777)
        result = self.runtime("run", "--bundle", bundle.path, self.new_id(), policy="passthrough", flags=["--root", foreign])
        self.assert_one_error(result, 1, foreign)


if __name__ == "__main__":
    harness.main()
