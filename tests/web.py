"""Plain HTTP for tests: httpx without its certificates, which take longer to load than a request does."""

from __future__ import annotations

import functools
import ssl

import httpx

_NONE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = functools.partial(httpx.get, verify=_NONE, trust_env=False)
post = functools.partial(httpx.post, verify=_NONE, trust_env=False)
options = functools.partial(httpx.options, verify=_NONE, trust_env=False)
