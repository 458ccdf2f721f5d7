"""The environment section of a policy: secrets that become files, variables that are stripped, and no value anywhere."""

import json
import os
import pathlib

import harness

CANARY = "hunter2-canary-0815"
# A password, and a token that is known by its form whatever its name.
SECRETS = {"DB_PASSWORD": CANARY, "WEATHER": "ghp_" + "aB3dE5gH7jK9canary" * 2}


def policy_file(work, **environment):
    path = work / "policy.json"
    path.write_text(json.dumps({
        "bulkhead": "policy/v1", "kind": "profile", "name": "test", "version": "1",
        "process": {"rootUser": environment.pop("rootUser", "drop")}, "environment": environment,
    }))
    return path


class EnvironmentCase(harness.Case):
    def setUp(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        super().setUp()

    def shell(self, script, user=0):
        env = [f"{name}={value}" for name, value in SECRETS.items()]
        bundle = self.bundle("busybox", args=["sh", "-c", script], env=[*env, "LD_PRELOAD=/nowhere.so", "OTHER=kept"])
        bundle.process["user"] = {"uid": user, "gid": user}
        return bundle

    def assert_no_secret(self, text, where):
        for value in SECRETS.values():
            self.assertNotIn(value, text, f"a secret's value is in {where}")


class RedirectTest(EnvironmentCase):
    def answer(self, script, user, root_user="drop", change=None, **rules):
        bundle = self.shell(script, user)
        if change:
            change(bundle)
        policy = policy_file(self.work, rootUser=root_user, secrets="redirect", **rules)
        return self.assert_ok(self.run_bundle(bundle, policy=policy)).out

    def test_the_value_is_in_a_file_of_the_user_and_not_in_the_environment(self):
        script = """
            tr '\\0' '\\n' < /proc/1/environ
            echo "== $(id -u)"
            for file in "$DB_PASSWORD_FILE" "$WEATHER_FILE"; do stat -c '%n %a %u:%g' "$file"; cat "$file"; echo; done
            stat -c '%n %a' /run/secrets
            grep ' /run/secrets ' /proc/self/mountinfo
        """
        for user, root_user in ((0, "drop"), (0, "remap"), (1000, "drop"), (1000, "remap")):
            with self.subTest(user=user, root_user=root_user):
                environ, rest = self.answer(script, user, root_user).split("== ")
                self.assert_no_secret(environ, "/proc/1/environ")
                self.assertIn("DB_PASSWORD_FILE=/run/secrets/DB_PASSWORD\n", environ)
                self.assertIn("OTHER=kept\n", environ)
                lines = rest.splitlines()
                self.assertEqual(lines[:6], [
                    str(user),
                    f"/run/secrets/DB_PASSWORD 400 {user}:{user}", SECRETS["DB_PASSWORD"],
                    f"/run/secrets/WEATHER 400 {user}:{user}", SECRETS["WEATHER"],
                    "/run/secrets 555",
                ])
                mount = lines[6].split(" ")
                self.assertTrue({"ro", "nosuid", "nodev", "noexec"} <= set(mount[5].split(",")), lines[6])
                self.assertEqual(mount[-3], "tmpfs")
                release = tuple(int(number) for number in os.uname().release.split("-")[0].split(".")[:2])
                if release >= (6, 4):
                    self.assertIn("noswap", mount[-1].split(","))

    def test_nobody_can_write_there(self):
        script = """
            cd /run/secrets
            for try in "echo x > new" "echo x > DB_PASSWORD" "chmod 644 DB_PASSWORD" "rm -f DB_PASSWORD" "mv DB_PASSWORD x"
            do if sh -c "$try" 2> /dev/null; then echo "$try"; fi; done
            ls
        """
        for user, root_user in ((0, "drop"), (0, "remap"), (1000, "drop")):
            with self.subTest(user=user, root_user=root_user):
                self.assertEqual(self.answer(script, user, root_user), "DB_PASSWORD\nWEATHER\n")

    def test_what_the_request_mounts_is_not_covered(self):
        given = self.work / "given"
        given.mkdir()
        (given / "token").write_text("the engine's own")

        def mount(bundle):
            bundle.mount("/run/secrets/engine", type="bind", source=str(given), options=["rbind", "ro"])

        script = "cat /run/secrets/engine/token; echo; echo $DB_PASSWORD_FILE; cat $DB_PASSWORD_FILE"
        self.assertEqual(
            self.answer(script, 0, change=mount).splitlines(),
            ["the engine's own", "/run/bulkhead/secrets/DB_PASSWORD", CANARY],
        )
        self.assertEqual([path.name for path in given.iterdir()], ["token"])

    def test_nothing_is_made_in_a_directory_of_the_host(self):
        given = self.work / "given"
        given.mkdir()

        def mount(bundle):
            bundle.mount("/run", type="bind", source=str(given), options=["rbind", "rw"])

        script = "echo $DB_PASSWORD_FILE; cat $DB_PASSWORD_FILE"
        for root_user in ("drop", "remap"):
            with self.subTest(root_user=root_user):
                self.assertEqual(
                    self.answer(script, 0, root_user, change=mount).splitlines(),
                    ["/dev/bulkhead/secrets/DB_PASSWORD", CANARY],
                )
                self.assertEqual(list(given.iterdir()), [])

    def test_without_a_run_directory_and_with_a_read_only_root(self):
        def bare(bundle):
            bundle.own_root()
            bundle.config["mounts"] = [entry for entry in bundle.config["mounts"] if entry["destination"] != "/run"]
            bundle.config["root"]["readonly"] = True
            run = bundle.root / "run"
            if run.exists():
                run.rmdir()

        for root_user in ("drop", "remap"):
            with self.subTest(root_user=root_user):
                self.assertEqual(self.answer("cat $DB_PASSWORD_FILE", 0, root_user, bare), CANARY)

    def test_a_link_in_the_image_is_not_followed(self):
        bundle = self.shell("true").own_root()
        bundle.config["mounts"] = [entry for entry in bundle.config["mounts"] if entry["destination"] != "/run"]
        run = bundle.root / "run"
        if run.exists():
            run.rmdir()
        run.symlink_to("/etc")
        result = self.run_bundle(bundle, policy=policy_file(self.work, secrets="redirect"))
        self.assert_one_error(result, 1, "/run/secrets", "symbolic link")
        self.assert_no_secret(result.err, "the error")


class NoValueAnywhereTest(EnvironmentCase):
    def files_below(self, directory):
        return [path for path in pathlib.Path(directory).rglob("*") if path.is_file()]

    def test_not_in_state_log_stderr_or_explain(self):
        bundle = self.shell("sleep 1000").write()
        for rule in ("redirect", "warn"):
            with self.subTest(rule=rule):
                policy = policy_file(self.work, secrets=rule, strip=["LD_*"])
                log = self.work / f"log-{rule}"
                log.touch()
                container, pid = self.create(bundle, policy=policy, flags=["--debug", "--log", log, "--log-format", "json"])
                self.assert_ok(self.runtime("start", container))
                kept = self.files_below(self.state_root)
                self.assertTrue(kept, "no state was kept")
                for path in [*kept, log]:
                    self.assert_no_secret(path.read_text(errors="replace"), path)
                self.assertIn("redacted: password", log.read_text() + self.errors())
                self.assert_no_secret(self.assert_ok(self.runtime("state", container)).out, "the state")
                self.kill_and_delete(container, pid)
                self.assert_no_secret(self.errors(), "stderr")
                for form in ("text", "json"):
                    result = self.assert_ok(self.runtime("explain", "--format", form, "--bundle", bundle.path, policy=policy))
                    self.assertIn("DB_PASSWORD", result.out)
                    self.assertIn(f"redacted: password, {len(CANARY)} characters", result.out)
                    self.assert_no_secret(result.out + result.err, "what explain prints")

    def errors(self):
        return "".join(path.read_text(errors="replace") for path in self.work.glob("err*"))

    def test_debug_on_stderr(self):
        result = self.run_bundle(self.shell("true"), policy=policy_file(self.work, secrets="redirect"), flags=["--debug"])
        self.assert_ok(result)
        self.assertIn("environment.secrets", result.err)
        self.assert_no_secret(result.err, "stderr")

    def test_refuse(self):
        result = self.run_bundle(self.shell("true"), policy=policy_file(self.work, secrets="refuse"))
        self.assert_one_error(result, 1, "refuses", "DB_PASSWORD", "WEATHER", "github-token", "/environment/secrets", "hint")
        self.assert_no_secret(result.err, "the error")
        allowed = policy_file(self.work, secrets="refuse", keep=["DB_*", "WEATHER"])
        self.assert_ok(self.run_bundle(self.shell("true"), policy=allowed))

    def test_an_entry_without_a_name(self):
        bundle = self.shell("true")
        bundle.process["env"].append(CANARY)
        result = self.run_bundle(bundle)
        self.assertEqual(result.code, 1, str(result))
        self.assert_no_secret(result.err, "the error")


class OtherRulesTest(EnvironmentCase):
    # "true": a shell would execute its last command itself, and be another program by the time of reading.
    SCRIPT = "tr '\\0' '\\n' < /proc/1/environ; true"

    def names(self, policy):
        result = self.assert_ok(self.run_bundle(self.shell(self.SCRIPT), policy=policy))
        return dict(line.split("=", 1) for line in result.out.splitlines()), result.err

    def test_passthrough_leaves_everything(self):
        found, errors = self.names("passthrough")
        for name, value in SECRETS.items():
            self.assertEqual(found[name], value)
        self.assertEqual(found["LD_PRELOAD"], "/nowhere.so")
        self.assertNotIn("warning", errors)

    def test_faas_strips_what_injects_code_and_warns_of_secrets(self):
        found, errors = self.names("faas")
        self.assertNotIn("LD_PRELOAD", found)
        self.assertEqual(found["DB_PASSWORD"], CANARY)
        self.assertEqual(found["OTHER"], "kept")
        self.assertIn("warning: environment.secrets: DB_PASSWORD (redacted: password", errors)
        self.assert_no_secret(errors, "the warning")

    def test_allow_leaves_nothing_else_but_home(self):
        found, _ = self.names(policy_file(self.work, allow=["PATH", "OTH*"]))
        self.assertEqual(sorted(found), ["HOME", "OTHER", "PATH"])
        self.assertEqual(found["HOME"], "/root")


if __name__ == "__main__":
    harness.main()
