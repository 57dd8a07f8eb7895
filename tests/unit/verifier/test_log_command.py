"""`log`: the whole log from its address, a folder or an export."""

import json
from collections import Counter
from contextlib import closing

import pytest
from counterfoil_verify.errors import NotChecked
from counterfoil_verify.log.sources import SiteSource
from counterfoil_verify.transport import Site

from tests.unit.verifier.servers import TOKEN, log_site, speaking
from tests.vectors.exchange import Exchange

AUDIT = ["checkpoint", "entries", "tiles", "lanes", "revocations", "root", "succession", "keys"]


@pytest.fixture
def long_exchange():
    """More than two entry bundles, so that full and partial tiles of two levels occur."""
    exchange = Exchange()
    exchange.open_shard()
    lane = exchange.open_lane("lic_a")
    for _ in range(519):
        exchange.call(lane)
    return exchange


def test_a_folder_is_audited(desk, exchange):
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert outcome.code == 0
    assert outcome.passed_steps == AUDIT
    assert outcome.report["facts"]["types"]["call"] == 8
    assert outcome.report["counts"] == {"leaves": 14}


def test_types_that_a_line_has_no_room_for_are_counted_not_hidden(desk, exchange):
    for number in range(20):
        exchange.append(f"type_{number}")
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    types = outcome.report["facts"]["types"]
    assert len(types) > 20
    assert f"and {len(types) - 12} types more, which --json names" in outcome.output


def test_types_that_the_verifier_does_not_know_are_named_not_rejected(desk, exchange):
    exchange.append("moon_phase", phase="full")
    exchange.append("consent_batch", batch="con_1", root_hash="0" * 64, granted_count=1)
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert outcome.code == 0
    assert outcome.report["facts"]["unknown_types"] == ["moon_phase"]
    assert outcome.report["facts"]["incomplete"]["consent_batch"] == 1
    assert "of types unknown to this verifier: 1 moon_phase" in outcome.output


def test_an_address_is_audited_with_the_auditors_token(desk, long_exchange):
    with log_site(long_exchange.export()) as address:
        outcome = desk.run("log", f"{address}/log", "--token", TOKEN)
    assert (outcome.code, outcome.passed_steps) == (0, AUDIT)
    assert "521" in outcome.output


def test_the_token_may_come_from_a_file(desk, exchange):
    token = desk.put("token", f"{TOKEN}\n".encode())
    with log_site(exchange.export()) as address:
        outcome = desk.run("log", f"{address}/log", "--token-file", token)
    assert outcome.code == 0


def test_the_token_may_come_from_the_environment(desk, exchange, monkeypatch):
    monkeypatch.setenv("COUNTERFOIL_TOKEN", TOKEN)
    with log_site(exchange.export()) as address:
        assert desk.run("log", f"{address}/log").code == 0


def test_the_exchanges_address_leads_to_its_log(desk, exchange):
    with log_site(exchange.export()) as address:
        assert desk.run("log", address, "--token", TOKEN).code == 0


def test_without_keys_the_logs_own_are_taken_and_that_is_said(desk, exchange):
    served = {"origin": exchange.origin, **json.loads(exchange.keys)}
    files = {**exchange.export(), "keys": json.dumps(served, indent=1).encode()}
    with log_site(files) as address:
        outcome = desk.run("log", f"{address}/log", "--token", TOKEN, keys=False)
        assert outcome.code == 0
        assert "the log itself: compare these fingerprints" in outcome.output
        given = ("--keys", f"{address}/log/keys", "--token", TOKEN)
        assert desk.run("log", f"{address}/log", *given, keys=False).code == 0


def test_a_log_without_keys_anywhere_is_not_checked(desk, exchange):
    assert desk.run("log", desk.lay_out(exchange.export()), keys=False).code == 3
    with log_site(exchange.export()) as address:
        outcome = desk.run("log", address, "--keys", f"{address}/log/keys", keys=False)
        assert outcome.code == 3


def test_without_the_token_nothing_is_said_of_the_log(desk, exchange):
    with log_site(exchange.export()) as address:
        outcome = desk.run("log", f"{address}/log")
    assert outcome.code == 3
    assert "403" in outcome.output


def test_compressed_answers_are_read(desk, exchange):
    with log_site(exchange.export(), is_gzipped=True) as address:
        assert desk.run("log", f"{address}/log", "--token", TOKEN).code == 0


def patient(address):
    """The log's files, with pauses that take no time."""
    return closing(SiteSource(Site(f"{address}/log"), pause=lambda _: None))


def test_a_busy_server_is_asked_again(desk, exchange):
    asked = Counter()
    with log_site(exchange.export(), asked, busy=3) as address, patient(address) as source:
        assert source.read("checkpoint", 1000) == exchange.checkpoint()
    assert asked["all"] == 4


def test_a_server_that_stays_busy_is_given_up(exchange):
    site = log_site({}, busy=1000)
    with site as address, patient(address) as source, pytest.raises(NotChecked):
        source.read("checkpoint", 1000)


def test_an_export_bundle_is_audited(desk, exchange):
    files = {"checkpoint.txt": exchange.checkpoint(), "keys.json": exchange.keys}
    for name, data in exchange.export().items():
        if name.startswith("tile/"):
            files[name.replace("tile/entries/", "entries/")] = data
    export = desk.put("log.zip", exchange.bundle(files))
    assert desk.run("log", export).code == 0
    assert desk.run("bundle", export).code == 0


def test_a_missing_entry_bundle_is_rejected(desk, long_exchange):
    files = long_exchange.export()
    del files["tile/entries/001"]
    outcome = desk.run("log", desk.lay_out(files))
    assert (outcome.code, outcome.step) == (1, "entries")


def test_a_full_bundle_serves_where_the_partial_one_is_gone(desk, long_exchange):
    """C2SP tlog-tiles: a partial tile may be deleted once the full one exists."""
    files = long_exchange.export(size=300)
    complete = long_exchange.export()
    for folder in ("tile/entries", "tile/0"):
        del files[f"{folder}/001.p/44"]
        files[f"{folder}/001"] = complete[f"{folder}/001"]
    assert desk.run("log", desk.lay_out(files)).code == 0


def test_a_tile_that_differs_from_the_entries_is_rejected(desk, exchange):
    files = exchange.export()
    files["tile/0/000.p/14"] = bytes(14 * 32)
    outcome = desk.run("log", desk.lay_out(files))
    assert (outcome.code, outcome.step) == (1, "tiles")
    assert desk.run("log", desk.folder / "log", "--without-tiles").code == 0


def test_entries_swapped_with_their_tiles_do_not_reach_the_signed_root(desk):
    honest, forged = Exchange(), Exchange()
    honest.append("listed", listing="airports")
    forged.append("listed", listing="harbours")
    files = {**forged.export(), "checkpoint": honest.checkpoint()}
    outcome = desk.run("log", desk.lay_out(files))
    assert (outcome.code, outcome.step) == (1, "root")


def test_a_log_extends_the_checkpoint_seen_before(desk, exchange):
    seen = desk.put("seen", exchange.checkpoint(6))
    assert desk.run("log", desk.lay_out(exchange.export()), "--since", seen).code == 0


def test_a_log_that_forked_since_is_rejected(desk, exchange):
    forked = Exchange()
    for _ in range(6):
        forked.append("listed", listing="another history")
    seen = desk.put("seen", forked.checkpoint())
    outcome = desk.run("log", desk.lay_out(exchange.export()), "--since", seen)
    assert (outcome.code, outcome.step) == (1, "root")


def test_a_log_that_was_rolled_back_is_rejected(desk, exchange):
    seen = desk.put("seen", exchange.checkpoint())
    outcome = desk.run("log", desk.lay_out(exchange.export(size=6)), "--since", seen)
    assert outcome.code == 1
    assert "smaller" in outcome.output


def test_no_clock_excuses_a_call_behind_a_revocation(desk):
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    exchange.append("licence_revoked", licence="lic_a")
    exchange.tick(-1)
    exchange.call(lane)
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert (outcome.code, outcome.step) == (1, "revocations")


def test_a_lane_opened_after_a_revocation_serves_no_call(desk):
    exchange = Exchange()
    exchange.append("licence_revoked", licence="lic_a")
    exchange.tick(5)
    exchange.call(exchange.open_lane("lic_a"))
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert (outcome.code, outcome.step) == (1, "revocations")


def test_an_empty_log_is_audited(desk):
    assert desk.run("log", desk.lay_out(Exchange().export())).code == 0


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, b"", {}),
        (302, b"", {"Location": "http://127.0.0.1:1/"}),
        (200, b"x" * 70_000, {}),
        (200, b"no gzip", {"Content_Encoding": "gzip"}),
        (200, b"x", {"Content_Encoding": "br"}),
    ],
)
def test_a_server_that_misbehaves_ends_in_not_checked(desk, status, body, headers):
    with speaking(status, body, **headers) as address:
        assert desk.run("log", f"{address}/log").code == 3


def test_a_server_that_answers_nonsense_is_rejected(desk):
    with speaking(200, b"nonsense") as address:
        outcome = desk.run("log", f"{address}/log")
    assert (outcome.code, outcome.step) == (1, "checkpoint")


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/log", "http://[", "nowhere", "https://"])
def test_a_place_out_of_reach_ends_in_not_checked(desk, place):
    assert desk.run("log", place).code == 3
