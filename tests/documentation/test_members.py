"""Every member of the API's document says what it means, and nothing is said of what is none."""

import itertools
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from marshmallow.fields import Field, List

from app.core.paging import LIMIT_MAX
from app.web import members
from app.web.documentation import AddressSchema
from app.web.paging import PageQuerySchema
from app.web.schemas import Schema
from metering.schemas import EntitlementDetailSchema, EntitlementSchema, PeriodSchema, PoolSchema
from tests.architecture.rules import ROOT

SENTENCE = re.compile(r"[A-Z0-9`].*[.…]", re.DOTALL)
ROOMS = ("app", "compliance", "ledger", "listings", "metering")


def shapes() -> Iterator[type[Schema]]:
    """Every schema that the application has, those made at run time too."""
    waiting = [Schema]
    while waiting:
        found = waiting.pop().__subclasses__()
        waiting += found
        yield from (each for each in found if each.__module__.startswith(ROOMS))


def named(shape: type[Schema]) -> set[str]:
    return {field.data_key or name for name, field in shape().fields.items()}


def test_every_member_says_what_it_means(document):
    silent = [
        f"{name}.{member}"
        for name, shape in document["components"]["schemas"].items()
        for member, said in shape.get("properties", {}).items()
        if not said.get("description")
    ]
    assert silent == []


def test_what_a_member_means_is_said_in_one_place():
    """Beside the shapes, where all of it is read and worded together."""
    fields = {f"{shape.__name__}.{name}": it for shape in shapes() for name, it in all_of(shape)}
    assert [name for name, field in fields.items() if "description" in field.metadata] == []


def all_of(shape: type[Schema]) -> Iterator[tuple[str, Field[Any]]]:
    """A shape's fields and what they hold."""
    for name, field in shape().fields.items():
        yield name, field
        if isinstance(field, List):
            yield f"{name}[]", field.inner


def test_every_meaning_is_a_sentence(document):
    """It begins and ends as one; what it speaks of first may be a name of code."""
    shapes = document["components"]["schemas"].items()
    said = {
        f"{name}.{member}": each.get("description", "")
        for name, shape in shapes
        for member, each in shape.get("properties", {}).items()
    }
    assert {at: text for at, text in said.items() if not SENTENCE.fullmatch(text)} == {}


def test_every_shape_says_what_it_is(document):
    silent = [
        name
        for name, shape in document["components"]["schemas"].items()
        if not shape.get("description")
    ]
    assert silent == []


def test_every_parameter_says_what_it_means(document):
    silent = {
        f"{path} {part['name']}"
        for path, item in document["paths"].items()
        for described in item.values()
        for part in (described if isinstance(described, list) else described.get("parameters", []))
        if "$ref" not in part and not part.get("description")
    }
    assert silent == set()


def test_a_pages_size_is_told_alike_of_every_list(document):
    """A room with a `limit` of its own, such as a credit's, would else speak of that one."""
    told = {
        part.get("description")
        for item in document["paths"].values()
        for described in item.values()
        for part in (described if isinstance(described, list) else described.get("parameters", []))
        if part.get("name") == "limit" and part["schema"].get("maximum") == LIMIT_MAX
    }
    assert told == {members.meaning(PageQuerySchema, "limit")}


def test_nothing_is_said_of_what_is_no_member(app, document):
    """A word whose member was renamed or taken away would wait to be wrong about another."""
    addresses = {
        part["name"] for item in document["paths"].values() for part in item.get("parameters", [])
    }
    pairs = [(shape, name) for shape in shapes() for name in named(shape)]
    pairs += [(AddressSchema, name) for name in addresses]
    used = {(*place, name) for shape, name in pairs if (place := members.place_of(shape, name))}
    unused = [
        f"{file.parent.relative_to(ROOT)}: {shape or ''}.{name}"
        for room in ROOMS
        for file in (ROOT / room).rglob(members.FILE)
        for shape, name in words_of(file)
        if (file.parent, shape, name) not in used
    ]
    assert unused == []


def words_of(file):
    for name, said in tomllib.loads(file.read_text(encoding="utf-8")).items():
        if isinstance(said, str):
            yield None, name
        else:
            yield from zip(itertools.repeat(name), said, strict=False)


def test_what_a_room_says_goes_before_what_is_said_to_all():
    said = members.meaning(PeriodSchema, "period"), members.meaning(EntitlementSchema, "currency")
    assert said[0] == "Number of the period within the licence, from 1."
    assert said[1] == members.meaning(Schema, "currency")


def test_what_a_shape_says_goes_before_its_room_and_down_to_those_made_of_it():
    own = members.meaning(EntitlementSchema, "ends_at")
    assert own == members.meaning(EntitlementDetailSchema, "ends_at")
    assert own != members.meaning(PageQuerySchema, "ends_at")
    assert members.meaning(PoolSchema, "unit_price") != members.meaning(
        EntitlementSchema, "unit_price"
    )


def test_an_amount_says_how_it_is_written(document):
    shape = document["components"]["schemas"]["Cap"]["properties"]["remaining_amount"]
    assert (
        shape["description"]
        == "`cap_amount` less spent and leased. Decimal text with eight places."
    )
