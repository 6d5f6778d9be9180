"""The documents: found, read, checked against the vocabulary, and turned into providers and operations."""

from kling_contract.documents.bundle import bundle
from kling_contract.documents.files import bundled, find, folder
from kling_contract.documents.loading import load
from kling_contract.documents.model import Operation, Provider
from kling_contract.documents.parts import (
    Auth,
    Availability,
    Choice,
    ErrorRow,
    Expiry,
    Footage,
    Lifecycle,
    Scenario,
    Transition,
)

__all__ = [
    "Auth",
    "Availability",
    "Choice",
    "ErrorRow",
    "Expiry",
    "Footage",
    "Lifecycle",
    "Operation",
    "Provider",
    "Scenario",
    "Transition",
    "bundle",
    "bundled",
    "find",
    "folder",
    "load",
]
