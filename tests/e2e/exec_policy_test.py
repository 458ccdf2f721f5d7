"""exec and policies: what was in force when the container was made holds, whatever its files say since; what has come to the
node's takes away; and nothing is more than the container."""

import json
import os
import re

import harness
from exec_case import Case


class PolicyTest(Case):
    LOOSE = {"process": {"capabilities": ["CHOWN", "KILL", "SYS_TIME"]}}
    TIGHT = {"process": {"capabilities": ["KILL"], "noNewPrivileges": True}, "seccomp": {"allow": ["@faas@1"], "default": "EPERM"},
             "exec": {"withinContainer": True}}

    def capabilities(self, container, *options):
        seen = json.loads(self.out(container, "/probe", options=options))
        return int(seen["capabilities"]["bounding"], 16), seen["no_new_privs"], seen["seccomp"]["mode"]

    def test_it_may_refuse(self):
        for rules in ({"exec": {"allow": False}}, {"extends": "builtin:faas-restricted@1", "process": {"rootUser": "remap"}}):
            container, pid = self.start_waiting(self.profile("closed", **rules))
            self.assert_one_error(self.exec(container, "true"), 255, 'policy "closed@1" refuses', "exec")
            self.kill_and_delete(container, pid)

    def test_a_file_that_is_widened_or_gone_makes_no_difference(self):
        path = self.profile("changing", **self.TIGHT)
        container, pid = self.start_waiting(path)
        before = self.capabilities(container, "-c", "SYS_TIME", "-c", "CHOWN")
        self.assertEqual(before, (1 << 5, 1, 2))
        for change in (lambda: self.profile("changing", **self.LOOSE), lambda: path.write_text("{"), path.unlink):
            change()
            self.assertEqual(self.capabilities(container, "-c", "SYS_TIME", "-c", "CHOWN"), before)
            # Nor does the policy that is asked for now.
            answer = self.runtime("--policy", "passthrough", "exec", "-c", "SYS_TIME", container, "/probe", flags=self.flags)
            self.assertEqual(int(json.loads(self.assert_ok(answer).out)["capabilities"]["bounding"], 16), 1 << 5)
        self.kill_and_delete(container, pid)

    def test_config_that_is_changed_makes_no_difference(self):
        bundle = self.waiting(env=["OWN=1"])
        container, pid = self.start_waiting("faas", bundle)
        bundle.process["env"].append("OWN=2")
        bundle.process["noNewPrivileges"] = False
        bundle.linux["maskedPaths"] = []
        bundle.process["user"] = {"uid": 7, "gid": 7}
        bundle.write()
        seen = json.loads(self.out(container, "/probe"))
        self.assertEqual((seen["uid"], seen["no_new_privs"]), ([0] * 4, 1))
        self.assertIn("OWN=2", seen["env"], "but for the environment, which is kept nowhere else")
        os.unlink(bundle.path / "config.json")
        self.assert_one_error(self.exec(container, "true"), 255, "config.json not found")
        self.assertEqual(self.out(container, options=("-p", self.document({"args": ["echo", "x"]}))), "x")
        self.kill_and_delete(container, pid)

    def test_what_comes_to_the_node_later_takes_away(self):
        container, pid = self.start_waiting(self.profile("wide", **self.LOOSE))
        self.assertEqual(self.capabilities(container, "-c", "SYS_TIME"), (1 | 1 << 5 | 1 << 25, 0, 0))
        vaccine = self.add("vaccine", "deny", seccomp={"deny": ["sethostname"]}, process={"capabilities": ["KILL"]})
        self.assertEqual(self.capabilities(container, "-c", "SYS_TIME"), (1 << 5, 0, 2))
        vaccine.unlink()
        self.add("closed", "floor", exec={"allow": False}, filesystem={"readonlyRoot": True})
        self.assert_one_error(self.exec(container, "true"), 255, "refuses", "exec")
        (self.node / "policy.d" / "closed.json").write_text("{")
        answer = self.assert_ok(self.exec(container, "true"))
        self.assertIn("policies of today are left out", answer.err)
        self.kill_and_delete(container, pid)

    def test_nothing_is_more_than_the_container(self):
        bundle = self.waiting()
        bundle.process["user"] = {"uid": 1000, "gid": 1000}
        bundle.process["capabilities"] = {kind: ["CAP_KILL"] for kind in ("bounding", "effective", "permitted")}
        bundle.process["noNewPrivileges"] = True
        bundle.process["oomScoreAdj"] = 300
        bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
        container, pid = self.start_waiting(self.profile("within", exec={"withinContainer": True}), bundle)
        every = ["CAP_KILL", "CAP_CHOWN", "CAP_SYS_ADMIN"]
        asked = {"args": ["/probe"], "user": {"uid": 1001, "gid": 1000}, "noNewPrivileges": False, "oomScoreAdj": 0,
                 "capabilities": {kind: every for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
                 "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 400, "hard": 400}]}
        seen = json.loads(self.out(container, options=("-p", self.document(asked))))
        self.assertEqual(int(seen["capabilities"]["bounding"], 16), 1 << 5)
        self.assertEqual((seen["capabilities"]["inheritable"], seen["capabilities"]["ambient"]), ("0" * 16, "0" * 16))
        self.assertEqual((seen["no_new_privs"], int(seen["oom_score_adj"]), seen["rlimits"]["RLIMIT_NOFILE"]), (1, 300, [200, 200]))
        self.assert_one_error(self.exec(container, "true", options=("-u", "0:0")), 255, "the host's root")
        self.kill_and_delete(container, pid)

    def test_root_is_mapped_or_refused(self):
        """faas maps root away when the container is made; later there is no way to."""
        container, pid = self.start_waiting("faas")
        seen = json.loads(self.out(container, "/probe", options=("-u", "0:0")))
        self.assertEqual(seen["uid"], [0] * 4)
        self.assertNotEqual(seen["uid_map"].split()[1], "0")
        self.kill_and_delete(container, pid)
        bundle = self.waiting()
        bundle.process["user"] = {"uid": 1000, "gid": 1000}
        container, pid = self.start_waiting("faas", bundle)
        self.assertEqual(json.loads(self.out(container, "/probe"))["uid"], [1000] * 4)
        self.assert_one_error(self.exec(container, "true", options=("-u", "0")), 255, "the host's root")
        self.kill_and_delete(container, pid)

    def test_a_secret_stays_in_its_file(self):
        policy = self.profile("redirect", environment={"secrets": "redirect"})
        container, pid = self.start_waiting(policy, env=["DB_PASSWORD=hunter2-canary"])
        text = self.out(container, "env")
        self.assertNotIn("canary", text)
        self.assertIn("DB_PASSWORD_FILE=/run/secrets/DB_PASSWORD", text)
        self.assertEqual(self.out(container, "sh", "-c", "cat $DB_PASSWORD_FILE"), "hunter2-canary")
        answer = self.exec(container, "env", options=("-e", "API_TOKEN=hunter3-canary-secret-token"))
        self.assert_one_error(answer, 255, "API_TOKEN", "holds a secret")
        self.assertNotIn("canary", answer.err)
        self.kill_and_delete(container, pid)

    def test_it_is_logged(self):
        log = self.work / "decisions.log"
        self.add("log", "floor", decisionLog={"sink": f"file:{log}"})
        container, pid = self.start_waiting("faas")
        self.assert_ok(self.exec(container, "true", options=("-e", "A=canary")))
        self.add("closed", "floor", exec={"allow": False})
        self.assertEqual(self.exec(container, "true").code, 255)
        made, executed, refused = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual((executed["event"], executed["id"], executed["program"], executed["user"]), ("exec", container, "true", "0:0"))
        self.assertEqual((executed["policy"], executed["policyId"]), (made["policy"], made["policyId"]))
        self.assertEqual((refused["event"], refused["id"]), ("refused", container))
        self.assertNotIn("canary", log.read_text())
        self.kill_and_delete(container, pid)

    def test_what_is_only_audited_is_told_and_not_done(self):
        log = self.work / "decisions.log"
        self.add("log", "floor", decisionLog={"sink": f"file:{log}"})
        rules = {"process": {"capabilities": ["KILL"]}}
        audit = self.add("audit", "floor", mode="audit", **rules)

        def told(container, capability="SYS_TIME"):
            """What the log has of audited rules, what --debug says of them, and the capabilities."""
            answer = self.runtime("--debug", "exec", "-c", capability, container, "/probe", "--only", "identity", flags=self.flags)
            seen = int(json.loads(self.assert_ok(answer).out)["capabilities"]["bounding"], 16)
            line = json.loads(log.read_text().splitlines()[-1])
            self.assertEqual((line["event"], line["id"]), ("exec", container))
            audited = [decision["control"] for decision in line["decisions"] if decision.get("audited")]
            return audited, re.findall("audited only: ([^:]*):", answer.err), seen

        container, pid = self.start_waiting(self.profile("wide", process={"capabilities": ["CHOWN", "KILL", "SYS_TIME"]}))
        expected = (["process.capabilities"], ["process.capabilities"], 1 | 1 << 5 | 1 << 25)
        self.assertEqual(told(container), expected)
        audit.unlink()
        self.assertEqual(told(container), expected, "as it was when the container was made")
        # Enforced, which comes later: it is done, and no more told as what would be.
        enforced = self.add("audit", "floor", **rules)
        self.assertEqual(told(container), ([], [], 1 << 5))
        enforced.unlink()
        # That comes later, and would start nothing.
        self.add("closed", "floor", mode="audit", exec={"allow": False})
        self.assertEqual(told(container), (["policy"], ["policy"], expected[2]))
        self.kill_and_delete(container, pid)

        # A container of which all is kept.
        (self.node / "policy.d" / "closed.json").unlink()
        self.add("audit", "floor", mode="audit", **rules)
        container, pid = self.start_waiting(self.profile("narrow", process={"capabilities": ["KILL"]}))
        self.assertEqual(told(container), ([], [], 1 << 5))
        self.kill_and_delete(container, pid)

    def test_what_is_kept_is_roots_alone(self):
        container, pid = self.start_waiting("faas")
        kept = self.state_root / container / "kept"
        self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
        text = kept.read_bytes()
        for damage in (b"", text[:-1], text + b"x", text.replace(b"noNewPrivileges", b"noNewPrivilegez", 1), b"x" + text):
            kept.write_bytes(damage)
            self.assert_one_error(self.exec(container, "true"), 255)
        kept.unlink()
        self.assert_one_error(self.exec(container, "true"), 255, "nothing was kept")
        kept.write_bytes(text)
        os.chmod(kept, 0o600)
        self.assert_ok(self.exec(container, "true"))
        self.kill_and_delete(container, pid)


if __name__ == "__main__":
    harness.main()
