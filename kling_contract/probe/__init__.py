"""The live availability probe: it asks what cannot create a task, and says what the answers tell.

A plan is derived from a document (`make_plan`), carried out by one guarded transport (`probe`), and each answer is
judged by the signs of `openapi/probe.yaml`.
"""

from kling_contract.probe.findings import Finding, Run
from kling_contract.probe.history import History
from kling_contract.probe.manner import Manner
from kling_contract.probe.plan import Left, Plan, Step, make_plan
from kling_contract.probe.run import Target, probe
from kling_contract.probe.standing import overlay

__all__ = ["Finding", "History", "Left", "Manner", "Plan", "Run", "Step", "Target", "make_plan", "overlay", "probe"]
