"""The formats beside receipts, invoices and bundles: any bytes end in a named refusal."""

import base64
import contextlib
import io
import json
import tempfile
from pathlib import Path

import pytest
from counterfoil_verify.anchors import parse_anchors
from counterfoil_verify.chain import Chain
from counterfoil_verify.cli import main
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.fields import parse_instant
from counterfoil_verify.keys import named_key, parse_vkey
from counterfoil_verify.log.succession import check_opening, parse_links
from counterfoil_verify.signed_reports import sign_report
from counterfoil_verify.witness.cosigning import Witness
from counterfoil_verify.witness.requests import WitnessKey, write_add_checkpoint
from counterfoil_verify.witness.store import WitnessStore
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.test_verifier_hostile_input import json_values, mangled, replaced
from tests.unit.verifier.test_signed_requests import KEY, VKEY
from tests.vectors.exchange import Exchange

FOLDER = Path(__file__).parent.parent / "vectors"
VERDICTS = {1: "REJECTED at ", 3: "NOT CHECKED ("}
AUDITOR = named_key("auditor.example/reports", KEY)


def vectors(name):
    return json.loads((FOLDER / name).read_text(encoding="ascii"))


CREDITS = vectors("credits.json")
STATEMENTS = vectors("statements.json")
REQUESTS = vectors("signed_requests.json")
CHECKPOINTS = vectors("checkpoints.json")
QUALITY = vectors("quality.json")
ROWS = QUALITY["accepted"][0]
EVIDENCE = {
    "credit-note": (CREDITS["accepted"][0]["credit_note"].encode(), CREDITS["keys"]),
    "statement": (STATEMENTS["accepted"][0]["statement"].encode(), STATEMENTS["keys"]),
    "signed-request": (
        REQUESTS["accepted"][0]["signed_request"].encode(), REQUESTS["keys"],
        ("--receipt", REQUESTS["accepted"][0]["receipt"].encode()),
    ),
    "rows-reveal": (
        ROWS["rows"].encode(), QUALITY["keys"],
        *((f"--{name}", ROWS[name].encode())
          for name in ("report", "entry", "proof", "committed", "committed-proof")),
    ),
    "report": (
        sign_report(b"{}\n", name=AUDITOR.name, key=KEY), CREDITS["keys"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def desk():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def run(words):
    """Exit code and last line; whatever is not a verdict is a fault of the verifier."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main([str(word) for word in words])
    last = out.getvalue().strip().splitlines()[-1]
    assert "NOT CHECKED (verifier)" not in last
    return code, last


def lay_out(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(base64.b64decode(data))
    return folder


def check(desk, command, data):
    _, keys, *more = EVIDENCE[command]
    (desk / "evidence").write_bytes(data)
    (desk / "keys.json").write_text(json.dumps(keys), encoding="ascii")
    words = [command, desk / "evidence", "--keys", desk / "keys.json"]
    for option, content in more:
        (desk / f"beside{option}").write_bytes(content)
        words += [option, desk / f"beside{option}"]
    if command == "rows-reveal":
        words += ["--log", lay_out(desk / "log", ROWS["log"])]
    if command == "report":
        (desk / "report.json").write_bytes(b"{}\n")
        words = ["report", desk / "report.json", "--signature", desk / "evidence"]
        words += ["--auditor", AUDITOR.text]
    return run(words)


COMMANDS = sorted(EVIDENCE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_evidence_itself_is_accepted(desk, command):
    assert check(desk, command, EVIDENCE[command][0]) == (0, "verified")


@pytest.mark.parametrize("command", COMMANDS)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_rejected(desk, command, data):
    code, last = check(desk, command, data)
    assert (code, last[:12]) == (1, "REJECTED at ")


@pytest.mark.parametrize("command", COMMANDS)
@given(data=st.data())
def test_mangled_evidence_is_rejected(desk, command, data):
    whole = EVIDENCE[command][0]
    changed = data.draw(mangled(whole).filter(lambda each: _value(each) != _value(whole)))
    code, last = check(desk, command, changed)
    assert (code, last[:12]) == (1, "REJECTED at ")


@pytest.mark.parametrize("command", COMMANDS)
@given(data=st.data())
def test_evidence_with_another_member_is_rejected(desk, command, data):
    whole = EVIDENCE[command][0]
    changed = data.draw(replaced(whole).filter(lambda each: _value(each) != _value(whole)))
    code, last = check(desk, command, changed)
    assert (code, last[:12]) == (1, "REJECTED at ")


def _value(data):
    """What JSON says, however it is spelled; such files may be spelled again."""
    try:
        return json.loads(data)
    except ValueError:
        return data


@given(first=st.binary(max_size=200) | json_values.map(json.dumps).map(str.encode))
def test_any_bytes_contradict_nothing(desk, first):
    for name, data in (("first", first), ("second", CHECKPOINTS["accepted"][0]["note"].encode())):
        (desk / name).write_bytes(data)
    (desk / "keys.json").write_text(json.dumps(CHECKPOINTS["keys"]), encoding="ascii")
    words = ["contradiction", desk / "first", desk / "second", "--keys", desk / "keys.json"]
    assert run(words)[0] == 1


@given(data=st.binary(max_size=200) | json_values.map(json.dumps).map(str.encode))
def test_any_bytes_are_no_key_file_no_acknowledgement_no_receipt_of_a_vault(desk, data):
    (desk / "any").write_bytes(data)
    key = ["--key", VKEY.text]
    assert run(["acknowledgement", desk / "any", *key])[0] == 1
    assert run(["vault-take", desk / "vault", desk / "any", *key])[0] == 1
    with contextlib.suppress(ValueError):
        if isinstance(json.loads(data), dict) and not json.loads(data):
            return
    assert run(["acknowledgement", desk / "any", "--keys", desk / "any"])[0] == 1


@given(text=st.text(max_size=80) | st.from_regex(r"[^\s+]{1,9}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"))
def test_any_text_is_no_key(text):
    with contextlib.suppress(Rejected):
        assert parse_vkey(text).text == text


@given(text=st.text(max_size=40) | st.from_regex(r"[0-9]{4}(-[0-9]{2}){2}T[0-9:.]{8,15}Z"))
def test_any_text_is_a_time_or_rejected_by_name(text):
    with contextlib.suppress(Rejected):
        assert isinstance(parse_instant(text, "step", "at"), int)


@given(data=st.binary(max_size=200) | json_values.map(json.dumps).map(str.encode))
def test_any_bytes_are_no_anchors_no_links_and_no_opening(data):
    for read in (parse_anchors, parse_links, lambda each: check_opening(each, _no_note)):
        with contextlib.suppress(Rejected):
            assert read(data) in ([], ())


def _no_note(_):
    raise Rejected("checkpoint", "no note is opened here")


@given(data=mangled(write_add_checkpoint(0, [], Exchange().checkpoint())))
def test_any_request_to_a_witness_has_an_answer(data):
    exchange = Exchange()
    with tempfile.TemporaryDirectory() as name:
        WitnessStore.create(Path(name) / "state")
        with contextlib.closing(WitnessStore(Path(name) / "state")) as store:
            log = parse_vkey(exchange.checkpoints.vkey)
            witness = Witness(WitnessKey("w", KEY), store, [log], now=lambda: 1.0)
            answer = witness.add_checkpoint(data)
    assert answer.status in {200, 400, 403, 404, 409, 422}


class Lying(Chain):
    """A node that says the same to every question."""

    def __init__(self, result):
        super().__init__("http://node.example")
        self._result = result

    def ask(self, *_question):
        return self._result


HEXADECIMAL = st.from_regex(r"0x[0-9a-f]{0,140}", fullmatch=True)
RECEIPTS = st.fixed_dictionaries(
    {"status": json_values, "logs": json_values, "blockNumber": json_values}
)
LOGS = st.lists(
    st.fixed_dictionaries({"address": st.just("0x" + "ab" * 20), "topics": json_values})
)


@given(result=json_values | HEXADECIMAL | RECEIPTS | LOGS)
def test_whatever_a_node_answers_is_an_answer_or_not_checked(result):
    contract, chain = "0x" + "ab" * 20, Lying(result)
    for ask in (
        chain.chain_id,
        lambda: chain.head(contract),
        lambda: chain.anchored(contract, 7),
        lambda: chain.mined("0x" + "cd" * 32, contract),
    ):
        with contextlib.suppress(NotChecked):
            ask()
