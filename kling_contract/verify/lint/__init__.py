"""What a reader of a document wants to be told: contradictions, traps and gaps that a schema check does not see.

`soundness` refuses a document that could not work; lint goes on from there, with findings about one that loads.
"""

from kling_contract.verify.lint.findings import SEVERITIES, Finding, Kind, Severity
from kling_contract.verify.lint.kinds import KINDS
from kling_contract.verify.lint.looking import lint, once

__all__ = ["KINDS", "SEVERITIES", "Finding", "Kind", "Severity", "lint", "once"]
