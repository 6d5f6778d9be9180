"""Faults: what a test lets go wrong between the mock and its client, by name, a number of times or by chance."""

from mock_server.faults.changes import (
    Chain,
    Change,
    CutOff,
    InvalidJson,
    Latency,
    MissingField,
    MistypedField,
    Page,
    Redirect,
    Reset,
    Row,
    Silence,
    UnknownStatus,
    WrongContentType,
)
from mock_server.faults.naming import catalogue, fault_named
from mock_server.faults.striking import Fault, Phase, strike

__all__ = [
    "Chain",
    "Change",
    "CutOff",
    "Fault",
    "InvalidJson",
    "Latency",
    "MissingField",
    "MistypedField",
    "Page",
    "Phase",
    "Redirect",
    "Reset",
    "Row",
    "Silence",
    "UnknownStatus",
    "WrongContentType",
    "catalogue",
    "fault_named",
    "strike",
]
