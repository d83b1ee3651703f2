"""Ties the life of a process to that of its parent, where the kernel can (Linux; elsewhere nothing).

The kernel means the *thread* that forked: the parent should fork in its main thread.
"""

import ctypes
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec is no place for it.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Have this process killed the moment its parent dies. Safe between fork and exec."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def outlive_parent(seconds: int) -> None:
    """Have this process end ``seconds`` after its parent died, unless it ended by itself.

    Call it in the main thread. Takes SIGALRM: the first one says that the parent is dead.
    """

    def set_the_alarm(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)

    if LIBC:
        signal.signal(signal.SIGALRM, set_the_alarm)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGALRM)
