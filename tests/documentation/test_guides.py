"""Every request of the guides runs, in the order of its number, and is answered as they say."""

import re

import pytest

from tests.documentation.blocks import (
    GUIDES,
    Block,
    MarkUnreadable,
    blocks_of,
    read_blocks,
    read_request,
)
from tests.documentation.exchange import GuidedExchange, GuideWrong

PLANTED = """Text.

<!-- run 7 expect 200 keep code=items.0.code save page.json=body -->
```http
GET /v1/vocabularies
Accept-Language: en
```
"""
_FENCED_AND_AFTER = re.compile(
    r"^<!-- (run [^\n]*?) -->\n```http\n.*?^```\n\n([^\n]*)$", re.MULTILINE | re.DOTALL
)


@pytest.fixture
def exchange(parts, clock, tmp_path, document):
    made = GuidedExchange(parts, clock, tmp_path, document)
    yield made
    made.close()


def every_block():
    blocks = [block for path in GUIDES for block in blocks_of(path)]
    return sorted(blocks, key=lambda block: block.number)


def test_the_exchange_answers_the_guides_as_they_say(exchange):
    blocks = every_block()
    for block in blocks:
        exchange.run(block)
    assert len(blocks) > 50
    assert not exchange.undescribed, "\n".join(exchange.undescribed)


def test_every_role_has_a_guide_with_requests():
    names = {path.stem for path in GUIDES if blocks_of(path)}
    assert names == {"auditor", "buyer", "requests", "reviewer", "supplier"}


def test_no_two_blocks_have_the_same_number():
    numbers = [block.number for block in every_block()]
    assert len(numbers) == len(set(numbers))


def test_every_creating_request_of_the_guides_shows_its_idempotency_key():
    """Except where repeating is harmless by itself, so that the route asks for none."""
    without = {
        read_request(block.text).path.split("?")[0]
        for block in every_block()
        if block.language == "http" and block.text.startswith("POST")
        if "Idempotency-Key" not in read_request(block.text).headers
        if block.slug != "idempotency-key-missing"
    }
    stored_nowhere = "quotes|plan-replays|evidence-bundles"
    once_by_itself = "sessions(/refresh)?|second-factor(/confirmation)?|access-resets/use"
    allowed = rf"/v1/({once_by_itself}|{stored_nowhere})"
    assert [path for path in sorted(without) if not re.fullmatch(allowed, path)] == []


def unseen_refusals(text):
    """Requests that are not answered with success, without a line below that tells the reader."""
    unseen = []
    for mark, after in _FENCED_AND_AFTER.findall(text):
        status = re.search(r"expect ([45]\d\d)", mark)
        slug = re.search(r"slug (\S+)", mark)
        link = rf" \[{slug[1]}\]\(\.\./problems\.md#{slug[1]}\)" if slug else ""
        if status and not re.match(rf"→ {status[1]}{link}", after):
            unseen.append(mark)
    return unseen


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_a_reader_sees_what_is_refused_and_as_what(path):
    assert unseen_refusals(path.read_text(encoding="utf-8")) == []


def test_a_refusal_that_only_the_mark_tells_is_noticed():
    request = "```http\nGET /v1/vocabularies\n```\n\n"
    told = f"<!-- run 1 expect 409 slug a-b -->\n{request}→ 409 [a-b](../problems.md#a-b)\n\n"
    untold = f"<!-- run 2 expect 409 slug a-b -->\n{request}→ 409\n\n"
    silent = f"<!-- run 3 expect 404 -->\n{request}Text.\n"
    marks = unseen_refusals(told + untold + silent)
    assert [mark.split()[1] for mark in marks] == ["2", "3"]


def test_a_mark_says_what_is_expected_kept_and_saved():
    (block,) = read_blocks(PLANTED, "planted.md")
    assert (block.number, block.expect, block.keep, block.save) == (
        7,
        200,
        {"code": "items.0.code"},
        {"page.json": "body"},
    )
    assert block.place == "planted.md:4"
    request = read_request(block.text)
    assert (request.method, request.path) == ("GET", "/v1/vocabularies")
    assert request.headers == {"Accept-Language": "en"}


@pytest.mark.parametrize("mark", ["", "<!-- run 7 -->\n", "<!-- run seven expect 200 -->\n"])
def test_a_block_without_a_readable_mark_is_noticed(mark):
    with pytest.raises(MarkUnreadable):
        read_blocks(f"{mark}```http\nGET /v1/vocabularies\n```\n", "planted.md")


def test_a_block_that_is_skipped_says_why():
    text = "<!-- skip: needs a chain node -->\n```sh\ncounterfoil-verify chain\n```\n"
    assert read_blocks(text, "planted.md") == []


@pytest.mark.parametrize(
    ("text", "expect", "slug"),
    [
        ("GET /v1/vocabularies", 404, ""),
        ("GET /v1/people/me", 401, "session-over"),
        ("GET /v1/people/{{nobody}}", 200, ""),
    ],
)
def test_a_guide_that_is_wrong_is_noticed(exchange, text, expect, slug):
    block = Block("planted.md:1", "http", f"{text}\n", 1, expect, slug=slug)
    with pytest.raises(GuideWrong, match=r"planted\.md:1"):
        exchange.run(block)
