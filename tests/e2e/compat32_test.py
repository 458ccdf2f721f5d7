"""seccomp.compat32: a 32-bit program runs where the policy lets it, filtered by the same list, and is refused elsewhere; what
int 0x80 does from a 64-bit program; and that other 64-bit programs do not notice."""

import json
import os
import signal
import struct
import subprocess

import harness
import node

ENOSYS, EPERM, EAFNOSUPPORT = 38, 1, 97
AF_UNIX, AF_ALG, SOCK_STREAM, SOCK_SEQPACKET = 1, 38, 1, 5
EXIT, WRITE, SOCKETCALL, IPC, SETUID32, CLOCK_GETTIME64, SOCKET = 1, 4, 102, 117, 213, 403, 359  # i386's numbers
SYS_SOCKET = 1

BASE, HEADERS = 0x8048000, 52 + 32


def mov(register, value):
    """mov $value, %eax, %ebx, %ecx or %edx"""
    return bytes([{"eax": 0xB8, "ebx": 0xBB, "ecx": 0xB9, "edx": 0xBA}[register]]) + struct.pack("<I", value & 0xFFFFFFFF)


def call(number, *arguments):
    code = b"".join(mov(register, value) for register, value in zip(("ebx", "ecx", "edx"), arguments))
    return code + mov("eax", number) + b"\xcd\x80"  # int $0x80


def i386(code, text=b""):
    """An executable for i386 of some instructions, with `text` at the address that they may expect at TEXT."""
    size = HEADERS + len(code)
    code = code.replace(struct.pack("<I", TEXT), struct.pack("<I", BASE + size))
    header = struct.pack("<4s5B7xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 0, 0, 2, 3, 1, BASE + HEADERS, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    size += len(text)
    return header + struct.pack("<8I", 1, 0, BASE, BASE, size, size, 5, 0x1000) + code + text


def x86_64(code):
    """An executable for x86-64; what `code` does with int $0x80 is i386's call all the same."""
    base = 0x400000
    size = 64 + 56 + len(code)
    header = struct.pack("<4s5B7xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 2, 62, 1, base + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000) + code


TEXT = 0x7E877E87
SAY_OK = call(WRITE, 1, TEXT, 3) + call(EXIT, 0)


def answer(number, *arguments):
    """Ends with the errno of the call, or 0 for a result that is none."""
    test_exit = b"\xf7\xd8" + b"\x89\xc3" + b"\x85\xdb" + b"\x79\x02" + b"\x31\xdb"  # neg eax; mov eax, ebx; negative? then 0
    return call(number, *arguments) + test_exit + mov("eax", EXIT) + b"\xcd\x80"


def kernel_runs_i386(directory):
    path = directory / "there"
    path.write_bytes(i386(call(EXIT, 7)))
    path.chmod(0o755)
    try:
        return subprocess.run([str(path)], check=False).returncode == 7
    except OSError:
        return False


class Compat32Test(node.Case):
    def setUp(self):
        super().setUp()
        if not kernel_runs_i386(self.work):
            self.skipTest("this kernel has no 32-bit entry")

    def policy(self, name="wide", **seccomp):
        path = self.work / f"{name}.json"
        body = {"bulkhead": "policy/v1", "kind": "profile", "name": name, "version": "1", "extends": "builtin:faas@1"}
        path.write_text(json.dumps({**body, "seccomp": {"compat32": True, **seccomp}}))
        path.chmod(0o644)
        return path

    def program(self, content):
        """A bundle whose program that is."""
        bundle = self.bundle("probe")
        bundle.own_root()
        path = bundle.root / "program"
        path.write_bytes(content)
        path.chmod(0o755)
        bundle.process["args"] = ["/program"]
        return bundle

    def run_it(self, content, policy, **options):
        return self.run_here(self.program(content), policy=policy, **options)

    def test_it_runs_where_the_profile_lets_it(self):
        result = self.assert_ok(self.run_it(i386(SAY_OK, b"ok\n"), self.policy()))
        self.assertEqual(result.out, "ok\n")
        self.assertEqual(self.assert_ok(self.run_it(i386(SAY_OK, b"ok\n"), "passthrough")).out, "ok\n")

    def test_it_is_refused_elsewhere_with_the_words_that_help(self):
        for policy in ("faas", "compat", "baseline"):
            result = self.run_it(i386(SAY_OK, b"ok\n"), policy)
            self.assertNotEqual(result.code, 0)
            self.assertEqual(result.out, "")
            for words in ("refuses", '"/program" is a 32-bit program', "seccomp.compat32 is false", "/seccomp)"):
                self.assertIn(words, result.err)

    def test_a_floor_forbids_it(self):
        vaccine = self.add("vaccine", "deny", seccomp={"args": {"socket": "a0 != AF_ALG"}})
        self.assert_ok(self.run_it(i386(SAY_OK, b"ok\n"), self.policy()))
        vaccine.unlink()
        for number, (kind, seccomp) in enumerate([("deny", {"compat32": False}), ("floor", {"deny": ["ptrace"], "compat32": False}),
                                                  ("floor", {"allow": ["@faas@1", "socket"]})]):
            floor = self.add(f"limit{number}", kind, seccomp=seccomp)
            for policy in (self.policy(), "passthrough"):
                result = self.run_it(i386(SAY_OK, b"ok\n"), policy)
                self.assertIn("seccomp.compat32 is false", result.err)
                self.assertIn(f"limit{number}.json", result.err)
            why = self.assert_ok(self.here("policy", "why", "seccomp.compat32", policy=self.policy())).out
            self.assertTrue(why.startswith("seccomp.compat32: false\n"), why)
            self.assertIn(f"limit{number}.json:/seccomp", why)
            floor.unlink()
        why = self.assert_ok(self.here("policy", "why", "seccomp.compat32", policy=self.policy())).out
        self.assertTrue(why.startswith("seccomp.compat32: true\n"), why)

    def test_the_same_list_holds(self):
        wide = self.policy()
        for what, code, want in [
            ("socketcall", answer(SOCKETCALL, SYS_SOCKET, 0), ENOSYS),
            ("ipc", answer(IPC, 2, 0), ENOSYS),
            ("socket(AF_ALG)", answer(SOCKET, AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT),
            ("socket(AF_UNIX)", answer(SOCKET, AF_UNIX, SOCK_STREAM, 0), 0),
            ("setuid32", answer(SETUID32, 0), EPERM),
            ("clock_gettime64", answer(CLOCK_GETTIME64, 0, 0), 14),  # EFAULT: the kernel's own answer
        ]:
            with self.subTest(what):
                self.assertEqual(self.run_it(i386(code), wide).code, want)

    def test_what_a_64_bit_program_does_through_the_32_bit_entry(self):
        code = answer(SOCKETCALL, SYS_SOCKET, 0)
        self.assertEqual(self.run_it(x86_64(code), self.policy()).code, ENOSYS)
        self.assertEqual(self.run_it(x86_64(answer(SOCKET, AF_ALG, SOCK_SEQPACKET, 0)), self.policy()).code, EAFNOSUPPORT)
        self.assertEqual(self.run_it(x86_64(code), "faas").code, 128 + signal.SIGSYS)

    def test_64_bit_programs_do_not_notice(self):
        narrow, wide = self.seen("syscalls", policy="faas"), self.seen("syscalls", policy=self.policy())
        differences = {k for k, v in narrow["attempts"].items() if wide["attempts"].get(k) != v}
        self.assertEqual(differences, {"int80"})
        self.assertEqual((narrow["attempts"]["int80"], wide["attempts"]["int80"]), ("SIGSYS", "ok"))
        self.assertEqual(narrow["attempts"]["x32"], wide["attempts"]["x32"])

    def test_the_request_must_let_it_in_too(self):
        bundle = self.program(i386(SAY_OK, b"ok\n"))
        bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]}
        self.assertEqual(self.assert_ok(self.run_here(bundle, policy=self.policy())).out, "ok\n")
        bundle.linux["seccomp"]["architectures"].pop()
        self.assertEqual(self.run_here(bundle, policy=self.policy()).code, 128 + signal.SIGSYS)
        told = self.assert_ok(self.here("explain", "--bundle", bundle.path, policy=self.policy())).out
        self.assertIn("has no SCMP_ARCH_X86", told)

    def test_audit_refuses_nothing_and_tells(self):
        policy = self.work / "audited.json"
        policy.write_text(json.dumps({"bulkhead": "policy/v1", "kind": "profile", "name": "audited", "version": "1",
                                      "modes": {"seccomp": "audit"}, "seccomp": {"allow": ["@faas@1"]}}))
        policy.chmod(0o644)
        bundle = self.program(i386(SAY_OK, b"ok\n"))
        self.assertEqual(self.assert_ok(self.run_here(bundle, policy=policy)).out, "ok\n")
        told = self.assert_ok(self.here("explain", "--bundle", bundle.path, policy=policy)).out
        self.assertIn("seccomp.compat32 is false", told)

    def test_the_probe_predicts_it(self):
        bundle = self.bundle("probe")
        for policy in ("faas", self.policy()):
            self.assert_ok(self.here("probe", "--bundle", bundle.path, policy=policy))

    def test_why_a_call_is_answered_as_it_is(self):
        for policy, call_, want in [
            (self.policy(), "syscall32:socketcall(1)", "ENOSYS"),
            (self.policy(), "syscall32:fstat64", "allow"),
            (self.policy(), "syscall32:socket(38,5,0)", "EAFNOSUPPORT"),
            (self.policy(), "syscall:socket(38,5,0)", "EAFNOSUPPORT"),
            ("faas", "syscall32:fstat64", "kill"),
        ]:
            told = self.assert_ok(self.here("policy", "why", call_, policy=policy)).out
            self.assertTrue(told.startswith(f"{call_}: {want}\n"), told)
            self.assertIn(":/seccomp", told)
        self.assertIn('i386 has no system call "accept"', self.here("policy", "why", "syscall32:accept").err)
        self.assertIn("this machine has no system call", self.here("policy", "why", "syscall:fstat64").err)

    def test_what_is_told(self):
        told = self.assert_ok(self.here("explain", "--bundle", self.program(i386(call(EXIT, 0))).path, policy=self.policy()))
        self.assertIn("also of 32-bit programs", told.out)
        diff = self.here("policy", "diff", "--fail-on-widening", "faas", str(self.policy()))
        self.assertEqual(diff.code, 2)
        self.assertRegex(diff.out, r"\+ +seccomp\.compat32 +false -> true")


if __name__ == "__main__":
    harness.main()
