"""Recorded traffic against the contract: HAR files and cassettes, read one exchange at a time."""

from kling_contract.verify.traffic.exchange import Exchange, Flaw
from kling_contract.verify.traffic.findings import Finding
from kling_contract.verify.traffic.inspection import Inspection
from kling_contract.verify.traffic.junit import junit_report
from kling_contract.verify.traffic.learning import overlay, providers
from kling_contract.verify.traffic.pens import CassettePen, HarPen
from kling_contract.verify.traffic.recordings import read
from kling_contract.verify.traffic.redacting import RedactedCopy
from kling_contract.verify.traffic.report import Report, lines

__all__ = [
    "CassettePen",
    "Exchange",
    "Finding",
    "Flaw",
    "HarPen",
    "Inspection",
    "RedactedCopy",
    "Report",
    "junit_report",
    "lines",
    "overlay",
    "providers",
    "read",
]
