"""A command that is refused says so in a sentence; the traceback is for faults."""

import click
import pytest
from click.testing import CliRunner

from app.cli import told
from app.core.errors import InvalidFields


@click.command("work")
@click.argument("text")
def work(text):
    """Refuse, break, or do it."""
    if text == "unfit":
        raise InvalidFields([{"pointer": "#/text", "detail": "Not that one."}])
    if text == "broken":
        raise ZeroDivisionError
    click.echo(text)


@pytest.fixture(scope="module")
def command():
    return told(work)


def test_a_refusal_is_told_with_everything_that_is_wrong(command):
    result = CliRunner().invoke(command, ["unfit"])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.output.splitlines() == [
        "Error: 1 field(s) are not acceptable; see errors.",
        "  #/text: Not that one.",
    ]


def test_a_fault_keeps_its_traceback_and_success_its_words(command):
    assert isinstance(CliRunner().invoke(command, ["broken"]).exception, ZeroDivisionError)
    assert CliRunner().invoke(command, ["done"]).output == "done\n"
