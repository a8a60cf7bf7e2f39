"""The command on a terminal of its own, and everything it shows there."""

from __future__ import annotations

import os
import subprocess
import sys


def in_terminal(arguments: list[str], columns: int, *, answer: str = "", code: int = 0) -> str:
    """What the command shows on a terminal of that width."""
    import fcntl
    import pty
    import struct
    import termios

    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    env = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    env.pop("COLUMNS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "foreplan", *arguments],
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env=env,
    )
    os.close(terminal)
    shown = b""
    asked = False
    while True:
        try:
            piece = os.read(controller, 65_536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if answer and not asked and b"Run this plan?" in shown:
            asked = True
            os.write(controller, f"{answer}\n".encode())
    os.close(controller)
    assert process.wait(timeout=30) == code, shown.decode()
    return shown.decode("utf-8", "replace")
