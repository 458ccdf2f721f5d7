"""Every built-in profile with a function in each language: which pairs work, and how those that do not work fail.

BULKHEAD_MATRIX=own   only each language's own profile, faas and sandbox, for machines that are slow
"""

import json
import os
import subprocess

import harness
import hostns

OWN = os.environ.get("BULKHEAD_MATRIX") == "own"
PATHS = {  # beside "/"
    "/tmp-write": "file says kept\n",
    "/subprocess": "child says 42, status 0\n",
    "/threads": "threads say 4004000\n",
    "/dns": "dns says ok\n",
}
# Language -> the profile made for it.
LANGUAGES = {"c": "faas-go", "go": "faas-go", "python": "faas-python", "node": "faas-node", "java": "faas-java"}
# Profile -> ids that it wants; the others get what containerd asks for by itself, which is root.
USERS = {"faas-restricted": {"uid": 1000, "gid": 1000}}
# Profiles that run nothing from /tmp, and what a shell says then.
TMP_IS_DATA = {"faas-go": "Permission denied", "faas-restricted": "Permission denied"}
# (language, profile) -> (path that fails, what it answers, why): pairs that are not meant to work. All are.
BROKEN = {}

# What ends a server in the sandbox, where neither threads nor sockets are to be had.
IN_SANDBOX = {
    "c": "^listen: Function not implemented$",
    "go": "failed to create new OS thread",
    "python": "Fatal Python error|Python path configuration",
    "node": "Assertion",
    "java": "pthread_create failed",
}


def built_in_profiles():
    answer = subprocess.run(
        [harness.RUNTIME, "policy", "list", "-f", "json"], capture_output=True, text=True, check=True
    )
    return sorted(
        entry["name"] for entry in json.loads(answer.stdout) if (entry["kind"], entry["place"]) == ("profile", "built-in")
    )


class MatrixTest(harness.Case):
    cells = {}

    @classmethod
    def setUpClass(cls):
        cls.profiles = [name for name in built_in_profiles() if name != "sandbox"] if harness.HAS_POLICIES else []

    @classmethod
    def tearDownClass(cls):
        names = [name for name in cls.profiles if any((language, name) in cls.cells for language in LANGUAGES)]
        print("\n" + " ".join(["language", *names]))
        for language in LANGUAGES:
            row = [cls.cells.get((language, name), "-").ljust(len(name)) for name in names]
            print(" ".join([language.ljust(len("language")), *row]).rstrip())
        for (language, name), (path, _, why) in BROKEN.items():
            print(f"{language} under {name}: {path} fails: {why}")

    def setUp(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        super().setUp()

    def bundle_for(self, kind, profile, **changes):
        bundle = self.bundle(kind, **changes)
        bundle.process["user"] = dict(USERS.get(profile, bundle.process["user"]))
        return bundle

    def stop(self, container, pid):
        self.assert_ok(self.runtime("kill", container, "SIGTERM"))
        self.assertEqual(self.wait_exit(pid), 0, "the function ends itself with status 0 on SIGTERM")
        self.assert_ok(self.runtime("delete", container))

    def check_pair(self, language, profile):
        broken, wrong, _ = BROKEN.get((language, profile), (None, None, None))
        expected = {"/": (200, f"hello from {language}\n"), **{path: (200, body) for path, body in PATHS.items()}}
        container, pid = self.start(self.bundle_for(f"{language}-http", profile), policy=profile)
        answers = {path: hostns.http_get(pid, path) for path in expected}
        if broken:
            self.assertNotEqual(answers[broken], expected[broken], "it works: take it off the list")
            self.assertRegex(answers.pop(broken)[1], wrong)
            del expected[broken]
        self.assertEqual(answers, expected)
        self.stop(container, pid)
        return f"no {broken}" if broken else "ok"

    def check_language(self, language):
        profiles = [name for name in self.profiles if not OWN or name in ("faas", LANGUAGES[language])]
        self.assertIn(LANGUAGES[language], profiles)
        for profile in profiles:
            self.cells[language, profile] = "FAILED"
            with self.subTest(profile=profile):
                self.cells[language, profile] = self.check_pair(language, profile)

    def test_c(self):
        self.check_language("c")

    def test_go(self):
        self.check_language("go")

    def test_python(self):
        self.check_language("python")

    def test_node(self):
        self.check_language("node")

    def test_java(self):
        self.check_language("java")

    def test_programs_in_tmp(self):
        script = "cp /bin/busybox /tmp/true && /tmp/true; status=$?; rm /tmp/true; exit $status"
        for profile in self.profiles:
            with self.subTest(profile=profile):
                bundle = self.bundle_for("busybox", profile, args=["/bin/sh", "-c", script])
                result = self.run_bundle(bundle, policy=profile)
                error = TMP_IS_DATA.get(profile)
                self.assertEqual(result.code, 126 if error else 0, str(result))
                self.assertIn(error or "", result.err)

    def test_a_pause_container_in_the_sandbox(self):
        container, pid = self.start(self.bundle("c-http", args=["/handler", "--pause"]), policy="sandbox")
        self.assertEqual(self.status(container), "running")
        self.stop(container, pid)

    def test_the_sandbox_serves_nothing(self):
        for language in ["c"] if OWN else IN_SANDBOX:
            with self.subTest(language=language):
                result = self.run_bundle(self.bundle(f"{language}-http"), policy="sandbox")
                self.assertNotEqual(result.code, 0, str(result))
                self.assertRegex(result.out + result.err, IN_SANDBOX[language])
                self.assertNotIn("listening on", result.err)

    def test_every_profile_is_tried(self):
        self.assertEqual(set(LANGUAGES.values()) - set(self.profiles), set())
        self.assertIn("sandbox", built_in_profiles())
        for language, profile in BROKEN:
            self.assertIn(language, LANGUAGES)
            self.assertIn(profile, self.profiles)


if __name__ == "__main__":
    harness.main()
