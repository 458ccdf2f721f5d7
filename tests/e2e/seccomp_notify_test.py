"""SCMP_ACT_NOTIFY: an agent gets the descriptor and answers for the container, in `run` and in `create` and `start`."""

import ctypes
import errno
import fcntl
import json
import os
import select
import socket
import struct
import threading

import harness

NOTIF_SIZE, RESPONSE_SIZE = 80, 24
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND: seccomp_unotify(2)


class Agent(threading.Thread):
    """Takes one listener and answers each call of it with one errno, until nobody is left to call."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        self.answer = answer
        self.state = None
        self.calls = []
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.listening.bind(str(path))
        self.listening.listen(1)
        self.listening.settimeout(harness.TIMEOUT)

    def run(self):
        connection, _ = self.listening.accept()
        text, fds, _, _ = socket.recv_fds(connection, 1 << 16, 4)
        self.state = json.loads(text)
        connection.close()
        listener = fds[0]
        try:
            ready = select.poll()
            ready.register(listener, select.POLLIN)
            # Before Linux 6.11 only poll says that the last process of the filter is gone (POLLHUP).
            while ready.poll()[0][1] & select.POLLIN:
                request = ctypes.create_string_buffer(NOTIF_SIZE)
                fcntl.ioctl(listener, NOTIF_RECV, request)
                identity, _pid, _flags, number = struct.unpack_from("=QIIi", request.raw)
                self.calls.append(number)
                response = struct.pack("=QqiI", identity, 0, -self.answer, 0)
                fcntl.ioctl(listener, NOTIF_SEND, response)
        except OSError:
            pass  # ENOENT: the caller was killed meanwhile
        finally:
            os.close(listener)

    def finish(self):
        self.join(harness.TIMEOUT)
        self.listening.close()


class NotifyTest(harness.Case):
    def notified_bundle(self, path, names=("mkdir", "mkdirat")):
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", "mkdir /tmp/made; echo over"])
        bundle.linux["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": str(path),
            "listenerMetadata": "some words",
            "syscalls": [{"names": list(names), "action": "SCMP_ACT_NOTIFY"}],
        }
        bundle.write()
        return bundle

    def agent(self, answer=errno.EDOM):
        agent = Agent(self.work / "agent.sock", answer)
        agent.start()
        self.addCleanup(agent.listening.close)
        return agent

    def check(self, agent, bundle):
        self.assertEqual(agent.state["fds"], ["seccompFd"])
        self.assertEqual(agent.state["metadata"], "some words")
        self.assertEqual(agent.state["state"]["bundle"], str(bundle.path))
        self.assertGreater(agent.state["pid"], 0)
        self.assertGreater(len(agent.calls), 0)

    def test_run(self):
        agent = self.agent()
        bundle = self.notified_bundle(self.work / "agent.sock")
        result = self.run_bundle(bundle)
        agent.finish()
        self.assertIn("over", result.out)
        self.assertIn("Numerical argument out of domain", result.err)
        self.check(agent, bundle)

    def test_the_very_first_call_is_execve(self):
        agent = self.agent(errno.ENOMEM)
        result = self.run_bundle(self.notified_bundle(self.work / "agent.sock", ("execve",)))
        agent.finish()
        self.assert_one_error(result, 1, "cannot allocate memory")

    def test_create_and_start(self):
        agent = self.agent()
        bundle = self.notified_bundle(self.work / "agent.sock")
        container, pid = self.create(bundle)
        self.assertIsNone(agent.state, "the filter is loaded by start")
        self.assert_ok(self.runtime("start", container))
        self.wait_exit(pid)
        agent.finish()
        self.check(agent, bundle)
        self.assert_ok(self.runtime("delete", container))

    def test_no_agent(self):
        result = self.run_bundle(self.notified_bundle(self.work / "nobody.sock"))
        self.assert_one_error(result, 1, "/linux/seccomp/listenerPath", "no such file or directory")

    def test_no_path(self):
        bundle = self.notified_bundle(self.work / "agent.sock")
        del bundle.linux["seccomp"]["listenerPath"]
        del bundle.linux["seccomp"]["listenerMetadata"]
        bundle.write()
        self.assert_one_error(self.run_bundle(bundle), 1, "/linux/seccomp/syscalls/0/action", "listenerPath")


if __name__ == "__main__":
    harness.main()
