"""Standard output and error: whatever their encoding, and whether or not anybody reads them.

A command prints as if all were well. What an encoding does not have is replaced by a stand-in; what cannot be written,
since its reader has gone (`| head`), the stream was closed (`>&-`) or the disk is full, keeps no command from going on
to its end, from writing its other reports, and from its exit code.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeGuard, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    Language = Literal["json", "xml"]

LANGUAGES: dict[str, Language] = {"json": "json", "har": "json", "junit": "xml", "html": "xml"}  # of reports

_UNKNOWN = "?"
# What a reader takes for a sign that an encoding does not have, where Unicode knows no plainer form of it.
_STAND_INS = {
    **dict.fromkeys("←⇐", "<-"),
    **dict.fromkeys("→⇒", "->"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("·•∙", "*"),
    **dict.fromkeys("✓✔", "v"),
    **dict.fromkeys("×✗✘", "x"),
    **dict.fromkeys("▏▎▍", "."),
    **dict.fromkeys("▌▋▊▉█", "#"),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "«": "<<",
    "»": ">>",
    "。": ".",
    "、": ",",
}


class Output(io.TextIOBase):
    """A stream that takes any text and never fails; `failure` is the first error of what is beneath it."""

    def __init__(self, stream: TextIO, *, errors: str | None = None) -> None:
        self._stream, self._errors = stream, errors
        self.failure: OSError | None = None

    @property
    def is_read(self) -> bool:
        """Whether somebody may be reading: what was written so far could be."""
        return self.failure is None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream beneath."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write a text, with stand-ins for what the encoding does not have."""
        errors = self._errors or getattr(self._stream, "errors", None) or "strict"
        written = spelled(text, self.encoding, errors)
        with self._failing():
            self._stream.write(written)
        return len(text)

    def flush(self) -> None:
        """Write what is gathered."""
        with self._failing():
            self._stream.flush()

    def close(self) -> None:
        """Leave the stream beneath open: it is not ours, and may be closed already when this one is collected."""

    def isatty(self) -> bool:
        """Whether a person may be looking."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream beneath. Raises OSError where it has none."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Whether one can write, which is always so."""
        return True

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Keep the first error. What is left in the buffer has nowhere to go, and would be an error at the end."""
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)


class Closed(Output):
    """In the place of a stream that was closed before the command began; nothing is wrong with that."""

    @property
    def is_read(self) -> bool:
        """Whether anybody can read it: nobody."""
        return False


@contextlib.contextmanager
def standard() -> Iterator[Output]:
    """Let standard output and error take anything while a block runs, and yield standard output.

    Standard input, where it was closed, is empty.
    """
    kept = sys.stdin, sys.stdout, sys.stderr
    with contextlib.ExitStack() as opened:
        # In this order: what was closed gets its own descriptor back, and no file or socket of ours takes its place.
        sys.stdin = sys.stdin if _is_open(sys.stdin) else opened.enter_context(open(os.devnull, encoding="utf-8"))
        out = _output(sys.stdout, opened, None)
        error = _output(sys.stderr, opened, "strict")  # Python's own way there is `→`
        sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", error)
        try:
            yield out
        finally:
            out.flush()
            error.flush()
            sys.stdin, sys.stdout, sys.stderr = kept


def _output(stream: TextIO | None, opened: contextlib.ExitStack, errors: str | None) -> Output:
    if _is_open(stream):
        return Output(stream, errors=errors)
    return Closed(opened.enter_context(open(os.devnull, "w", encoding="utf-8")))


def _is_open(stream: TextIO | None) -> TypeGuard[TextIO]:
    """Whether there is a stream; Python has None for one that was closed before it began."""
    return stream is not None and not stream.closed


def is_coloured() -> bool:
    """Whether standard output is a terminal of a person who wants colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def is_read(stream: Any) -> bool:
    """Whether somebody may be reading a stream."""
    return bool(getattr(stream, "is_read", True))


def spelled(text: str, encoding: str, errors: str = "strict") -> str:
    """Return a text that an encoding has all signs of."""
    return text if _has(text, encoding, errors) else "".join(_sign(each, encoding, errors) for each in text)


def _sign(sign: str, encoding: str, errors: str) -> str:
    """Return a sign, or what stands for it: é is e, a full-width digit a digit."""
    if _has(sign, encoding, errors):
        return sign
    if sign in _STAND_INS:
        return _STAND_INS[sign]
    plain = "".join(each for each in unicodedata.normalize("NFKD", sign) if each.isascii())
    return plain or _UNKNOWN


def _has(text: str, encoding: str, errors: str) -> bool:
    try:
        text.encode(encoding, errors)
    except UnicodeEncodeError:
        return False
    return True


def escaped(text: str, language: Language | None) -> str:
    """Return what is for programs as it can stand on standard output: nothing is lost where that is no Unicode."""
    if language is None or is_unicode():
        return text
    return "".join(each if each.isascii() else _escape(each, language) for each in text)


def is_unicode() -> bool:
    """Whether standard output has all signs."""
    return str(getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith(("utf", "cp65001"))


def _escape(sign: str, language: Language) -> str:
    if language == "xml":
        return f"&#{ord(sign)};"
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
