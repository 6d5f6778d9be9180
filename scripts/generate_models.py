#!/usr/bin/env python3
"""Write kling_contract/models.py, the typed calls of the client, from the bundled documents.

Each create operation with a client name (`x-operation.call`) gets a TypedDict of its fields: enums are the union over
the documents, required fields the intersection, names the canonical ones. `--check` only says whether the file is up to
date (exit 1 if not).
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kling_contract.documents import bundled, load  # noqa: E402 - the checkout's own package must be found first

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kling_contract.documents import Operation

TARGET = ROOT / "kling_contract" / "models.py"
WIDTH = 120
HEAD = '''"""Generated from openapi/ by scripts/generate_models.py; do not edit.

The calls of the client, typed: a TypedDict for the fields of each operation, and a namespace for each group of calls.
A type takes what at least one bundled provider takes; the exact contract of the provider at hand is the gate's.
"""

from __future__ import annotations

'''
IMPORTS = {
    "collections.abc": ("Mapping", "Sequence"),
    "decimal": ("Decimal",),
    "typing": ("Any", "Literal", "Required", "TypedDict", "Unpack"),
    "kling_contract.groups": ("AnyCalls", "Created", "Group"),
    "kling_contract.images": ("ImageInput",),
}

Titled = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Field:
    """One field by its canonical name: the schema that each provider (title) has for it."""

    name: str
    schemas: list[Titled]
    required: bool


@dataclass
class Types:
    """The TypedDicts made so far, by name."""

    bodies: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, paragraphs: Sequence[str], schemas: Sequence[Titled]) -> str:
        """Make the TypedDict of an object that each provider has a schema for, and return its name."""
        lines = [f"class {name}(TypedDict, total=False):", *docstring(paragraphs, 1), ""]
        for each in fields_of(schemas):
            kind = self.annotation(name.removesuffix("Fields") + camel(each.name), each.schemas)
            lines.append(f"    {each.name}: {f'Required[{kind}]' if each.required else kind}")
        self.bodies[name] = "\n".join(lines)
        return name

    def part(self, name: str, schemas: Sequence[Titled]) -> str:
        """Make the TypedDict of an object inside the fields."""
        fields, titles = fields_of(schemas), [title for title, _ in schemas]
        if not fields:
            return "Mapping[str, Any]"
        says = {each.name: described(each, titles) for each in fields}
        listed = [f"{name}: {words}" for name, words in says.items() if words]
        return self.add(name, ["A part of the fields of a call.", *listed], schemas)

    def annotation(self, name: str, schemas: Sequence[Titled]) -> str:
        """Return the type of a value; `name` is for a TypedDict that it may need."""
        says = [schema for _, schema in schemas]
        kinds = {schema.get("type") for schema in says}
        if any("x-image" in schema for schema in says):
            return "ImageInput"
        if "array" in kinds:
            items = [(title, schema["items"]) for title, schema in schemas if "items" in schema]
            return f"Sequence[{self._item(name + 'Item', items)}]"
        if "object" in kinds:
            return self.part(name, schemas)
        return scalar(kinds, says)

    def _item(self, name: str, schemas: Sequence[Titled]) -> str:
        kind = self.annotation(name, schemas)
        required = [each for each in fields_of(schemas) if each.required]
        is_image = len(required) == 1 and all("x-image" in schema for _, schema in required[0].schemas)
        return f"ImageInput | {kind}" if is_image else kind


def scalar(kinds: set[Any], says: Sequence[Mapping[str, Any]]) -> str:
    """Return the type of a number, truth value or text. Where providers differ, a number is the canonical type.

    Where one has an enum, the examples of another that has none are its words, so that a slip is still a type error.
    """
    if "number" in kinds:
        return "float | Decimal"
    if "integer" in kinds:
        return "int"
    if "boolean" in kinds:
        return "bool"
    words = list(dict.fromkeys(word for schema in says for word in schema.get("enum", schema.get("examples", ()))))
    is_closed = any("enum" in schema for schema in says) and all(
        {"enum", "examples"} & schema.keys() for schema in says
    )
    return f"Literal[{', '.join(quoted(word) for word in words)}]" if is_closed else "str"


def fields_of(schemas: Sequence[Titled]) -> list[Field]:
    """Return the fields that at least one of the schemas has, those that all require first."""
    found: dict[str, list[Titled]] = {}
    required: dict[str, int] = {}
    for title, schema in schemas:
        for own, each in schema.get("properties", {}).items():
            name = each.get("x-canonical-name", own)
            found.setdefault(name, []).append((title, each))
            required[name] = required.get(name, 0) + (own in schema.get("required", ()))
    fields = [Field(name, each, required[name] == len(schemas)) for name, each in found.items()]
    return sorted(fields, key=lambda each: not each.required)


def limits(schema: Mapping[str, Any]) -> str:
    """Return the limits of one schema in words."""
    low, high = schema.get("minimum"), schema.get("maximum")
    image = schema.get("x-image", {})
    parts = [
        ", ".join(image.get("formats", ())),
        f"at most {image['bytes']} bytes" if "bytes" in image else "",
        f"both sides at least {image['side']} px" if "side" in image else "",
        f"sides at most 1:{image['aspect']}" if "aspect" in image else "",
        f"{low} to {high}" if low is not None and high is not None else "",
        f"{schema.get('minItems', 0)} to {schema['maxItems']} items" if "maxItems" in schema else "",
        f"at most {schema['maxLength']} characters" if "maxLength" in schema else "",
        schema.get("x-pattern-means", f"like {schema['pattern']}") if "pattern" in schema else "",
        f"one of {', '.join(schema['enum'])}" if "enum" in schema else "",
        f"by default {schema['default']}" if "default" in schema else "",
    ]
    return ", ".join(part for part in parts if part)


def described(each: Field, titles: Sequence[str]) -> str:
    """Return what the documents say of a field: once if they agree, else by provider."""
    descriptions = [schema["description"] for _, schema in each.schemas if "description" in schema]
    text = descriptions[0].rstrip(".") + ". " if descriptions else ""
    by_title = {title: limits(schema) for title, schema in each.schemas}
    absent = [title for title in titles if title not in by_title]
    if len(set(by_title.values())) == 1:
        words = next(iter(by_title.values()))
    else:
        words = "; ".join(f"{title}: {says or 'no limit'}" for title, says in by_title.items())
    words = words[:1].upper() + words[1:]
    return (text + (f"{words}. " if words else "") + (f"Not at {', '.join(absent)}." if absent else "")).strip()


def method(name: str, operations: Sequence[Operation], types: Types) -> str:
    """Return the method of one call, with all that the documents say of it."""
    first = operations[0]
    schemas = [(operation.title, dict(operation.request or {})) for operation in operations]
    fields = types.add(camel(first.id.removeprefix("create")) + "Fields", [f"The fields of {first.id}."], schemas)
    titles = [operation.title for operation in operations]
    paragraphs = [f"{first.summary}.", f"Served by {', '.join(served(operation) for operation in operations)}."]
    paragraphs += [f"{each.name}: {described(each, titles)}" for each in fields_of(schemas)]
    paragraphs += dict.fromkeys(rule for operation in operations for rule in rules(operation))
    return "\n".join(
        [
            f"    def {name}(self, **fields: Unpack[{fields}]) -> Created:",
            *docstring(paragraphs, 2),
            f"        return self._call({quoted(first.id)}, fields)",
        ]
    )


def rules(operation: Operation) -> Iterator[str]:
    """Yield the operation's rules, by canonical names."""
    for rule in (operation.request or {}).get("x-rules", ()):
        yield re.sub(r"[a-z_]+", lambda name: operation.canonical(name[0]), rule["expression"]) + "."


def served(operation: Operation) -> str:
    """Return the provider's title, and what keeps it from serving the operation."""
    says = operation.availability
    if says.state == "available":
        return operation.title
    return f"{operation.title} ({says.state}{f' on {says.observed}' if says.observed else ''})"


def docstring(paragraphs: Sequence[str], depth: int) -> list[str]:
    """Return a docstring: what it is, and a wrapped paragraph for each field."""
    indent = "    " * depth
    if len(paragraphs) == 1:
        return [f'{indent}"""{paragraphs[0]}"""']
    lines = [f"{indent}{_quotes(paragraphs)}{paragraphs[0]}", ""]
    for text in paragraphs[1:]:
        lines += textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ")
    return [*lines, f'{indent}"""']


def _quotes(paragraphs: Sequence[str]) -> str:
    return 'r"""' if "\\" in "".join(paragraphs) else '"""'


def namespace(name: str, methods: Sequence[str]) -> str:
    """Return the class of one group of calls."""
    head = [f"class {camel(name)}(Group[Created]):", f'    """The calls of `{name}`."""']
    return "\n".join(head) + "\n\n" + "\n\n".join(methods)


def calls(names: Sequence[str]) -> str:
    """Return the class that both clients are made of, with a property for each group of calls."""
    properties = [
        f'    @property\n    def {name}(self) -> {camel(name)}[Created]:\n        """The calls of `{name}`."""\n'
        f"        return {camel(name)}(self, {quoted(name)})"
        for name in names
    ]
    return "\n\n".join(['class Calls(AnyCalls[Created]):\n    """All groups of calls."""', *properties])


def camel(name: str) -> str:
    """Return `subject_image` as `SubjectImage`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def quoted(text: str) -> str:
    """Return a text as Python source, in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def grouped() -> Iterator[tuple[str, dict[str, list[Operation]]]]:
    """Yield each group of calls: its name, and the operations of every provider by the call's own name."""
    providers = sorted((load(name) for name in bundled()), key=lambda each: -len(each.operations))
    found: dict[str, dict[str, list[Operation]]] = {}
    for operation in (operation for provider in providers for operation in provider.operations.values()):
        if operation.kind == "create" and operation.call:
            group, _, name = operation.call.partition(".")
            found.setdefault(group, {}).setdefault(name, []).append(operation)
    yield from sorted(found.items())


def generate() -> str:
    """Return the source of models.py."""
    types = Types()
    groups = list(grouped())
    classes = [
        namespace(group, [method(name, operations, types) for name, operations in sorted(names.items())])
        for group, names in groups
    ]
    parts = [*types.bodies.values(), *classes, calls([group for group, _ in groups])]
    source = "".join(f"\n\n{part}\n" for part in parts)
    return HEAD + imports(source) + source


def imports(source: str) -> str:
    """Return the imports that the source needs, those of the standard library first."""
    lines = []
    for module, names in IMPORTS.items():
        used = [name for name in names if re.search(rf"\b{name}\b", source)]
        lines += [f"from {module} import {', '.join(used)}\n"] if used else []
    first = next(index for index, line in enumerate(lines) if "kling_contract" in line)
    return "".join([*lines[:first], "\n", *lines[first:]])


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is out of date")
    check = parser.parse_args().check
    source = generate()
    if check and (not TARGET.exists() or TARGET.read_text(encoding="utf-8") != source):
        print(f"{TARGET.relative_to(ROOT)} is out of date; run scripts/generate_models.py", file=sys.stderr)
        return 1
    if not check:
        TARGET.write_text(source, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
