"""What a client is made of: from arguments, else from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kling_contract.auth import KeyCredential, TokenCredential
from kling_contract.client.network import can_be_asked
from kling_contract.documents import Provider
from kling_contract.errors import ConfigurationError
from kling_contract.soundness import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kling_contract.clock import Clock

DEFAULT_PROVIDER = "cometapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the caller gave; None is looked up in `environment` (KLING_PROVIDER, KLING_BASE_URL, KLING_API_KEY, ...)."""

    provider: str | Path | Provider | None = None
    api_key: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    base_url: str | None = None
    environment: Mapping[str, str] | None = None

    def load_provider(self) -> Provider:
        """Return the provider. Raises `DocumentError` for a name or file that is none."""
        given = self.chosen_provider
        return given if isinstance(given, Provider) else load(given)

    @property
    def chosen_provider(self) -> str | Path | Provider:
        """The provider as it was given, which may have to be loaded yet."""
        return self.provider or self._variable("KLING_PROVIDER") or DEFAULT_PROVIDER

    def url_at(self, provider: Provider) -> str:
        """Return the base URL, without a slash at its end; by default the document's first server.

        An empty one is an error: a key that was meant for a mock must not go to the provider.
        """
        given = {"base_url": self.base_url, "KLING_BASE_URL": self._variables.get("KLING_BASE_URL")}
        default = ("the document's server", next(iter(provider.base_urls), ""))
        name, url = next((each for each in given.items() if each[1] is not None), default)
        if not isinstance(url, str) or not _is_base(url):
            raise ConfigurationError(f"{name} is {url!r}; accepted: http(s)://host, with a path prefix if need be")
        return url.rstrip("/")

    def credential(self, provider: Provider, clock: Clock) -> KeyCredential | TokenCredential | None:
        """Return the credential: what was given explicitly first, then a key before an access and a secret key.

        None for a provider that asks for none: a key that it has no use for is not sent to it.
        """
        if not provider.auth.asks:
            return None
        if self.api_key and (self.access_key or self.secret_key):
            raise ConfigurationError("give api_key, or access_key and secret_key; not both")
        access = self.access_key or self._variable("KLING_ACCESS_KEY")
        secret = self.secret_key or self._variable("KLING_SECRET_KEY")
        key = self.api_key or (None if self.access_key or self.secret_key else self._variable("KLING_API_KEY"))
        if key and (self.api_key or provider.auth.key or not (access and secret)):
            return _key(provider, key)
        if access and secret:
            return _token(provider, access, secret, clock)
        raise ConfigurationError(_missing(provider, access, secret))

    def _variable(self, name: str) -> str | None:
        return self._variables.get(name) or None

    @property
    def _variables(self) -> Mapping[str, str]:
        return os.environ if self.environment is None else self.environment


def _is_base(url: str) -> bool:
    """Whether paths can be added to a URL, and no user and password in it would take the place of the key."""
    if not can_be_asked(url) or any(map(str.isspace, url)):
        return False
    parts = urlsplit(url)
    return not (parts.query or parts.fragment or parts.username or parts.password)


def _key(provider: Provider, key: str) -> KeyCredential:
    if not provider.auth.key:
        raise ConfigurationError(f"{provider.title} takes access and secret key, not an API key")
    return KeyCredential(_clean("api_key", key))


def _token(provider: Provider, access: str, secret: str, clock: Clock) -> TokenCredential:
    auth = provider.auth
    if not auth.hs256:
        raise ConfigurationError(f"{provider.title} takes an API key (KLING_API_KEY), not access and secret key")
    access, secret = _clean("access_key", access), _clean("secret_key", secret)
    return TokenCredential(access, secret, clock, auth.lifetime, auth.early)


def _missing(provider: Provider, access: str | None, secret: str | None) -> str:
    if access or secret or not provider.auth.key:
        absent = "secret_key (KLING_SECRET_KEY)" if access else "access_key (KLING_ACCESS_KEY)"
        return f"{absent} is missing; access and secret key go together"
    pair = ", or access_key and secret_key (KLING_ACCESS_KEY, KLING_SECRET_KEY)" if provider.auth.hs256 else ""
    return f"no credentials for {provider.title}: give api_key (KLING_API_KEY){pair}"


def _clean(name: str, text: str) -> str:
    """Drop the line break that reading a key from a file leaves; anything else that no header can carry is refused."""
    key = text.strip() if isinstance(text, str) else ""
    if key.lower().partition(" ")[0] == "bearer":
        raise ConfigurationError(f"{name} begins with Bearer; give it without that word, which is added here")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(f"{name} is empty or no text, or has a space or a sign that no HTTP header can carry")
    return key
