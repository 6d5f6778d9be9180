"""Certificates that are loaded when a connection first needs them: plain HTTP to this machine never does."""

from __future__ import annotations

import ssl
from typing import Any


class LateTrust(ssl.SSLContext):
    """Verifies servers by the certificates that httpx brings, which take 10 to 30 ms to load: more than a request."""

    _is_loaded = False

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        """Speak TLS on a socket."""
        self._load()
        return super().wrap_socket(*arguments, **options)

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Speak TLS in memory, as asynchronous clients do."""
        self._load()
        return super().wrap_bio(*arguments, **options)

    def _load(self) -> None:
        if not self._is_loaded:
            import certifi

            self.load_verify_locations(cafile=certifi.where())
            self._is_loaded = True


def late_trust() -> LateTrust:
    """Return one that demands a certificate of the host's name."""
    return LateTrust(ssl.PROTOCOL_TLS_CLIENT)
