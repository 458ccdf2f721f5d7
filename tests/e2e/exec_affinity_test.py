"""process.execCPUAffinity: on which processors exec works, and what it starts."""

import shutil
import signal
import subprocess
import unittest

import harness
from exec_case import Case


def cpus(text):
    found = set()
    for part in text.strip().split(","):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


def cpus_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return cpus(next(line for line in file if line.startswith("Cpus_allowed_list:")).split()[1])


ALL = cpus_of("self")
FIRST, LAST = min(ALL), max(ALL)
NONE = 8191  # there is no such processor here


@unittest.skipUnless(len(ALL) > 1, "this machine has one processor")
class AffinityTest(Case):
    def waiting_with(self, affinity):
        bundle = self.waiting()
        bundle.process["execCPUAffinity"] = affinity
        return bundle

    def seen(self, container, *options, command=("cat", "/proc/self/status")):
        text = self.out(container, *(() if "--process" in options else command), options=options)
        return cpus(next(line for line in text.splitlines() if line.startswith("Cpus_allowed_list:")).split()[1])

    def asked(self, affinity):
        return "--process", self.document({"args": ["cat", "/proc/self/status"], **({"execCPUAffinity": affinity} if affinity is not None else {})})

    def test_final(self):
        for policy in ("passthrough", "faas"):
            container, pid = self.start_waiting(policy, self.waiting_with({"final": str(LAST)}))
            self.assertEqual(cpus_of(pid), ALL, "it is not for the container's own program")
            self.assertEqual(self.seen(container), {LAST})
            # A document's own comes first; without one the container's holds.
            self.assertEqual(self.seen(container, *self.asked({"final": f"{FIRST}"})), {FIRST})
            self.assertEqual(self.seen(container, *self.asked({"final": f"{FIRST},{LAST},{NONE}"})), {FIRST, LAST}, "as the kernel has it")
            self.assertEqual(self.seen(container, *self.asked({})), ALL)
            self.assertEqual(self.seen(container, *self.asked(None)), {LAST})
            self.assert_one_error(self.exec(container, options=self.asked({"final": str(NONE)})), 255, f"CPUs {NONE}",
                                  "/process/execCPUAffinity/final", "invalid argument", "the container may run on none of these")
            self.kill_and_delete(container, pid)

    def test_the_container_s_cpuset_holds(self):
        bundle = self.waiting()
        bundle.linux["resources"]["cpu"] = {"cpus": str(FIRST)}
        container, pid = self.start_waiting(bundle=bundle)
        self.assertEqual(self.seen(container, *self.asked({"final": f"{FIRST}-{LAST}"})), {FIRST})
        self.assertEqual(self.exec(container, options=self.asked({"final": str(LAST)})).code, 255)
        self.kill_and_delete(container, pid)

    def test_initial(self):
        container, pid = self.start_waiting(bundle=self.waiting_with({"initial": str(LAST)}))
        # The runtime's own, until it has cloned: what it starts has all again.
        self.assertEqual(self.seen(container), ALL)
        process = self.spawn("exec", container, "sh", "-c", "echo ready; sleep 1000", flags=self.flags)
        self.eventually(lambda: "ready" in process.result().out, "it runs")
        self.assertEqual(cpus_of(process.pid), ALL)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.TIMEOUT), 128 + signal.SIGTERM)
        self.running.remove(process)
        self.assert_one_error(self.exec(container, options=self.asked({"initial": str(NONE)})), 255, f"CPUs {NONE}",
                              "/process/execCPUAffinity/initial", "invalid argument", "this process may run on none of these")
        self.kill_and_delete(container, pid)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_initial_is_in_force_when_it_clones(self):
        container, pid = self.start_waiting()
        log = self.work / "strace"
        for affinity, first in (({"initial": str(LAST), "final": str(FIRST)}, True), ({"final": str(FIRST)}, False)):
            command = self.command(["exec", *self.asked(affinity), container], flags=self.flags)
            answer = subprocess.run(["strace", "-o", str(log), "-e", "trace=sched_setaffinity,clone3", *map(str, command)],
                                    capture_output=True, text=True, check=False)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            calls = [line for line in log.read_text().splitlines() if line.startswith(("sched_setaffinity", "clone3"))]
            self.assertEqual([line.split("(")[0] for line in calls],
                             ["sched_setaffinity", "clone3", "sched_setaffinity"] if first else ["clone3"], calls)
            if first:
                self.assertIn(f"[{LAST}]", calls[0])
        self.kill_and_delete(container, pid)

    def test_what_is_no_list_is_refused(self):
        container, pid = self.start_waiting()
        for which in ("initial", "final"):
            for bad in ("x", "1-0", "0,", "8192"):
                self.assert_one_error(self.exec(container, options=self.asked({which: bad})), 255, f"/execCPUAffinity/{which}: want a cpu list")
                bundle = self.waiting_with({which: bad}).write()
                answer = self.runtime("create", "--bundle", bundle.path, self.new_id(), policy="faas")
                self.assert_one_error(answer, 1, f"/process/execCPUAffinity/{which}: want a cpu list")
        self.kill_and_delete(container, pid)


if __name__ == "__main__":
    harness.main()
