"""Policy as data: files beside the code, each dated, owned and never edited once it decided."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def read_table(package: str, name: str) -> Mapping[str, Any]:
    """What a package's file says, read once."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    document: Mapping[str, Any] = json.loads(text)
    return document
