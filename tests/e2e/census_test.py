"""The leak census itself: each kind of leak is made on purpose, and must be found."""

import os
import socket
import subprocess
import unittest

import census
import harness
import hostns


class CensusTest(harness.Case):
    """A census that finds nothing proves nothing: these are its positive controls."""

    def assert_found(self, what):
        lines = census.difference(self.before, self.take_census())
        self.assertTrue(any(line.startswith(f"{what}: left behind") for line in lines), f"{what} not found in {lines}")

    def test_nothing_left_is_nothing_found(self):
        self.assertEqual(census.difference(self.before, self.take_census()), [])

    def test_a_mount_is_found(self):
        target = self.work / "mount"
        target.mkdir()
        hostns.mount("none", str(target), "tmpfs")
        self.assert_found("mounts")
        hostns.umount(str(target))

    def test_a_cgroup_is_found_in_every_hierarchy(self):
        for top, kind, options in census.cgroup_mounts():
            with self.subTest(hierarchy=top):
                directory = f"{top}{harness.CGROUP_PARENT}/left"
                os.makedirs(directory)
                self.assert_found("cgroups")
                os.rmdir(directory)

    def test_a_process_is_found(self):
        process = subprocess.Popen(["sleep", "1000"])
        self.assert_found("processes")
        process.kill()
        process.wait()

    def test_an_orphan_is_found(self):
        answer = subprocess.run(["sh", "-c", "sleep 1000 >/dev/null & echo $!"], stdout=subprocess.PIPE, check=True)
        self.assert_found("processes")
        os.kill(int(answer.stdout), 9)
        self.wait_exit(int(answer.stdout))

    def test_a_network_namespace_is_found(self):
        process = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        own = os.readlink("/proc/self/ns/net")
        self.eventually(lambda: os.readlink(f"/proc/{process.pid}/ns/net") != own, "unshare")
        self.assert_found("network namespaces")
        process.kill()
        process.wait()

    def test_a_state_directory_is_found(self):
        (self.state_root / f"{harness.TAG}-left").mkdir(parents=True)
        self.assert_found("state")
        os.rmdir(self.state_root / f"{harness.TAG}-left")

    def test_a_temporary_file_is_found(self):
        (harness.RUNTIME_TMP / "left").touch()
        self.assert_found("temporary files")
        (harness.RUNTIME_TMP / "left").unlink()

    def test_an_abstract_socket_is_found(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
            left.bind(f"\0{harness.TAG}-left")
            self.assert_found("unix sockets")

    @unittest.skipUnless(os.path.exists("/proc/keys"), "this kernel has no /proc/keys")
    def test_a_key_is_found(self):
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        name = f"{harness.TAG}-left".encode()
        key = libc.syscall(ctypes.c_long(248), b"user", name, b"x", ctypes.c_size_t(1), ctypes.c_int(-2))  # add_key
        self.assertGreater(key, 0, os.strerror(ctypes.get_errno()))
        self.assert_found("keys")
        libc.syscall(ctypes.c_long(250), ctypes.c_int(21), ctypes.c_int(key))  # keyctl(KEYCTL_INVALIDATE)


if __name__ == "__main__":
    harness.main()
