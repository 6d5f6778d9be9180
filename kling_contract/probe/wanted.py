"""What is to be probed: a provider each, from options or from a file, with the key that the environment holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kling_contract.client.configuration import Configuration
from kling_contract.documents.files import find, read
from kling_contract.errors import ConfigurationError, DocumentError, KlingError
from kling_contract.probe.hiding import LEAST_SECRET, Secrets
from kling_contract.probe.plan import make_plan
from kling_contract.probe.run import Target
from kling_contract.probe.spending import with_real_task
from kling_contract.soundness import load

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.clock import Clock
    from kling_contract.documents import Provider

HIGHEST = 5

_KEYS = ("document", "base_url", "key_env", "level", "operations")
_SECRET = re.compile(r"key$|token|secret|password|authorization|bearer", re.IGNORECASE)
# In capitals only, since many a key would be a name otherwise.
_LIKE_A_KEY = re.compile(r"\bsk-|[A-Za-z0-9_-]{20,}")
_TOO_SHORT = f"the key is too short to be kept out of what is told; accepted: {LEAST_SECRET} characters or more"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_NAME = "{provider}"  # stands for the provider's name in a base URL
_IN_NO_URL = re.compile(r"[@?#{}\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One provider to probe. `key_env` names the environment variable that holds the key; None tries the usual ones.

    `where` is the file and line that say so, if a file does. Raises `ConfigurationError` for a key in place of a
    name, and for a base URL that holds one; neither is repeated.
    """

    document: str
    base_url: str | None = None
    key_env: str | None = None
    level: int = 2
    operations: tuple[str, ...] = ()
    spend: float | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("key_env", self.key_env), ("base_url", self.base_url)):
            if value is not None and not _FITS[name](value):
                raise self.error(_misfit(name, value))

    def error(self, message: str) -> ConfigurationError:
        """Return an error of what was asked for, with its place."""
        return ConfigurationError(f"{self.where}: {message}" if self.where else message)

    def target(self, environment: Mapping[str, str], clock: Clock) -> Target:
        """Return the plan and what it is sent with. Raises `KlingError` for a document or an URL that is none."""
        try:
            return self._target(environment, clock)
        except KlingError as error:
            raise self.error(str(error)) if self.where else error from None

    def _target(self, environment: Mapping[str, str], clock: Clock) -> Target:
        provider = load(self.document)
        base_url = Configuration(base_url=_placed(self.base_url, provider), environment={}).url_at(provider)
        found = self._credentials(provider, environment)
        no_key = None if found else self._no_key(provider)
        try:
            plan = make_plan(provider, base_url, level=min(self.level, 4), operations=self.operations, no_key=no_key)
        except KeyError as error:
            raise ConfigurationError(error.args[0]) from None
        if self.level == HIGHEST and self.spend is not None:
            plan = with_real_task(plan, self.spend, self.operations, no_key)
        try:
            credential = Configuration(environment={}, **found).credential(provider, clock) if found else None
            if any(len(text.strip()) < LEAST_SECRET for text in found.values()):
                raise ConfigurationError(_TOO_SHORT)
        except ConfigurationError as error:
            names = self._variables(provider)
            held = next((name for name in names if environment.get(name)), names[-1])
            raise ConfigurationError(f"{held}: {error}") from None
        return Target(plan, credential, Secrets(self._secrets(provider, environment)))

    def _credentials(self, provider: Provider, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the key, or access and secret key where the document takes them, by the client's names."""
        if provider.auth.key:
            names = [self.key_env] if self.key_env else _usual(provider)
            key = next((environment[name] for name in names if environment.get(name)), None)
            if key:
                return {"api_key": key}
        if provider.auth.hs256 and not self.key_env:
            pair = {"access_key": environment.get(_PAIR[0]), "secret_key": environment.get(_PAIR[1])}
            return {name: text for name, text in pair.items() if text} if all(pair.values()) else {}
        return {}

    def _no_key(self, provider: Provider) -> str:
        """Return why there is no key."""
        auth = provider.auth
        if auth.key or (auth.hs256 and not self.key_env):
            return f"no key: {' or '.join(self._variables(provider))} is not set"
        return "no key: the document takes none" + (f", but {' and '.join(_PAIR)}" if auth.hs256 else "")

    def _variables(self, provider: Provider) -> list[str]:
        if self.key_env:
            return [self.key_env]
        keys = _usual(provider) if provider.auth.key else []
        return [*keys, *([" and ".join(_PAIR)] if provider.auth.hs256 else [])]

    def _secrets(self, provider: Provider, environment: Mapping[str, str]) -> dict[str, str]:
        names = [self.key_env] if self.key_env else [*_usual(provider), *_PAIR]
        texts = {f"${name}": environment.get(name, "").strip() for name in names}
        return {name: text for name, text in texts.items() if len(text) >= LEAST_SECRET}


_PAIR = ("KLING_ACCESS_KEY", "KLING_SECRET_KEY")


def _usual(provider: Provider) -> list[str]:
    """Return the variables that hold a provider's key, unless one is named: COMETAPI_KEY, COMETAPI_API_KEY."""
    name = provider.name.upper().replace("-", "_")
    return [f"{name}_KEY", f"{name}_API_KEY"]


def _placed(base_url: str | None, provider: Provider) -> str | None:
    return None if base_url is None else base_url.replace(_NAME, provider.name)


@dataclass(frozen=True, slots=True)
class Config:
    """A file of providers to probe: a list of {document, base_url, key_env, level, operations} under `providers`."""

    path: Path
    wanted: tuple[Wanted, ...] = field(default=())

    @classmethod
    def read(cls, path: Path) -> Config:
        """Return what a file says. Raises `DocumentError`, with its line, for a key or a value that is none of these.

        A key, token or password in the file is refused, since files are committed; `key_env` names a variable.
        """
        source = read(path)
        tree = source.tree
        if not isinstance(tree, dict) or not isinstance(tree.get("providers"), list) or not tree["providers"]:
            raise source.error("no `providers: [{document: ...}, ...]`", ())
        unknown = [key for key in tree if key != "providers"]
        if unknown:
            raise source.error(_unknown(unknown[0], ("providers",)), (unknown[0],))
        wanted = []
        for number, each in enumerate(tree["providers"]):
            complaint = _complaint(each)
            if complaint:
                raise source.error(complaint[1], ("providers", number, *complaint[0]))
            where = f"{path}:{source.line_of(('providers', number))}"
            changes = {"document": _beside(path, each["document"]), "operations": tuple(each.get("operations", ()))}
            wanted.append(Wanted(**{**each, **changes}, where=where))
        return cls(path, tuple(wanted))


def _beside(path: Path, document: str) -> str:
    """Return a document as a file at `path` names it: a bundled name, or a file from that file's folder."""
    try:
        file = find(document)
    except DocumentError:
        # A name that is none: loading it says so, with its place.
        return document
    return document if file.is_absolute() else str(path.parent / file)


def _complaint(each: Any) -> tuple[tuple[str, ...], str] | None:
    """Return where an entry is wrong, and why."""
    if not isinstance(each, Mapping):
        return (), f"{_shown(each)} is no provider; accepted: {{{', '.join(_KEYS)}}}"
    for key, value in each.items():
        if key not in _KEYS:
            return (key,), _unknown(key, _KEYS)
        if not _FITS[key](value):
            return (key,), _misfit(key, value)
    return None if "document" in each else ((), f"document is missing; accepted: {_ACCEPTED['document']}")


def _misfit(key: str, value: Any) -> str:
    """Return what is wrong with a value, which is not shown where it may hold a secret."""
    hidden = key == "key_env" or (key == "base_url" and any(sign in str(value) for sign in "@?#"))
    return f"{key}: {'the value' if hidden else _shown(value)} is not accepted; accepted: {_ACCEPTED[key]}"


def _shown(value: Any) -> str:
    """Return a value as an error may repeat it: not what could be a key."""
    return "the value" if _LIKE_A_KEY.search(str(value)) else repr(value)


def _unknown(key: str, known: tuple[str, ...]) -> str:
    if _SECRET.search(key):
        return f"{key} would put a secret into a file; give the name of an environment variable as key_env"
    return f"unknown key {key!r}; accepted: {', '.join(known)}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


_FITS: Mapping[str, Any] = {
    "document": _is_text,
    "base_url": lambda value: _is_text(value) and not _IN_NO_URL.search(value.replace(_NAME, "")),
    "key_env": lambda value: isinstance(value, str) and _VARIABLE.fullmatch(value) is not None,
    "level": lambda value: type(value) is int and 0 <= value <= HIGHEST,
    "operations": lambda value: isinstance(value, list) and all(map(_is_text, value)),
}
_ACCEPTED = {
    "document": "a bundled name, or a file from the folder of this one",
    "base_url": f"http(s)://host, without user or query; {_NAME} in it is the provider's name",
    "key_env": "the name of an environment variable in capitals, such as COMETAPI_KEY; never a key",
    "level": f"0 to {HIGHEST}",
    "operations": "a list of operationIds",
}
