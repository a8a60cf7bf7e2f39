"""Runs one Python grader in a process of its own: started as a script by python_grader.py, never imported by Foreplan.

One JSON object comes in on standard input, `{source, sample, item, limits}`; one goes out on standard output, `{score}`
or `{error}`. Standard library only. Before the source runs, rights are given up, as far as the system lets it:

- resource limits: processor time, address space, size of written files, open files;
- Linux: a network namespace of its own with nothing in it; Landlock rules (reading only from Python and the system's
  libraries, writing only in the working directory); a seccomp filter that refuses sockets, new processes and programs,
  signals, tracing, io_uring and the raising of limits;
- everywhere: an audit hook that refuses the same from Python code.

The kernel's layers hold against any code. The audit hook alone, as on macOS, stops code that is careless, not code that
means harm. Nothing here keeps an answer that `grade` itself executes from writing the score: see docs/graders.md.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import stat
import struct
import sys
import traceback
from typing import Any

MAX_ERROR_CHARS = 500
MAX_WRITTEN_FILES = 64

_REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.kill",
            "ctypes.dlsym", "ctypes.call", "ctypes.cdata")  # fmt: skip
_CHANGES = frozenset({"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown",
                      "os.truncate", "os.utime", "os.setxattr", "os.removexattr", "shutil.rmtree"})  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_NEW_USER_NET_IPC = 0x10000000 | 0x40000000 | 0x08000000
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_CLONE_THREAD, _CLONE3 = 0x00010000, 435
# (audit architecture, clone, what is refused): socket, socketpair, execve, execveat, fork, vfork, ptrace, kill, tkill,
# tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_open, pidfd_send_signal, pidfd_getfd, process_vm_readv and _writev,
# io_uring_setup, mount, unshare, setns, bpf, perf_event_open, add_key, request_key, keyctl, prlimit64, setrlimit.
_SYSCALLS = {
    "x86_64": (0xC000003E, 56, (41, 53, 59, 322, 57, 58, 101, 62, 200, 234, 129, 297, 434, 424, 438, 310, 311, 425,
                                165, 272, 308, 321, 298, 248, 249, 250, 302, 160)),
    "aarch64": (0xC00000B7, 220, (198, 199, 221, 281, 117, 129, 130, 131, 138, 240, 434, 424, 438, 270, 271, 425,
                                  40, 97, 268, 280, 241, 217, 218, 219, 261, 164)),
}  # fmt: skip

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_FILE_RIGHTS = {"write": 1 << 1, "read": 1 << 2, "truncate": 1 << 14}
_READ = _FILE_RIGHTS["read"] | 1 << 3
_WRITE = _FILE_RIGHTS["write"] | sum(1 << bit for bit in range(4, 13))
_READABLE = ("/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/null")


def main() -> None:
    """Grade once and say the result."""
    told = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    asked = json.loads(sys.stdin.buffer.read())
    limit_resources(asked["limits"])
    fence()
    sys.addaudithook(_Guard(os.path.realpath(".")))
    try:
        result: dict[str, Any] = {"score": _graded(asked)}
    except BaseException as error:
        result = {"error": _told(error)}
    os.write(told, json.dumps(result).encode())
    # Nothing of the source's runs after the result: no exit handlers, no finalisers.
    os._exit(0)


def limit_resources(limits: dict[str, int]) -> None:
    """Resource limits, soft and hard."""
    for kind, most in (
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        _limit(kind, most)


def fence() -> None:
    """The kernel's layers, those that this system has: namespaces, files, system calls."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(_NEW_USER_NET_IPC)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        _fence_files(libc)
        _filter_calls(libc)


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (most, most))
    except (ValueError, OSError):
        # macOS does not limit address space.
        if sys.platform == "linux":
            raise


def _fence_files(libc: Any) -> None:
    """Landlock (Linux 5.13): what is not allowed below some directory is refused for good."""
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return
    write = _WRITE | (_FILE_RIGHTS["truncate"] if version >= 3 else 0)
    handled = struct.pack("=Q", _READ | write)
    rules = libc.syscall(_LANDLOCK_CREATE, handled, len(handled), 0)
    if rules < 0:
        return
    for path in {*_READABLE, sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path}:
        _allow(libc, rules, path, _READ)
    _allow(libc, rules, os.devnull, _READ | write)
    _allow(libc, rules, ".", _READ | write)
    libc.syscall(_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _allow(libc: Any, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= sum(_FILE_RIGHTS.values())
    libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def _filter_calls(libc: Any) -> None:
    """seccomp: the system calls of `_SYSCALLS` fail; a thread may be started, a process may not."""
    known = _SYSCALLS.get(platform.machine())
    if known is None or sys.byteorder != "little":
        return
    architecture, clone, refused = known
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    # Other architectures' calls are killed; from 0x40000000 on, x86_64 has a second numbering of the same calls.
    program = [
        (load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, _KILL),
        (load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (answer, 0, 0, _EPERM),
        (equal, 0, 1, _CLONE3), (answer, 0, 0, _ENOSYS),
    ]  # fmt: skip
    for number in refused:
        program += [(equal, 0, 1, number), (answer, 0, 0, _EPERM)]
    program += [
        (equal, 0, 3, clone), (load, 0, 0, 16), (any_bit, 1, 0, _CLONE_THREAD), (answer, 0, 0, _EPERM),
        (answer, 0, 0, _ALLOW),
    ]  # fmt: skip
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    libc.prctl(_SET_SECCOMP, _FILTER, struct.pack("@HP", len(program), ctypes.addressof(code)), 0, 0)


class _Guard:
    """The audit hook: refuses what a grader has no business with."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._written = 0

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(_REFUSED) or (event == "ctypes.dlopen" and args[0] is not None):
            raise PermissionError(f"a grader may not use {event}")
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITING:
            self._written += 1
            if self._written > MAX_WRITTEN_FILES:
                raise PermissionError(f"a grader may write {MAX_WRITTEN_FILES} files at most")
            self._inside(args[0])
        elif event in _CHANGES:
            for path in args[:2]:
                self._inside(path)

    def _inside(self, path: Any) -> None:
        """Refuses a path outside the working directory; a number is a file that is open already."""
        if isinstance(path, str | bytes) and os.fsdecode(path) != os.devnull:
            real = os.path.realpath(os.fsdecode(path))
            if not real.startswith(self._home + os.sep):
                raise PermissionError("a grader may write only in its working directory")


def _graded(asked: dict[str, Any]) -> float:
    names: dict[str, Any] = {"__name__": "grader"}
    exec(compile(asked["source"], "grader", "exec", dont_inherit=True), names)  # noqa: S102
    if not callable(names.get("grade")):
        raise NameError("the source defines no function grade(sample, item)")
    return float(names["grade"](asked["sample"], asked["item"]))


def _told(error: BaseException) -> str:
    """The error in a line, with the line of the source where it arose."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "grader"]
    where = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS] + where


if __name__ == "__main__":
    main()
