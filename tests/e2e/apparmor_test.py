"""AppArmor, where the kernel has it on: the profile that config.json asks for confines, and a policy can insist on one."""

import pathlib
import shutil
import subprocess
import unittest

import harness
import node

PARSER = shutil.which("apparmor_parser") or shutil.which("apparmor_parser", path="/usr/sbin:/sbin")
PROFILE = f"bulkhead-e2e-{harness.TAG}"
RULES = f"""
profile {PROFILE} flags=(attach_disconnected, mediate_deleted) {{
  file,
  capability,
  network,
  signal,
  deny /tmp/denied w,
}}
"""
SCRIPT = "cat /proc/self/attr/current; (: > /tmp/allowed) && echo allowed; (: > /tmp/denied) 2> /dev/null || echo denied"


def enabled():
    file = pathlib.Path("/sys/module/apparmor/parameters/enabled")
    return file.exists() and file.read_text().startswith("Y")


def parse(*flags):
    subprocess.run([PARSER, "--skip-cache", *flags], input=RULES, text=True, check=True, capture_output=True)


@unittest.skipUnless(enabled(), "this kernel has no AppArmor")
class AppArmorTest(node.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if PARSER is None:
            raise AssertionError("apparmor_parser is missing: contrib/install-packages test installs it")
        parse("--replace")
        cls.addClassCleanup(parse, "--remove")

    def shell(self, profile=None, user=1000):
        bundle = self.bundle("busybox", args=["sh", "-c", SCRIPT])
        bundle.process["user"] = {"uid": user, "gid": user}
        if profile is not None:
            bundle.process["apparmorProfile"] = profile
        return bundle

    def test_a_profile_confines_what_has_it(self):
        for policy, user in (("passthrough", 0), ("faas", 1000), ("faas", 0)):
            with self.subTest(policy=policy, user=user):
                out = self.assert_ok(self.run_bundle(self.shell(PROFILE, user), policy=policy)).out
                self.assertEqual(out.splitlines(), [f"{PROFILE} (enforce)", "allowed", "denied"])

    def test_without_one_nothing_is_denied(self):
        for profile in (None, ""):
            out = self.assert_ok(self.run_bundle(self.shell(profile), policy="faas")).out
            self.assertEqual(out.splitlines()[1:], ["allowed"])

    def test_what_exec_starts_has_the_containers(self):
        for policy, user in (("passthrough", 0), ("faas", 1000), ("faas", 0)):
            with self.subTest(policy=policy, user=user):
                bundle = self.shell(PROFILE, user)
                bundle.process["args"] = ["sleep", "1000"]
                container, pid = self.start(bundle, policy=policy)
                out = self.assert_ok(self.runtime("exec", container, "sh", "-c", SCRIPT)).out
                self.assertEqual(out.splitlines(), [f"{PROFILE} (enforce)", "allowed", "denied"])
                other = self.runtime("exec", "--apparmor", "unconfined", container, "cat", "/proc/self/attr/current")
                self.assertEqual("unconfined" in other.out, policy == "passthrough", str(other))
                self.assert_ok(self.runtime("probe", "--id", container))
                self.kill_and_delete(container, pid)

    def test_one_that_is_not_loaded_is_an_error(self):
        self.assert_one_error(self.run_bundle(self.shell("bulkhead-no-such-profile")), 1, "/process/apparmorProfile", "bulkhead-no-such-profile")

    def test_faas_leaves_nobody_out(self):
        self.assert_one_error(self.run_bundle(self.shell("unconfined"), policy="faas"), 1, "/process/apparmorProfile", "unconfined")

    def test_a_node_can_insist_on_one(self):
        self.add("labels", "floor", lsm={"required": True})
        self.assert_one_error(self.run_here(self.shell(), policy="faas"), 1, "/process/apparmorProfile is absent")
        self.assert_one_error(self.run_here(self.shell("unconfined"), policy="passthrough"), 1, "confines nothing")
        self.assertIn(PROFILE, self.assert_ok(self.run_here(self.shell(PROFILE), policy="faas")).out)


if __name__ == "__main__":
    harness.main()
