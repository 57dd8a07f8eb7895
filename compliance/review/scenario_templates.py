"""Templates of declared uses, one for each purpose: dated data in two languages; pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import iso_instant
from compliance.dated_tables import read_table
from compliance.terms import purposes

PACKAGE = "compliance.rules"
FILE = "scenario_templates_1.json"
LANGUAGES = ("zh", "en")
REASON_MAX = 300
NEEDED_AS = {
    "en": "Needed as in the product's own template: {name}.",
    "zh": "按产品自身场景模板所需：{name}。",
}

Document = Mapping[str, Any]


def table() -> Document:
    """The templates in force, with version, owner and source."""
    return read_table(PACKAGE, FILE)


def find_template(template_id: str) -> Document | None:
    """The template of an id, if there is one."""
    return next((each for each in table()["templates"] if each["id"] == template_id), None)


def list_templates(
    *, purpose: str | None = None, granted: Iterable[str] | None = None
) -> list[Document]:
    """Templates at or below a purpose, and of those what the granted purposes permit."""
    found: list[Document] = list(table()["templates"])
    if purpose is not None:
        found = [each for each in found if purposes.within([each["purpose"]], [purpose])]
    if granted is not None:
        permitted = purposes.closure(granted)
        found = [each for each in found if each["purpose"] in permitted]
    return found


def made_for(offered: Iterable[Document], purpose: str) -> list[Document]:
    """Which of a product's own templates are uses at, below or above the purpose."""
    return [
        each
        for each in offered
        if purposes.within([each["purpose"]], [purpose])
        or purposes.within([purpose], [each["purpose"]])
    ]


def filled(
    template: Document, given: Document, *, offered: Iterable[Document], language: str
) -> dict[str, Any]:
    """A declared use: what the buyer gives, and the template where the buyer gives nothing.

    Fields come from the first of the product's own templates that fits the purpose, and the term
    from the template's days. What neither says is missing from the answer.
    """
    use = {
        name: _in_language(value, language)
        for name, value in template.items()
        if name not in {"id", "name", "term_days"}
    }
    use["purpose_text"] = use["solution"]
    own = next(iter(made_for(offered, str(given.get("purpose", template["purpose"])))), None)
    if own is not None:
        reason = NEEDED_AS[language].format(name=own["name"])[:REASON_MAX]
        use["fields"] = [{"name": name, "reason": reason} for name in own["fields"]]
    if given.get("starts_at") is not None:
        use["ends_at"] = _days_after(given["starts_at"], template["term_days"])
    return use | dict(given)


def _in_language(value: Any, language: str) -> Any:
    if isinstance(value, list):
        return [_in_language(each, language) for each in value]
    if isinstance(value, Mapping):
        return value[language]
    return value


def _days_after(starts_at: str, days: int) -> str:
    return iso_instant(datetime.fromisoformat(starts_at) + timedelta(days=days))
