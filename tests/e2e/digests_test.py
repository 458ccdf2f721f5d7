"""What is executed first is a file that the policy names by what is in it."""

import hashlib
import json
import os
import pathlib

import harness
import node


def digest(path):
    return "sha256:" + hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


OTHER = "sha256:" + "0" * 64


class DigestsTest(node.Case):
    def setUp(self):
        super().setUp()
        self.made = self.bundle("probe").own_root()
        self.made.config["root"]["readonly"] = True
        self.name = self.made.process["args"][0]
        self.file = pathlib.Path(str(self.made.root) + self.name)
        self.made.process["args"] = [self.name, "--only", "given"]

    def allow(self, *digests, kind="floor", **members):
        return self.add("code", kind, process={"digests": list(digests)}, **members)

    def test_the_one_that_is_listed_runs_and_no_other(self):
        self.allow(OTHER, digest(self.file))
        result = self.assert_ok(self.run_here(self.made, policy="passthrough"))
        self.assertEqual(json.loads(result.out)["others"], "none")
        self.assertEqual(result.err, "")
        path = self.allow(OTHER)
        self.assert_one_error(self.run_here(self.made, policy="passthrough"), 1, "refuses", f'"{self.name}" is {digest(self.file)}, which is not allowed',
                              str(path))
        self.allow()
        self.assert_one_error(self.run_here(self.made, policy="passthrough"), 1, "no program has a digest that is allowed")

    def test_as_faas_runs_it(self):
        """With a user namespace and a root that is mounted with mapped ids, where there are such."""
        self.allow(digest(self.file))
        self.made.process["user"] = {"uid": 0, "gid": 0}
        self.assert_ok(self.run_here(self.made, policy="faas"))

    def test_one_byte_more_is_another_file(self):
        self.allow(digest(self.file))
        with open(self.file, "ab") as program:
            program.write(b"\0")
        self.assert_one_error(self.run_here(self.made, policy="passthrough"), 1, digest(self.file))

    def test_a_name_is_looked_for_in_path(self):
        self.allow(digest(self.file))
        self.made.process["args"][0] = self.file.name
        self.made.process["env"] = [f"PATH=/nowhere:{os.path.dirname(self.name) or '/'}"]
        self.assert_ok(self.run_here(self.made, policy="passthrough"))

    def test_a_script_and_its_interpreter(self):
        script = pathlib.Path(self.made.root) / "script"
        script.write_text(f"#!  {self.name} --only given\n")
        script.chmod(0o755)
        self.made.process["args"] = ["/script"]
        self.allow(digest(script), digest(self.file))
        container, pid = self.create(self.made, flags=self.flags)
        self.kill_and_delete(container, pid)
        for listed, missing, name in ((script, self.file, self.name), (self.file, script, "/script")):
            self.allow(digest(listed))
            self.assert_one_error(self.run_here(self.made, policy="passthrough"), 1, f'"{name}" is {digest(missing)}')
        self.allow(digest(script), digest(self.file))
        script.write_text("#!/nowhere\n")
        self.allow(digest(script))
        self.assert_one_error(self.run_here(self.made, policy="passthrough"), 1, 'no file "/nowhere" in the root')

    def test_a_mount_in_front_of_it_is_noticed(self):
        other = self.work / "other"
        other.write_bytes(self.file.read_bytes())
        other.chmod(0o755)
        self.allow(digest(self.file))
        self.made.mount(self.name, type="bind", source=str(other), options=["bind", "ro"])
        self.assert_one_error(self.run_here(self.made, policy="passthrough"), 1, f"program {self.name}", "mounted over it")

    def test_a_root_that_can_be_written_is_warned_of(self):
        self.allow(digest(self.file))
        self.made.config["root"]["readonly"] = False
        result = self.assert_ok(self.run_here(self.made, policy="passthrough"))
        self.assertIn("process.digests", result.err)
        self.assertIn("its root can be written", result.err)

    def test_audited_it_is_told_and_runs(self):
        self.allow(OTHER, mode="audit")
        self.assert_ok(self.run_here(self.made, policy="passthrough"))
        answer = self.here("explain", "--format", "json", "--bundle", self.made.write().path, policy="passthrough")
        rows = [row for row in json.loads(self.assert_ok(answer).out)["decisions"] if row.get("audited")]
        self.assertTrue(any(digest(self.file) in row["effective"] for row in rows), str(rows))


if __name__ == "__main__":
    harness.main()
