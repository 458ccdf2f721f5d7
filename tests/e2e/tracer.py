"""Runs a program under ptrace(2) and kills one of its processes at a chosen system call.

Roles: "runtime" is the program itself with its threads, "init" is every process it makes. A point is the k-th system
call stop (entry and exit count one each) of a role, so the same k is the same place in each run of a program that does
the same thing each time.
"""

import contextlib
import ctypes
import os
import signal

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long

TRACEME, SETOPTIONS, GETEVENTMSG, SYSCALL = 0, 0x4200, 0x4201, 24
SYSGOOD, FORK, VFORK, CLONE, EXEC = 1, 2, 4, 8, 16
WALL = 0x40000000


def _ptrace(request, pid, data=0):
    return _libc.ptrace(request, pid, None, data)


def _new_process(parent):
    message = ctypes.c_ulong()
    _ptrace(GETEVENTMSG, parent, ctypes.addressof(message))
    return message.value


def trace(command, victim=None, point=0, stdio=None):
    """Runs `command`; kills the first process of role `victim` that reaches stop number `point`.

    Returns {"runtime": stops, "init": stops, "status": the program's wait status, "killed": bool}.
    """
    main = os.fork()
    if main == 0:
        try:
            if stdio:
                for fd, target in stdio.items():
                    os.dup2(target, fd)
            _ptrace(TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            os.execv(command[0], command)
        finally:
            os._exit(127)
    os.waitpid(main, 0)
    _ptrace(SETOPTIONS, main, SYSGOOD | FORK | VFORK | CLONE | EXEC)
    _ptrace(SYSCALL, main)
    counts = {"runtime": 0, "init": 0}
    roles = {main: "runtime"}
    status, killed = None, False
    made = set()
    while roles:
        try:
            tid, wait_status = os.waitpid(-1, WALL)
        except ChildProcessError:
            break
        if os.WIFEXITED(wait_status) or os.WIFSIGNALED(wait_status):
            roles.pop(tid, None)
            made.discard(tid)
            if tid == main:
                status = wait_status
                break
            continue
        if tid not in roles:
            roles[tid] = _role(tid, main)
        stop = wait_status >> 8
        deliver = 0
        if stop == signal.SIGTRAP | 0x80:
            role = roles[tid]
            counts[role] += 1
            if role == victim and counts[role] == point and not killed:
                killed = True
                os.kill(_group(tid), signal.SIGKILL)
                continue
        elif stop & 0xFF == signal.SIGTRAP and stop >> 8:  # an event: fork, exec
            if stop >> 8 in (1, 2, 3):  # PTRACE_EVENT_FORK, VFORK, CLONE
                made.add(_new_process(tid))
        elif stop == signal.SIGSTOP:
            pass  # a new process's first stop
        else:
            deliver = stop & 0xFF
        _ptrace(SYSCALL, tid, deliver)
    # What is left runs on untraced when this process ends; but for the stop with which a traced process begins, which
    # may be on its way yet.
    for pid in made:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return counts | {"status": status, "killed": killed}


def _group(tid):
    try:
        with open(f"/proc/{tid}/status", encoding="ascii", errors="replace") as file:
            return int(next(line for line in file if line.startswith("Tgid:")).split()[1])
    except (OSError, StopIteration):
        return tid


def _role(tid, main):
    return "runtime" if _group(tid) == main else "init"
