"""What an application must change to move from one provider to another.

`compare` holds the two documents side by side, and needs nothing else. `trials.tried` then draws bodies of each and
tries them on the other, which takes Hypothesis; it stands apart for that.
"""

from kling_contract.verify.diff.comparison import Comparison, compare
from kling_contract.verify.diff.difference import KINDS, Difference, Kind, Move

__all__ = ["KINDS", "Comparison", "Difference", "Kind", "Move", "compare"]
