"""A body that is not accepted is told why, and in which member."""

import pytest
from flask import Flask, jsonify
from marshmallow import ValidationError, fields, validate

from app.core.errors import InvalidFields
from app.web import problems
from app.web.blueprints import MalformedBody, StrictParser, pointers
from app.web.schemas import ByName, Schema, Text


class NamedSchema(Schema):
    """One text."""

    name = Text(required=True)


def read(body):
    request = Flask("read").test_request_context(
        method="POST", data=body, content_type="application/json"
    )
    with request:
        return StrictParser().parse(NamedSchema(), location="json")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"name":\n "a" "b"}', "Line 2, column 6: Expecting ',' delimiter."),
        (b'{"name": "\xff"}', "Byte 11 is not UTF-8."),
        (b'{"name": "a", "name": "b"}', "An object has two members of one name."),
        (b'{"name": {"a": 1, "a": 2}}', "An object has two members of one name."),
        (b'{"name": NaN}', "NaN and Infinity are no JSON."),
        (b"[" * 40 + b"]" * 40, "It is nested more than 32 deep."),
        (b"[" * 101 + b"]" * 101, "It is nested too deep."),
        (b'{"name": "\\u0000"}', "A text of it holds NUL or a lone surrogate."),
        (b'{"name": "\\ud800"}', "A text of it holds NUL or a lone surrogate."),
        (b'{"name": ' + b"9" * 5000 + b"}", ""),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why_and_nothing_of_it(body, reason):
    with pytest.raises(MalformedBody) as refused:
        read(body)
    assert refused.value.detail == f"Send one JSON document in UTF-8. {reason}".rstrip()


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"'])
def test_what_is_wrong_with_the_whole_document_points_at_the_whole_document(body):
    with pytest.raises(InvalidFields) as refused:
        read(body)
    assert [each["pointer"] for each in refused.value.facts["errors"]] == ["#"]


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x7f", "\u202e", "\u2066"])
def test_a_text_that_would_be_shown_otherwise_than_it_was_approved_is_refused(character):
    with pytest.raises(InvalidFields) as refused:
        read(
            f'{{"name": "Acme{character.encode("unicode_escape").decode()}"}}'.replace(
                "\\x", "\\u00"
            )
        )
    (error,) = refused.value.facts["errors"]
    assert (error["pointer"], "direction" in error["detail"]) == ("#/name", True)


def test_lines_marks_and_the_scripts_of_the_world_are_accepted():
    text = "上海\n数据\té\u0301 \u0645\u0631\u062d\u0628\u0627 \u200d🛫"
    assert read(f'{{"name": "{text}"}}'.replace("\n", "\\n").replace("\t", "\\t").encode()) == {
        "name": text
    }


class AnsweredSchema(Schema):
    """Answers by the name of their question."""

    answers = ByName(
        keys=fields.String(validate=validate.Length(max=3)),
        values=fields.String(validate=validate.OneOf(["yes", "no"])),
    )


def test_what_is_wrong_with_a_member_is_said_at_the_member():
    with pytest.raises(ValidationError) as refused:
        AnsweredSchema().load({"answers": {"a": "NO", "b": "no", "long/er": "yes"}})
    named = {each["pointer"] for each in pointers(refused.value.messages)}
    assert named == {"#/answers/a", "#/answers/long~1er"}
    with pytest.raises(ValidationError) as refused:
        AnsweredSchema().load({"answers": []})
    assert [each["pointer"] for each in pointers(refused.value.messages)] == ["#/answers"]


@pytest.fixture
def client():
    app = Flask("bodies")
    app.config.update(MAX_CONTENT_LENGTH=64, PROPAGATE_EXCEPTIONS=False)
    problems.register(app)

    @app.post("/")
    def post():
        return jsonify(StrictParser().parse(NamedSchema(), location="json"))

    return app.test_client()


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"x" * 65, "application/json", (413, "At most 64 bytes are read.")),
        (b"name=a", "text/plain", (415, "Send the body as application/json.")),
    ],
)
def test_too_much_and_another_type_are_told_what_is_read(client, body, content_type, expected):
    answer = client.post("/", data=body, content_type=content_type)
    assert (answer.status_code, answer.json["detail"]) == expected
