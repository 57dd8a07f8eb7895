"""A listing's page shows the whole registration record that buyers decide by, and no more."""

from listings.catalogue.listed_record import render_record
from listings.schemas.listed_record import ListedRecordSchema

RECORD = {
    "industries": ["A"],
    "modalities": ["TABULAR"],
    "data_classes": ["PUBLIC"],
    "corpus": {"class": "GENERAL", "stages": []},
    "period": {"from": "2020-01-01"},
    "record_count": 28_298,
    "freshness_seconds": 3_600,
    "delivery_grade": "S2",
    "service_level": {"qps": 50, "latency_p95_ms": 200, "availability_bp": 9_990},
    "user_qualifications": ["LICENSED_BANK"],
    "derivation": {"kind": "SUBSTANTIAL", "text": "Merged.", "inputs": ["reg_1"]},
    "pi_categories": [
        {"category": "BASIC", "lawful_basis": "CONSENT", "is_sensitive": False}
    ],
    "anonymisation": {
        "method": "GENERALISATION", "k": 20, "reidentification_evidence": "secret paper"
    },
    "cross_border": {"mode": "NONE", "approval_number": "not everybody's"},
    "scenario_templates": [
        {"name": "n", "purpose": "RESEARCH", "fields": ["a"], "problem": "p", "solution": "s"}
    ],
    "statements": [
        {
            "kind": "COMMITMENT", "text_version": "1", "signer": "Zhang San",
            "signed_at": "2026-01-05T08:00:00.000000Z",
        }
    ],
    "responsible_persons": {"data_security_officer": {"name": "Zhang San", "contact": "x@y"}},
    "authorisation_chain": [{"grantor": "a partner"}],
    "valuation": {"amount": "1000000"},
}  # fmt: skip


def test_every_member_is_labelled_in_both_languages():
    shown = render_record(RECORD, "zh")
    assert shown["modalities"] == [{"code": "TABULAR", "label": shown["modalities"][0]["label"]}]
    assert shown["modalities"][0]["label"] != render_record(RECORD, "en")["modalities"][0]["label"]
    assert shown["derivation"]["inputs"] == ["reg_1"]
    assert shown["delivery_grade"]["code"] == "S2"
    dumped = ListedRecordSchema().dump(shown)
    assert dumped["service_level"]["availability_bp"] == 9_990
    assert dumped["scenario_templates"][0]["fields"] == ["a"]


def test_what_is_between_supplier_and_exchange_is_not_shown():
    text = str(render_record(RECORD, "en"))
    for secret in ("Zhang San", "a partner", "1000000", "secret paper", "not everybody's"):
        assert secret not in text


def test_what_a_version_lacks_is_not_shown_as_empty():
    assert render_record({"name": "n"}, "en") == {}
