"""How the C library keeps the memory that requests come and go in."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_KEPT = 32 * 1024 * 1024
_LARGE = 16 * 1024 * 1024  # more than the base64 of the largest image that providers take


def keep_large_blocks() -> None:
    """Let glibc keep the megabytes of one request for the next one; elsewhere do nothing.

    It otherwise gives every block of more than 128 KiB back to the kernel at once, and the next request pays for a
    thousand page faults. The process stays some 10 MB larger.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
    mallopt(_M_MMAP_THRESHOLD, _LARGE)
