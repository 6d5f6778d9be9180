"""`demo`: the product's story, told offline in a few seconds."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import FINE, add_command, missing_extra
from kling_contract.cli.streams import is_coloured
from kling_contract.clock import RealClock, stopwatch

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from kling_contract import Kling, Task

_SPEED = 300  # an image to video takes 164 s, by the document; here about half a one
_POLL = 0.05


def add(commands: Any) -> None:
    """Add the command."""
    summary = "tell the product's story, offline, in a few seconds"
    parser = add_command(commands, "demo", summary, "kling-contract demo", "kling-contract demo --into ./tour")
    parser.add_argument("--into", metavar="FOLDER", type=Path, default=Path("kling-demo"), help="where files land")
    parser.set_defaults(command=_demo)


def _demo(options: argparse.Namespace) -> int:
    from kling_contract.demo_photo import photo

    try:
        from mock_server import MockServer
    except ModuleNotFoundError as error:
        return missing_extra(error, "mock")
    started = stopwatch()
    folder: Path = options.into
    folder.mkdir(parents=True, exist_ok=True)
    try:
        picture = photo()
    except ModuleNotFoundError as error:
        return missing_extra(error, "media")
    (folder / "photo.png").write_bytes(picture)
    print(f"A photograph to work on, drawn here: {folder / 'photo.png'}")
    with MockServer(speed=_SPEED) as server:
        _Story(folder, picture, server.url).tell()
    print(f"\nNothing left this machine, and nothing was billed. {stopwatch() - started:.1f} s. Look into {folder}/")
    return FINE


class _Story:
    def __init__(self, folder: Path, picture: bytes, url: str) -> None:
        self.folder, self.picture, self.url = folder, picture, url

    def tell(self) -> None:
        with self._client("cometapi") as kling:
            _chapter("CometAPI animates it")
            self._finish(kling.videos.image_to_video(image=self.picture, prompt="the lake breathes", duration="5"))
            _chapter("CometAPI expands it, says its documentation")
            self._meet_the_404(kling)
        with self._client("anyapi") as kling:
            _chapter("AnyAPI expands it")
            self._expand(kling)
            _chapter("Too much: refused before it is sent")
            self._refuse(kling)

    @contextmanager
    def _client(self, provider: str) -> Iterator[Kling]:
        from kling_contract import Kling

        with Kling(provider=provider, base_url=f"{self.url}/p/{provider}", api_key="demo") as kling:
            yield kling

    def _meet_the_404(self, kling: Kling) -> None:
        from kling_contract.errors import RouteUnavailable

        try:
            kling.images.expand(image=self.picture, **_sides(up=0.1, down=0.1, left=0.1, right=0.1))
        except RouteUnavailable as error:
            operation = kling.provider.operation("createImageExpansion")
            print(f"  {operation.method} {operation.path} answers {json.dumps(error.body)}")
            known = operation.availability
            print(f"  The route is documented, and {known.state}: this answer was observed on {known.observed}.")
            print("  The mock answers as the provider did. `serve --open createImageExpansion` opens the route.")

    def _expand(self, kling: Kling) -> None:
        sides = _sides(up=0.25, down=0.1, left=0.4, right=0.2)
        print("  " + ", ".join(f"{name}={ratio}" for name, ratio in sides.items()))
        self._finish(kling.images.expand(image=self.picture, n=1, **sides))

    def _refuse(self, kling: Kling) -> None:
        from kling_contract.errors import ContractViolation
        from kling_contract.expansion import Ratios, nearest

        asked = {"up": 1, "down": 1, "left": 1, "right": 1}
        try:
            kling.images.expand(image=self.picture, n=1, **_sides(**asked))
        except ContractViolation as error:
            for violation in error.violations:
                print(f"  {violation.rule}: {violation.message}")
            allowed = nearest(Ratios.of(**asked))
            print(
                f"  the nearest allowed: up={allowed.up} down={allowed.down} left={allowed.left} right={allowed.right}"
            )

    def _finish(self, task: Task) -> None:
        """Poll a task to its end, showing each status once, and save what it made."""
        clock, seen = RealClock(), ""
        while task.status != seen or not task.done:
            if task.status != seen:
                print(f"  task {task.id}  {task.status:<10}{_age(task)}")
                seen = task.status
            if not task.done:
                clock.sleep(_POLL)
                task.refresh()
        for path in task.save(self.folder):
            print(f"  saved {path} ({path.stat().st_size // 1000} kB)")


def _age(task: Task) -> str:
    if task.created_at is None or task.updated_at is None:
        return ""
    return f"  after {(task.updated_at - task.created_at).total_seconds():g} s of its life"


def _chapter(title: str) -> None:
    bold, plain = ("\x1b[1m", "\x1b[0m") if is_coloured() else ("", "")
    print(f"\n{bold}{title}{plain}", flush=True)


def _sides(**ratios: float) -> dict[str, Any]:
    return {f"{side}_expansion_ratio": ratio for side, ratio in ratios.items()}
