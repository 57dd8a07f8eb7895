"""Signed documents as sheets to print: titles, facts, rows and totals in Chinese and English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.canonical import digest_hex
from app.core.exchange_calendar import SHANGHAI
from app.core.money import SCALE


class NotPrintable(ValueError):
    """The value is none of the documents that have a printed form."""


@dataclass(frozen=True)
class Label:
    """The same words in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Sheet:
    """What stands on the pages, before any font: rows are text, the last column an amount."""

    title: Label
    number: str
    facts: Sequence[tuple[Label, str]]
    columns: Sequence[Label]
    rows: Sequence[Sequence[Label | str]]
    totals: Sequence[tuple[Label, str]]
    total: tuple[Label, str]
    checks: Sequence[Label]
    digest: str


def sheet_of(document: Mapping[str, Any]) -> Sheet:
    """The sheet of an invoice, a credit note, a supplier statement or a credit line's bill.

    Raises `NotPrintable`.
    """
    if "invoice_id" in document and "lanes" in document:
        return _invoice(document)
    makers = {
        "counterfoil-credit-note/1": _credit_note,
        "counterfoil-supplier-statement/1": _statement,
        "counterfoil-credit-bill/1": _credit_bill,
    }
    maker = makers.get(str(document.get("format")))
    if maker is None:
        raise NotPrintable
    return maker(document)


def amount_text(units: int | str) -> str:
    """Grouped, at least two places, no more than the amount needs: ``1,234.50``, ``0.0004``."""
    value = int(units)
    whole, fraction = divmod(abs(value), SCALE)
    places = f"{fraction:08d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{whole:,}.{places}"


def time_text(instant: str) -> str:
    """A document's UTC instant as the exchange's place reads it."""
    local = datetime.fromisoformat(instant).astimezone(SHANGHAI)
    return local.strftime("%Y-%m-%d %H:%M:%S +08:00")


def _period(document: Mapping[str, Any]) -> str:
    period = document["period"]
    return f"{time_text(period['from'])} – {time_text(period['until'])}"


_LICENCE = Label("许可", "Licence")
_PERIOD = Label("账期", "Period")
_CURRENCY = Label("币种", "Currency")
_ISSUED = Label("开具时间", "Issued")
_ITEM = Label("项目", "Item")
_DETAIL = Label("说明", "Detail")
_UNITS = Label("数量", "Units")
_AMOUNT = Label("金额", "Amount")

LINE_KINDS: Mapping[str, Label] = {
    "package": Label("资源包", "Package"),
    "yearly_package": Label("年度数据包", "Yearly package"),
    "refund": Label("未履约退款", "Refund of unearned rest"),
    "period_fee": Label("周期订阅费", "Period fee"),
    "minimum_commitment": Label("最低承诺补足", "Minimum commitment"),
    "true_up": Label("阶梯结算退差", "True-up"),
    "reversal": Label("冲销", "Reversal"),
}


def _invoice(document: Mapping[str, Any]) -> Sheet:
    rows: list[Sequence[Label | str]] = [_lane_row(line) for line in document["lanes"]]
    rows += [_charge_row(line) for line in document["lines"]]
    totals = [
        (Label("用量小计（精确）", "Usage, exact"), amount_text(document["usage_amount"])),
        (Label("用量进位", "Rounding of usage"), amount_text(document["rounding_amount"])),
    ]
    for credit in document.get("credits", ()):
        label = Label("另开贷项通知", f"Separately credited by {credit['credit']}")
        totals.append((label, amount_text(credit["amount"])))
    if "tax" in document:
        share = f"{document['tax']['share_bp'] / 100:g}%"
        label = Label(f"其中含税（{share}）", f"Tax included ({share})")
        totals.append((label, amount_text(document["tax"]["rounded_amount"])))
    return Sheet(
        title=Label("账单", "Invoice"),
        number=document["invoice_id"],
        facts=(
            (_LICENCE, document["licence"]),
            (_PERIOD, _period(document)),
            (_CURRENCY, document["currency"]),
            (_ISSUED, time_text(document["issued_at"])),
        ),
        columns=(_ITEM, _DETAIL, _UNITS, _AMOUNT),
        rows=rows,
        totals=totals,
        total=(Label("应计合计", "Total"), _total(document, "total_amount")),
        checks=_how_to_check(f"/v1/invoices/{document['invoice_id']}/evidence", "invoice"),
        digest=digest_hex(dict(document)),
    )


def _lane_row(line: Mapping[str, Any]) -> Sequence[Label | str]:
    detail = f"n {line['opening_n']} → {line['closing_n']}"
    if line.get("carried"):
        detail += f"  (+{line['carried']})"
    return (
        Label(f"计量通道 {line['lane']}", f"Meter lane {line['lane']}"),
        detail,
        f"{line['units']:,}",
        amount_text(line["amount"]),
    )


def _charge_row(line: Mapping[str, Any]) -> Sequence[Label | str]:
    names = [value for name, value in sorted(line.items()) if name not in {"kind", "amount"}]
    kind = LINE_KINDS.get(line["kind"], Label(line["kind"], line["kind"]))
    return (kind, " ".join(map(str, names)), "", amount_text(line["amount"]))


def _credit_note(document: Mapping[str, Any]) -> Sheet:
    return Sheet(
        title=Label("贷项通知", "Credit note"),
        number=document["credit"],
        facts=(
            (_LICENCE, document["licence"]),
            (Label("序号", "Number of this licence"), str(document["n"])),
            (Label("事由", "Reason"), str(document["reason"])),
            (_CURRENCY, document["currency"]),
            (_ISSUED, time_text(document["given_at"])),
        ),
        columns=(_ITEM, _DETAIL, _AMOUNT),
        rows=[
            (str(line["kind"]), str(line["reference"]), amount_text(line["amount"]))
            for line in document["lines"]
        ],
        totals=[
            (
                Label("本许可累计贷记", "Credited under this licence so far"),
                amount_text(document["total_amount"]),
            )
        ],
        total=(Label("贷记金额", "Credited"), _total(document, "amount")),
        checks=_how_to_check(f"/v1/credits/{document['credit']}/evidence", "credit-note"),
        digest=digest_hex(dict(document)),
    )


def _statement(document: Mapping[str, Any]) -> Sheet:
    return Sheet(
        title=Label("供方结算单", "Supplier statement"),
        number=document["settlement"],
        facts=(
            (Label("供方", "Supplier"), document["supplier"]),
            (_PERIOD, _period(document)),
            (Label("期次", "Number"), str(document["n"])),
            (_CURRENCY, document["currency"]),
            (_ISSUED, time_text(document["settled_at"])),
        ),
        columns=(Label("许可或订单", "Licence or order"), Label("产品", "Listing"), _AMOUNT),
        rows=[
            (str(row["subject"]), str(row.get("listing") or ""), amount_text(row["amount"]))
            for row in document["rows"]
        ],
        totals=[
            (Label("期初结转", "Brought forward"), amount_text(document["opening_amount"])),
            (Label("本期合计", "This period"), amount_text(document["period_amount"])),
            (Label("结转下期", "Carried forward"), amount_text(document["carried_amount"])),
        ],
        total=(Label("结算金额", "Settled"), _total(document, "settled_amount")),
        checks=_how_to_check(f"/v1/settlements/{document['settlement']}/evidence", "statement"),
        digest=digest_hex(dict(document)),
    )


def _credit_bill(document: Mapping[str, Any]) -> Sheet:
    return Sheet(
        title=Label("信用账单", "Bill of a credit line"),
        number=document["bill_id"],
        facts=(
            (Label("买方", "Buyer"), document["organisation"]),
            (_PERIOD, _period(document)),
            (_CURRENCY, document["currency"]),
            (_ISSUED, time_text(document["issued_at"])),
            (Label("到期", "Due"), time_text(document["due_at"])),
        ),
        columns=(Label("所含账单", "Invoice"), Label("摘要", "Digest"), _AMOUNT),
        rows=[
            (each["invoice_id"], each["invoice_hash"][:24] + "…", amount_text(each["total_amount"]))
            for each in document["invoices"]
        ],
        totals=[
            (Label("账期末余额", "Balance at the end"), amount_text(document["balance_amount"])),
            (
                Label("前期未付", "Open from before"),
                amount_text(document["open_before_amount"]),
            ),
        ],
        total=(Label("本期应付", "To be paid"), _total(document, "total_amount")),
        checks=(
            Label(
                "本账单汇总所列账单；每份账单均可独立验证。",
                "This bill adds up the invoices above; each can be verified by itself.",
            ),
        ),
        digest=digest_hex(dict(document)),
    )


def _total(document: Mapping[str, Any], name: str) -> str:
    return f"{document['currency']} {amount_text(document[name])}"


def _how_to_check(path: str, command: str) -> Sequence[Label]:
    return (
        Label(
            f"一、下载证据 GET {path}，另存为 evidence.json。",
            f"1. Fetch the evidence: GET {path}, saved as evidence.json.",
        ),
        Label(
            "二、取得本交易所公布的公钥 keys.json（GET /log/keys）。",
            "2. Take the exchange's published keys, keys.json (GET /log/keys).",
        ),
        Label(
            f"三、运行 counterfoil-verify {command} evidence.json --keys keys.json。",
            f"3. Run counterfoil-verify {command} evidence.json --keys keys.json.",
        ),
        Label(
            "无须信任交易所：结果只取决于首末两片日志叶与签名。",
            "No trust needed: the result rests on the log's leaves and the signature alone.",
        ),
    )
