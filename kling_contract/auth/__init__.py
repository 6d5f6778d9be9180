"""Bearer credentials: made for a request, and judged where one comes in."""

from kling_contract.auth.credentials import KeyCredential, TokenCredential, account, sign, stay
from kling_contract.auth.flaw import Flaw, Situation
from kling_contract.auth.judging import judge

__all__ = ["Flaw", "KeyCredential", "Situation", "TokenCredential", "account", "judge", "sign", "stay"]
