"""Who answers in the place of the hosts that documents name."""

from __future__ import annotations

from dataclasses import dataclass, field

from kling_contract.interception import Broken, Named, Request, Response

HOST = "api.cometapi.com"
URL = f"https://{HOST}/kling/x?a=%20b"
NAMED = Named([f"https://{HOST}", "https://api.anyapi.ai/base"])


@dataclass
class Desk:
    """Answers with what it is told to, the last answer for ever, and keeps what it was asked."""

    answers: list[Response | Broken] = field(default_factory=lambda: [Response(200, {}, b"ours")])
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Broken):
            raise answer
        return answer


def answering(*answers: Response | Broken) -> Desk:
    return Desk([*answers])
