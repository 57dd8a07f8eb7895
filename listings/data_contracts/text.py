"""Reads a data contract's text, YAML or JSON, from strangers: bounded, and nothing is executed.

YAML is read as its JSON-like core only: no tags, no anchors or aliases, no dates, no repeated
names; ``yes`` and ``on`` are text.
"""

import re
from typing import Any, NoReturn

import yaml
from typing_extensions import override

from app.core.json_text import JsonRefused, demand_storable, each_once, load_json, reason_of
from listings.data_contracts.errors import ContractUnreadable

BYTES_MAX = 256 * 1024
DEPTH_MAX = 20
NODES_MAX = 20_000


def read_contract_text(data: bytes) -> dict[str, Any]:
    """The one document in the text, an object; raises `ContractUnreadable`."""
    if len(data) > BYTES_MAX:
        _refuse(f"A contract has at most {BYTES_MAX // 1024} KiB.")
    document = _read_json(data) if data.lstrip()[:1] == b"{" else _read_yaml(data)
    try:
        demand_storable(document, levels=DEPTH_MAX)
    except JsonRefused as error:
        _refuse(reason_of(error))
    if not isinstance(document, dict):
        _refuse("A contract is an object with members.")
    return document


def _read_json(data: bytes) -> Any:
    try:
        return load_json(data, pairs=each_once)
    except ValueError as error:
        _refuse(reason_of(error) or "Not well-formed JSON.")


def _read_yaml(data: bytes) -> Any:
    try:
        return yaml.load(data.decode("utf-8"), Loader=_CoreLoader)  # noqa: S506 -- safe, and less
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"Line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or "not well-formed YAML in UTF-8"
        _refuse(f"{where}{what}.")


def _refuse(reason: str) -> NoReturn:
    raise ContractUnreadable(reason)


class _CoreLoader(yaml.SafeLoader):  # type: ignore[misc] # the package has no types
    """YAML's core schema without what can grow or surprise (YAML 1.2 section 10.3)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- as the parent has it

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._nodes = 0

    @override
    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if getattr(event, "anchor", None) is not None:
            self._stop("anchors and aliases are not read", event)
        if getattr(event, "tag", None) not in {None, "!"}:
            self._stop("tags are not read", event)
        self._nodes += 1
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self._stop(f"deeper than {DEPTH_MAX} levels", event)
        if self._nodes > NODES_MAX:
            self._stop(f"more than {NODES_MAX} values", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    @override
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(names)) != len(node.value):
            raise yaml.constructor.ConstructorError(
                None, None, "names are texts and stand once", node.start_mark
            )
        # Every name is text, also one that looks like a number.
        values = [self.construct_object(value, deep=True) for _, value in node.value]
        return dict(zip(names, values, strict=True))

    def _stop(self, why: str, event: Any) -> NoReturn:
        raise yaml.composer.ComposerError(None, None, why, event.start_mark)


_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"\A(?:~|null|)\Z"), ["~", "n", ""]
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"\A(?:true|false)\Z"), ["t", "f"]
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"\A-?(?:0|[1-9][0-9]{0,17})\Z"), list("-0123456789")
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"\A-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}\Z"),
    list("-0123456789"),
)
