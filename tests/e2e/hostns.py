"""The few calls of Linux that Python 3.11's os module does not have, and HTTP from inside a network namespace."""

import ctypes
import fcntl
import http.client
import os
import socket
import struct
import time

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SHARED = 1 << 20
MNT_DETACH = 2
PR_SET_CHILD_SUBREAPER = 36
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _bytes(text):
    return None if text is None else os.fsencode(text)


def mount(source, target, fstype, flags=0, data=None):
    call = _libc.mount(_bytes(source), _bytes(target), _bytes(fstype), ctypes.c_ulong(flags), _bytes(data))
    _check(call, f"mount {target}")


def umount(target, flags=MNT_DETACH):
    _check(_libc.umount2(_bytes(target), flags), f"umount {target}")


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def setns(path, kind):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.setns(fd, kind), f"setns {path}")
    finally:
        os.close(fd)


def become_subreaper():
    """Containers' inits become children of this process, as they do of a shim or of conmon."""
    _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def private_mounts():
    """A mount namespace of its own, shared among itself as a host's is, so that a leaked mount event is seen."""
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount(None, "/", None, MS_REC | MS_SHARED)


def in_child(work, timeout=60):
    """What work() returns (bytes), from a forked child, so that what it changes about itself ends with it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            os.write(writer, b"+" + work())
            status = 0
        except BaseException as error:  # the child must not return into the test, whatever happens
            os.write(writer, b"-" + f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(status)
    os.close(writer)
    os.set_blocking(reader, False)
    answer = b""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            chunk = os.read(reader, 65536)
        except BlockingIOError:
            time.sleep(0.002)
            continue
        if not chunk:
            break
        answer += chunk
    else:
        os.kill(pid, 9)
    os.close(reader)
    os.waitpid(pid, 0)
    if not answer.startswith(b"+"):
        raise OSError(answer[1:].decode(errors="replace") or "the child gave no answer")
    return answer[1:]


def loopback_is_up(pid):
    """Is lo up in the network namespace of `pid`?"""

    def work():
        setns(f"/proc/{pid}/ns/net", CLONE_NEWNET)
        return b"1" if _loopback_flags() & IFF_UP else b"0"

    return in_child(work) == b"1"


def _loopback_flags():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        return struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]


def _loopback_up():
    flags = _loopback_flags()
    if not flags & IFF_UP:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def http_get(pid, path, port=8080, timeout=60):
    """(status, body) of a GET to 127.0.0.1 in the network namespace of `pid`; waits until somebody listens."""

    def work():
        setns(f"/proc/{pid}/ns/net", CLONE_NEWNET)
        _loopback_up()
        deadline = time.monotonic() + timeout
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return f"{response.status}\n".encode() + response.read()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            finally:
                connection.close()

    status, _, body = in_child(work, timeout + 5).partition(b"\n")
    return int(status), body.decode()
