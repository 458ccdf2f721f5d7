"""SIGKILL at many points: then `delete --force` leaves nothing, and the id can be used again."""

import json
import os
import signal
import subprocess
import time

import harness
import hostns
import tracer

POINTS = int(os.environ.get("BULKHEAD_KILL_POINTS", "100"))


class KillCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.target = self.bundle("busybox", args=["sleep", "1000"]).write()
        self.container = self.new_id()

    def traced(self, args, victim=None, point=0):
        command = self.command(args, "passthrough")

        def work():
            null = os.open("/dev/null", os.O_RDWR)
            return json.dumps(tracer.trace(command, victim, point, {0: null, 1: null, 2: null})).encode()

        return json.loads(hostns.in_child(work, 120))

    def create_args(self):
        return ["create", "--bundle", self.target.path, self.container]

    def points(self, count):
        """POINTS of 1..count, the last ones included: there the container is nearly made."""
        step = max(1.0, count / POINTS)
        return sorted({int(1 + index * step) for index in range(POINTS)} & set(range(1, count + 1)) | {count})

    def assert_nothing_left(self, where):
        self.assert_ok(self.runtime("delete", "--force", self.container))
        lines = harness.census.settle(self.take_census, self.before)
        if lines:
            self.end_left_processes()  # each point is to be judged by itself
        self.assertEqual(lines, [], f"killed at {where}")

    def assert_id_is_usable(self):
        self.assert_ok(self.runtime(*self.create_args(), policy="passthrough"))
        self.assertEqual(self.status(self.container), "created")
        self.assert_ok(self.runtime("delete", "--force", self.container))

    def count_stops(self, args, victim, prepare):
        """How many there are at the least: a verb that waits for the kernel asks more often when that takes longer."""
        counts = []
        for _ in range(8):
            if prepare:
                prepare()
            counts.append(self.traced(args)[victim])
            self.assert_nothing_left("no point")
        return min(counts)

    def kill_at_each(self, args, victim, prepare=None):
        count = self.count_stops(args, victim, prepare)
        self.assertGreater(count, 10, "the tracer saw nothing")
        points = self.points(count)
        killed = 0
        for point in points:
            with self.subTest(victim=victim, point=point, of=count):
                if prepare:
                    prepare()
                outcome = self.traced(args, victim, point)
                killed += outcome["killed"]
                if victim == "init" and outcome["killed"] and args[0] == "create":
                    self.assertTrue(os.WIFEXITED(outcome["status"]), "create outlives its init and says so")
                    # The very last stops come after init has reported: then create has succeeded.
                    if point < count * 0.8:
                        self.assertEqual(os.WEXITSTATUS(outcome["status"]), 1)
                self.assert_nothing_left(f"{victim} {point} of {count}")
        print(f"killed {killed} times at {len(points)} of {count} points", flush=True)
        self.assertGreaterEqual(killed, len(points) * 0.9, "too many points were not reached")
        self.assert_id_is_usable()


class CreateTest(KillCase):
    def test_the_runtime(self):
        self.kill_at_each(self.create_args(), "runtime")

    def test_init(self):
        self.kill_at_each(self.create_args(), "init")


class OtherVerbsTest(KillCase):
    def prepare(self):
        self.assert_ok(self.runtime(*self.create_args(), policy="passthrough"))

    def test_start(self):
        self.kill_at_each(["start", self.container], "runtime", self.prepare)

    def test_delete(self):
        self.kill_at_each(["delete", self.container], "runtime", self.prepare)

    def test_delete_force(self):
        self.kill_at_each(["delete", "--force", self.container], "runtime", self.prepare)


class RunTest(KillCase):
    def test_the_runtime(self):
        self.target = self.bundle("busybox", args=["true"]).write()
        self.kill_at_each(["run", "--bundle", self.target.path, self.container], "runtime")


class TimedTest(KillCase):
    """At full speed, where races between the processes are those of real life."""

    def test_create_and_run(self):
        began = time.monotonic()
        self.assert_ok(self.runtime(*self.create_args(), policy="passthrough"))
        whole = time.monotonic() - began
        self.assert_nothing_left("no point")
        for verb in ("create", "run"):
            for index in range(40):
                with self.subTest(verb=verb, part=f"{index}/40"):
                    args = [verb, *self.create_args()[1:]]
                    process = subprocess.Popen(
                        self.command(args, "passthrough"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, cwd="/",
                    )
                    time.sleep(1.2 * whole * index / 40)
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    self.assert_nothing_left(f"{verb} {index}/40 of {whole * 1.2:.4f} s")
        self.assert_id_is_usable()


if __name__ == "__main__":
    harness.main()
