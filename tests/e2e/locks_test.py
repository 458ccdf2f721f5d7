"""What a function leaves to be learned by what runs beside it: the rules coreScheduling and speculation, seen from inside."""

import ctypes
import errno
import json
import pathlib

import harness
import node

PR_GET_SPECULATION_CTRL, PR_SCHED_CORE = 52, 62
CONTROLS = {"store_bypass": 0, "indirect_branch": 1}
BY_PROCESS, GIVEN_UP = 1, 8  # PR_SPEC_PRCTL, PR_SPEC_FORCE_DISABLE
LIBC = ctypes.CDLL(None, use_errno=True)


def cookie():
    """As the probe tells it: "one", "none" or an error."""
    value = ctypes.c_uint64(0)
    if LIBC.prctl(PR_SCHED_CORE, 0, 0, 0, ctypes.byref(value)) != 0:
        return errno.errorcode[ctypes.get_errno()]
    return "one" if value.value else "none"


def cores_are_shared():
    active = pathlib.Path("/sys/devices/system/cpu/smt/active")
    return not active.exists() or active.read_text().strip() != "0"


class Case(node.Case):
    def decided(self, control):
        told = self.assert_ok(self.here("explain", "--format", "json", "--bundle", self.bundle("probe").write().path)).out
        return {row["control"]: row for row in json.loads(told)["decisions"]}.get(control)


class CoreSchedulingTest(Case):
    def test_a_cookie_where_cores_are_shared(self):
        own = cookie()
        self.assertEqual(self.seen("process")["scheduling"]["cookie"], own, "the caller's")
        self.add("cores", "floor", process={"coreScheduling": True})
        told = self.decided("process.coreScheduling")
        if own in ("one", "none"):
            self.assertEqual(self.seen("process")["scheduling"]["cookie"], "one")
            self.assertEqual((told["effective"], told["degraded"]), ("a cookie of its own", False))
            return
        self.assertEqual(self.seen("process")["scheduling"]["cookie"], own)
        missing = own == "EINVAL" and cores_are_shared()
        effective = "shares cores with others" if missing else "no core of this host runs two threads at once"
        self.assertEqual((told["effective"], told["degraded"]), (effective, missing))
        self.add("required", "floor", process={"coreScheduling": True}, modes={"process.coreScheduling": {"required": True}})
        result = self.run_here(self.bundle("probe"))
        self.assertEqual(result.code, 1 if missing else 0, str(result))


class SpeculationTest(Case):
    def test_it_is_given_up_where_a_process_can(self):
        before = {name: LIBC.prctl(PR_GET_SPECULATION_CTRL, number, 0, 0, 0) for name, number in CONTROLS.items()}
        self.add("speculation", "floor", process={"speculation": "deny"})
        seen = self.seen("process")["scheduling"]
        for name, state in before.items():
            with self.subTest(control=name):
                self.assertEqual(seen[name], BY_PROCESS | GIVEN_UP if state > 0 and state & BY_PROCESS else state)
        open_here = [name for name, state in before.items() if state < 0 or (state and not state & (BY_PROCESS | GIVEN_UP | 4))]
        told = self.decided("process.speculation")
        self.assertEqual(told["degraded"], bool(open_here))
        bundle = self.bundle("busybox", args=["/bin/grep", "^Speculation", "/proc/self/status"])
        lines = dict(line.split(":\t") for line in self.assert_ok(self.run_here(bundle)).out.splitlines())
        if before["store_bypass"] > 0 and before["store_bypass"] & BY_PROCESS:
            self.assertEqual(lines["Speculation_Store_Bypass"], "thread force mitigated")
        if before["indirect_branch"] > 0 and before["indirect_branch"] & BY_PROCESS:
            self.assertEqual(lines["SpeculationIndirectBranch"], "conditional force disabled")

    def test_the_probe_foretells_it(self):
        self.add("locks", "floor", process={"speculation": "deny", "coreScheduling": True})
        result = self.here("probe", "--bundle", self.bundle("probe").write().path, "--format", "json")
        self.assertEqual(result.code, 0, str(result))
        rows = {row["attempt"]: row for row in json.loads(result.out)["controls"]}
        for attempt, name in (("speculative store bypass", "store_bypass"), ("speculation on indirect branches", "indirect_branch")):
            state = LIBC.prctl(PR_GET_SPECULATION_CTRL, CONTROLS[name], 0, 0, 0)
            self.assertEqual(attempt in rows, state > 0 and state & BY_PROCESS != 0, attempt)
        self.assertEqual("cookie of core scheduling" in rows, cookie() in ("one", "none"))

    def test_no_filter_of_faas_brings_it_back(self):
        bundle = self.bundle("probe")
        bundle.config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}
        bundle.write()
        for policy, flags in (("passthrough", None), ("faas", [])):
            with self.subTest(policy=policy):
                out = self.assert_ok(self.runtime("policy", "render", "--bundle", bundle.path, policy=policy)).out
                self.assertEqual(json.loads(out)["linux"]["seccomp"].get("flags"), flags)


if __name__ == "__main__":
    harness.main()
