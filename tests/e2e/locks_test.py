"""What a function leaves to be learned by what runs beside it: the rule coreScheduling, seen from inside."""

import ctypes
import errno
import json
import pathlib

import harness
import node

PR_SCHED_CORE = 62
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


if __name__ == "__main__":
    harness.main()
