"""Whether a server keeps the contract: its tasks, its refusals and its callbacks, and what Schemathesis finds."""

from kling_contract.verify.conformance.asking import Down
from kling_contract.verify.conformance.failure import CHECKS, Failure
from kling_contract.verify.conformance.settings import Settings
from kling_contract.verify.conformance.unchecked import Unchecked
from kling_contract.verify.conformance.verification import Part, Verification, verify

__all__ = ["CHECKS", "Down", "Failure", "Part", "Settings", "Unchecked", "Verification", "verify"]
