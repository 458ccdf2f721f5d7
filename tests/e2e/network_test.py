"""Addresses that a container does not reach, whatever an engine adds to its network afterwards."""

import json
import shutil
import socket
import subprocess

import harness
import node

FOUR, SIX = "169.254.169.254", "fd00:ec2::254"


def has_ipv6():
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


SHUT = [FOUR, SIX] if has_ipv6() else [FOUR]


class BlackholeTest(node.Case):
    def setUp(self):
        super().setUp()
        if not shutil.which("ip") or not shutil.which("nsenter"):
            self.skipTest("needs ip(8) and nsenter(1)")

    def bundle_that_reaches(self, *addresses):
        bundle = self.bundle("probe").namespace("network")
        reaching = [word for address in addresses for word in ("--reach", address)]
        bundle.process["args"] = [bundle.process["args"][0], "--only", "given", *reaching]
        return bundle

    def attach(self, pid):
        """An interface that leads everywhere, as an engine adds one to the namespace of a created container."""
        commands = [
            "link add e0 type veth peer name e1", "addr add 192.0.2.2/24 dev e0", "link set e0 up", "link set e1 up",
            "route add default via 192.0.2.1",
        ]
        if len(SHUT) > 1:
            commands += ["-6 addr add 2001:db8::2/64 dev e0 nodad", "-6 route add default via 2001:db8::1"]
        for command in commands:
            done = subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", *command.split()], capture_output=True, text=True, check=False)
            if done.returncode != 0 and "type veth" in command:
                self.skipTest(f"no interface can be made: {done.stderr.strip()}")
            self.assertEqual(done.returncode, 0, f"ip {command}: {done.stderr}")

    def reached_once_attached(self, bundle, **options):
        container, pid = self.create(bundle, flags=self.flags, **options)
        told = self.work / f"out{self.number}"
        self.attach(pid)
        self.assert_ok(self.runtime("start", container))
        self.assertEqual(self.wait_exit(pid), 0)
        return json.loads(told.read_text())["reach"]

    def test_a_default_route_that_is_added_later_does_not_lead_there(self):
        other = ["192.0.2.77", *(["2001:db8::77"] if len(SHUT) > 1 else [])]
        bundle = self.bundle_that_reaches(*SHUT, *other)
        self.assertEqual(self.reached_once_attached(bundle), dict.fromkeys(SHUT + other, "ok"), "without the rule")
        self.add("metadata", "deny", network={"blackhole": [FOUR, SIX]})
        wanted = {**dict.fromkeys(SHUT, "EINVAL"), **dict.fromkeys(other, "ok")}
        self.assertEqual(self.reached_once_attached(bundle), wanted)

    def test_with_all_that_faas_has_and_a_user_namespace(self):
        self.add("metadata", "floor", network={"blackhole": ["169.254.0.0/16", SIX]})
        bundle = self.bundle_that_reaches(*SHUT)
        bundle.process["user"] = {"uid": 0, "gid": 0}
        self.assertEqual(self.reached_once_attached(bundle, policy="faas"), dict.fromkeys(SHUT, "EINVAL"))

    def test_more_than_one_message_holds(self):
        for number in range(6):
            self.add(f"d{number}", "deny", network={"blackhole": [f"10.{number}.{low}.0/24" for low in range(64)]})
        result = self.run_here(self.bundle_that_reaches("10.0.0.1", "10.5.63.1", "10.6.0.1"), policy="passthrough")
        self.assertEqual(json.loads(self.assert_ok(result).out)["reach"],
                         {"10.0.0.1": "EINVAL", "10.5.63.1": "EINVAL", "10.6.0.1": "ENETUNREACH"})

    def test_a_namespace_of_others_is_left_alone_and_that_is_told(self):
        _, pid = self.create(self.bundle_that_reaches(FOUR))
        joining = self.bundle_that_reaches(FOUR)
        joining.namespace("network", path=f"/proc/{pid}/ns/net")
        path = self.add("metadata", "floor", network={"blackhole": [FOUR]})
        result = self.assert_ok(self.run_here(joining, policy="passthrough"))
        self.assertEqual(json.loads(result.out)["reach"], {FOUR: "ENETUNREACH"})
        self.assertIn(f"degraded: network.blackhole: absent -> none: what answers there gives the node's credentials to whoever asks; not "
                      f"possible here: its network namespace is one that it joins, /proc/{pid}/ns/net", result.err)
        body = json.loads(path.read_text())
        path.write_text(json.dumps({**body, "modes": {"network.blackhole": {"required": True}}}))
        self.assert_one_error(self.run_here(joining, policy="passthrough"), 1, "refuses", "network.blackhole", "one that it joins", str(path))


if __name__ == "__main__":
    harness.main()
