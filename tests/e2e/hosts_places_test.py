"""Whose network a container has, and what it may bind of the host, under the policies that are Pod Security Standards."""

import os

import harness
import node


class Case(node.Case):
    def as_user(self, args):
        bundle = self.bundle("busybox", args=args)
        bundle.process["user"] = {"uid": 1000, "gid": 1000}
        return bundle

    def test_the_standards_let_nobody_into_the_hosts_network(self):
        host = os.readlink("/proc/self/ns/net")
        for policy, shared in (("faas", True), ("baseline", False), ("faas-restricted", False)):
            with self.subTest(policy=policy):
                container, pid = self.create(self.as_user(["true"]).namespace("network", absent=True), policy=policy)
                self.assertEqual(os.readlink(f"/proc/{pid}/ns/net") == host, shared)
                self.kill_and_delete(container, pid)

    def test_what_engines_keep_is_not_bound(self):
        for source in ("/var/lib/docker", "/var/lib/containerd", "/run/containerd/containerd.sock", "/run/docker.sock", "/home", "/var/lib"):
            with self.subTest(source=source):
                refused = self.run_here(self.as_user(["true"]).mount("/mnt", type="bind", source=source, options=["rbind"]), policy="faas-restricted")
                self.assertEqual(refused.code, 1, str(refused))
                self.assertIn("/filesystem/denyBinds", refused.err)

    def test_what_engines_bind_for_a_container_is(self):
        # Of a directory that is not there: past the policy, and no further.
        for source in ("/var/lib/docker/containers/x/hosts", "/var/lib/kubelet/pods/p/volumes/v", "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/s/hosts",
                       "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/s/shm", "/run/containers/storage/overlay-containers/c/userdata/hosts"):
            with self.subTest(source=source):
                result = self.run_here(self.as_user(["true"]).mount("/mnt", type="bind", source=source, options=["rbind"]), policy="faas-restricted")
                self.assertNotIn("denyBinds", result.err)
                self.assertIn("no such file or directory", result.err)


if __name__ == "__main__":
    harness.main()
