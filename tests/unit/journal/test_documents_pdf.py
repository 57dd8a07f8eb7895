"""Documents as PDF: the same bytes every time, readable in both languages."""

import re
import shutil
import subprocess
import zlib
from base64 import a85decode

import pytest

from ledger.journal.printing.pdf import render_pdf, signed_for_print
from ledger.journal.printing.sheets import NotPrintable, amount_text, sheet_of, time_text

INVOICE = {
    "format": "counterfoil-invoice/2",
    "invoice_id": "inv_01kq3v7x8n5t2m9r4w6y0z1abc",
    "licence": "lic_01kq3v7x8n5t2m9r4w6y0z1xyz",
    "currency": "CNY",
    "period": {"from": "2026-10-31T16:00:00.000000Z", "until": "2026-11-30T16:00:00.000000Z"},
    "lanes": [
        {"lane": 1, "opening_n": 0, "closing_n": 7, "units": 7, "amount": "280000000"},
        {
            "lane": 2,
            "opening_n": 1,
            "closing_n": 3,
            "units": 1200,
            "amount": "123456789000",
            "carried": 1,
        },
    ],
    "lines": [
        {"kind": "period_fee", "period": "3", "amount": "2000000000"},
        {"kind": "true_up", "period": "2", "amount": "-100000000"},
        {"kind": "package", "order_id": "ord_01kq3v7x8n5t2m9r4w6y0z1abc", "amount": "1"},
    ],
    "credits": [{"credit": "crd_1", "amount": "120000000"}],
    "units": 1207,
    "usage_amount": "123736789000",
    "charged_amount": "123737000000",
    "rounding_amount": "211000",
    "total_amount": "125637000000",
    "tax": {"is_included": True, "share_bp": 650, "amount": "1", "rounded_amount": "8166000000"},
    "issued_at": "2026-11-30T18:00:00.000000Z",
}
NOTE = {
    "format": "counterfoil-credit-note/1",
    "credit": "crd_01kq3v7x8n5t2m9r4w6y0z1abc",
    "licence": "lic_1",
    "n": 2,
    "currency": "CNY",
    "reason": "UPSTREAM_WRONG",
    "amount": "120000000",
    "total_amount": "240000000",
    "lines": [{"kind": "call", "reference": "1/17", "amount": "120000000"}],
    "given_at": "2026-11-30T18:00:00.000000Z",
}
STATEMENT = {
    "format": "counterfoil-supplier-statement/1",
    "settlement": "stl_01kq3v7x8n5t2m9r4w6y0z1abc",
    "supplier": "org_1",
    "currency": "CNY",
    "n": 4,
    "period": INVOICE["period"],
    "opening_amount": "0",
    "rows": [{"subject": "lic_1", "listing": None, "amount": "300000000"}],
    "period_amount": "300000000",
    "settled_amount": "300000000",
    "carried_amount": "0",
    "settled_at": "2026-11-30T18:00:00.000000Z",
}
BILL = {
    "format": "counterfoil-credit-bill/1",
    "bill_id": "cbl_01kq3v7x8n5t2m9r4w6y0z1abc",
    "organisation": "org_1",
    "currency": "CNY",
    "month": "2026-11",
    "period": INVOICE["period"],
    "invoices": [{"invoice_id": "inv_1", "invoice_hash": "ab" * 32, "total_amount": "1000000"}],
    "balance_amount": "-1000000",
    "open_before_amount": "0",
    "total_amount": "1000000",
    "due_at": "2026-12-15T18:00:00.000000Z",
    "issued_at": "2026-11-30T18:00:00.000000Z",
}
DOCUMENTS = [INVOICE, NOTE, STATEMENT, BILL]


def page_text(pdf):
    """The drawing instructions, decompressed; enough to find what was drawn in Latin fonts."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    return b"".join(
        zlib.decompress(a85decode(b"<~" + stream.strip(), adobe=True)) for stream in streams
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: sheet_of(document).title.en)
def test_the_same_document_gives_the_same_bytes(document):
    first = render_pdf(document)
    assert first == render_pdf(dict(document))
    assert first.startswith(b"%PDF-1.")
    assert b"STSong-Light" in first
    assert sheet_of(document).digest.encode() in page_text(first)
    changed = {**document, "currency": "USD"}
    assert render_pdf(changed) != first


def test_every_amount_and_the_signature_stand_on_the_page():
    signed = signed_for_print(
        INVOICE, key_name="exchange.example/log/2026/statements", signature="c2ln"
    )
    drawn = page_text(render_pdf(signed))
    for words in (
        b"1,234.56789",
        b"1,256.37",
        b"-1.00",
        b"0.00000001",
        b"c2ln",
        b"n 1",
        b"Invoice",
    ):
        assert words in drawn, words


@pytest.mark.parametrize(("labels", "zh", "en"), [("zh", True, False), ("en", False, True)])
def test_one_language_may_be_asked_for(labels, zh, en):
    pdf = render_pdf(NOTE, labels=labels)
    drawn = page_text(pdf)
    assert (b"Credit note" in drawn) is en
    assert ("贷项通知".encode("utf-16-be") in _unescaped(drawn)) is zh


def _unescaped(drawn):
    """PDF strings with their octal escapes resolved."""
    octal = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), drawn)
    return re.sub(rb"\\(.)", rb"\1", octal)


def test_chinese_and_english_are_read_back_from_the_pages(tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not on this machine; the bytes are asserted without it")
    long = {**INVOICE, "lines": INVOICE["lines"] * 40}
    path = tmp_path / "invoice.pdf"
    path.write_bytes(render_pdf(long))
    read = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    text = read.stdout.decode()
    assert text.count("\f") >= 3, "a long invoice goes on over the page"
    for words in (
        "账单",
        "周期订阅费",
        "如何验证",
        "Period fee",
        "CNY 1,256.37",
        "(6.5%)",
    ):
        assert words in text, words
    assert re.search(r"1 ?/ ?5", text)
    assert text.count("说明") >= 3, "the head of the table stands on every page"


@pytest.mark.parametrize(
    ("units", "text"),
    [
        ("0", "0.00"),
        ("1", "0.00000001"),
        ("-123456789000000", "-1,234,567.89"),
        ("40000", "0.0004"),
    ],
)
def test_amounts_show_what_they_have_and_at_least_two_places(units, text):
    assert amount_text(units) == text


def test_times_are_the_exchange_s_place():
    assert time_text("2026-11-30T16:00:00.000000Z") == "2026-12-01 00:00:00 +08:00"


def test_what_is_no_document_is_not_printed():
    with pytest.raises(NotPrintable):
        render_pdf({"format": "something else"})
