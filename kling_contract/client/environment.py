"""What the environment says of the network: proxies and certificates, and which of it cannot be used.

httpx reads the same variables, and raises whatever its parts raise; here the variable is named, and what would do.
"""

from __future__ import annotations

import functools
import os
import ssl
from importlib.util import find_spec
from urllib.request import getproxies

import httpx

from kling_contract.errors import ConfigurationError

_SCHEMES = ("http", "https", "all")
_ACCEPTED = "accepted: http://host:port, https://, socks5:// or socks5h://; or unset it"
_NO_PROXY = "which httpx cannot read; accepted: ASCII host names by commas, IPv6 addresses without brackets"


def check_proxies() -> bool:
    """Return whether any proxy is in force. Raises `ConfigurationError` for one that cannot be used."""
    proxies = getproxies()
    named = [scheme for scheme in _SCHEMES if proxies.get(scheme)]
    for scheme in named:
        check_proxy(scheme, proxies[scheme])
    return bool(named)


def check_proxy(scheme: str, proxy: str) -> None:
    """Raise `ConfigurationError` for the proxy of a scheme (`all`: of any) that cannot be used."""
    url = _read(proxy)
    if url is None:
        raise ConfigurationError(f"{_named(scheme)} is {_shown(proxy)}, which is no URL of a proxy; {_ACCEPTED}")
    if url.scheme.startswith("socks") and find_spec("socksio") is None:
        what = "SOCKS needs one more package: pip install 'httpx[socks]', or unset it"
        raise ConfigurationError(f"{_named(scheme)} is {_shown(proxy)}; {what}")


def unreadable_exceptions() -> ConfigurationError:
    """Return the error of a NO_PROXY in which httpx finds no host names."""
    return ConfigurationError(f"{_named('no')} is {getproxies().get('no')!r}, {_NO_PROXY}")


def whole(proxy: str) -> str:
    """Return a proxy as a URL, of which environments often leave the scheme out."""
    return proxy if "://" in proxy else f"http://{proxy}"


def certificates() -> ssl.SSLContext:
    """Return what servers are verified by: SSL_CERT_FILE, SSL_CERT_DIR, else what httpx brings.

    Raises `ConfigurationError` for a file or folder that has no certificates.
    """
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    _check_certificates(file, folders)
    log = os.environ.get("SSLKEYLOGFILE")
    try:
        return httpx.create_ssl_context() if file or folders else _brought(log)
    except OSError as error:
        raise ConfigurationError(f"SSLKEYLOGFILE is {log!r}, which cannot be written to; unset it") from error


@functools.lru_cache(maxsize=4)
def _brought(log: str | None) -> ssl.SSLContext:
    """Return what httpx brings, which takes 30 ms to read, and which all clients of a process share."""
    return httpx.create_ssl_context(trust_env=False)


def _read(proxy: str) -> httpx.URL | None:
    try:
        url = httpx.Proxy(whole(proxy)).url
    except (ValueError, httpx.InvalidURL):
        return None
    good = bool(url.host) and proxy.split() == [proxy] and (url.port is None or 0 < url.port < 65536)
    return url if good else None


def _check_certificates(file: str | None, folders: str | None) -> None:
    if file:
        _check_file(file)
    if folders:
        _check_folders(folders, in_force=not file)


def _check_folders(folders: str, *, in_force: bool) -> None:
    """Raise for folders of which there is none, and for empty ones where no file goes before them."""
    there = [each for each in folders.split(os.pathsep) if os.path.isdir(each)]
    what = None if there else "is no folder"
    if there and in_force and not any(map(_has_files, there)):
        what = "has no certificates"
    if what is not None:
        accepted = "accepted: a folder of certificates, or unset it"
        raise ConfigurationError(f"SSL_CERT_DIR is {folders!r}, which {what}; {accepted}")


def _has_files(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


def _check_file(file: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except OSError as error:
        what = "has no certificates" if isinstance(error, ssl.SSLError) else "cannot be read"
        accepted = "accepted: a PEM file of certificates, or unset it"
        raise ConfigurationError(f"SSL_CERT_FILE is {file!r}, which {what}; {accepted}") from error


def _named(scheme: str) -> str:
    """Return the variable that is in force for a scheme; Python prefers the one in small letters."""
    name = f"{scheme}_proxy"
    found = sorted(
        (each for each in os.environ if each.lower() == name and os.environ[each]), key=lambda each: each != name
    )
    return found[0] if found else f"the {scheme} proxy of the system's settings"


def _shown(proxy: str) -> str:
    """Return a proxy without the user and password in it."""
    scheme, mark, rest = proxy.rpartition("://")
    credentials, at, place = rest.rpartition("@")
    return repr(f"{scheme}{mark}{'***' if credentials else ''}{at}{place}")
