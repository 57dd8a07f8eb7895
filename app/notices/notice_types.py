"""The kinds of notices that there are, each with its words in two languages and an example."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from app.notices.errors import UnknownNoticeTypes

PING = "webhook.ping"


@dataclass(frozen=True)
class NoticeType:
    """One kind of notice; ``example`` has every member that its data can have."""

    code: str
    en: str
    zh: str
    about_en: str
    about_zh: str
    example: dict[str, Any]


@cache
def notice_types() -> Mapping[str, NoticeType]:
    """Every kind by its code, in the order of the file."""
    text = resources.files("app.notices").joinpath("notice_types.json").read_text("utf-8")
    return {row["code"]: NoticeType(**row) for row in json.loads(text)}


def check_notice_types(chosen: Iterable[str]) -> list[str]:
    """The chosen kinds once each, in the file's order; raises `UnknownNoticeTypes`."""
    wanted = set(chosen)
    if unknown := wanted - set(notice_types()):
        raise UnknownNoticeTypes(sorted(unknown))
    return [code for code in notice_types() if code in wanted]
