"""Whatever is wrong in a document, it is told in one line with file and line number, or it does no harm."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.errors import DocumentError
from kling_contract.soundness import load

Pointer = tuple[str | int, ...]

TREE = yaml.safe_load((Path(__file__).parents[1] / "documents" / "tiny.yaml").read_text(encoding="utf-8"))


def places(node: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    """Yield where each part of a document stands, but not the document itself."""
    for key, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*pointer, key)
        yield from places(part, (*pointer, key))


PLACES = list(places(TREE))


def remove(holder: Any, key: Any) -> None:
    del holder[key]


def misspell(holder: Any, key: Any) -> None:
    """Swap the second letter of a key with the last, in its place; an item of a list is given twice."""
    if isinstance(holder, list):
        holder.append(holder[key])
        return
    parts = list(holder.items())
    holder.clear()
    holder.update(
        {(f"{name[0]}{name[-1]}{name[2:-1]}{name[1]}" if name == key else name): part for name, part in parts}
    )


def replace(value: Any) -> Callable[[Any, Any], None]:
    def mutate(holder: Any, key: Any) -> None:
        holder[key] = copy.deepcopy(value)

    return mutate


VALUES = (None, [], {}, "x", 0, True, [None], {"x": None}, {"$each": "images"}, {"$ref": "x"})
MUTATIONS = {
    "remove": remove,
    "misspell": misspell,
    **{f"replace by {json.dumps(value)}": replace(value) for value in VALUES},
}


def mutated(mutation: str, pointer: Pointer, folder: Path) -> Path:
    tree = copy.deepcopy(TREE)
    holder = tree
    for step in pointer[:-1]:
        holder = holder[step]
    MUTATIONS[mutation](holder, pointer[-1])
    path = folder / "mutated.json"
    path.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    return path


def complaint(path: Path) -> DocumentError | None:
    """Return what is said of a document; None if it is a sound one. Nothing else than a `DocumentError` may come."""
    try:
        load(path)
    except DocumentError as error:
        return error
    return None


def is_one_line_with_its_place(error: DocumentError | None, path: Path) -> bool:
    lines = path.read_text(encoding="utf-8").count("\n") + 1
    return error is None or (
        str(error) == f"{path}:{error.line}: {error.message}"
        and (error.line in range(1, lines + 1) and len(str(error).splitlines()) == 1)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated")


@given(mutation=st.sampled_from(sorted(MUTATIONS)), pointer=st.sampled_from(PLACES))
def test_a_mutated_document_is_sound_or_complained_of(mutation: str, pointer: Pointer, folder: Path) -> None:
    path = mutated(mutation, pointer, folder)
    assert is_one_line_with_its_place(complaint(path), path)


@pytest.mark.thorough
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_mutation_is_sound_or_complained_of(mutation: str, folder: Path) -> None:
    found = []
    for pointer in PLACES:
        path = mutated(mutation, pointer, folder)
        found.append(complaint(path))
        assert is_one_line_with_its_place(found[-1], path), pointer
    assert any(found)


def test_the_document_itself_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(TREE), encoding="utf-8")
    assert complaint(path) is None
