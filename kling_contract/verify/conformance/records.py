"""What passes between us and the process in which Schemathesis runs: a task there, and each exchange back."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.verify.conformance.asking import Asked
from kling_contract.verify.conformance.failure import CHECKS, Failure

if TYPE_CHECKING:
    from kling_contract.documents import Provider

VARIABLE = "KLING_CONTRACT_VERIFY_TASK"


@dataclass(frozen=True, slots=True)
class Task:
    """What the other process has to know: the document, the server, the seed, and the file to write to."""

    document: str
    base_url: str
    seed: int
    log: str

    def text(self) -> str:
        """Return the task as it stands in the variable."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Task:
        """Return the task of a text."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Record:
    """One exchange of Schemathesis: in which phase, and whether the body was to be good; or (check, message) failed."""

    asked: Asked
    phase: str
    positive: bool
    failed: tuple[str, str] | None = None

    def failure(self) -> Failure | None:
        """Return the failure."""
        if self.failed is None:
            return None
        name, message = self.failed
        check = name if name in CHECKS else "schemathesis"
        said = (
            f"{message or name} (phase {self.phase})" if name in CHECKS else f"{name}: {message} (phase {self.phase})"
        )
        return Failure(check, self.asked.operation.id if self.asked.operation else None, said, self.asked)

    @property
    def kind(self) -> object:
        """What two failures share that are the same but for the values that show it."""
        name, message = self.failed or ("", "")
        return name, self.asked.operation.id if self.asked.operation else None, message.partition(":")[0]

    def line(self) -> str:
        """Return the record as a line of JSON."""
        asked = self.asked
        return json.dumps(
            {
                "operation": asked.operation.id if asked.operation else None,
                "method": asked.method,
                "url": asked.url,
                "key": asked.key,
                "body": None if asked.body is None else base64.b64encode(asked.body).decode(),
                "status": asked.status,
                "headers": dict(asked.headers),
                "data": base64.b64encode(asked.data).decode(),
                "ms": asked.ms,
                "at": asked.at,
                "phase": self.phase,
                "positive": self.positive,
                "failed": self.failed,
            }
        )

    @classmethod
    def read(cls, line: str, provider: Provider) -> Record:
        """Return the record of a line."""
        node: dict[str, Any] = json.loads(line)
        phase, positive, failed = node.pop("phase"), node.pop("positive"), node.pop("failed")
        node["operation"] = provider.operations.get(node["operation"])
        node["body"] = None if node["body"] is None else base64.b64decode(node["body"])
        node["data"] = base64.b64decode(node["data"])
        return cls(Asked(**node), phase, positive, (failed[0], failed[1]) if failed else None)
