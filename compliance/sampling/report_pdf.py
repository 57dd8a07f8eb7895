"""A quality report as PDF: one page of facts, one table of indicators, Chinese and English."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

CHINESE = "STSong-Light"
"""A font of the reader's own (Adobe's Asian font pack): nothing is embedded, files stay small."""
_INK, _LINE, _BAND = HexColor("#1c2530"), HexColor("#d5dae1"), HexColor("#f3f6f6")
_MARGIN = 18 * mm
_BODY = ParagraphStyle("body", fontName=CHINESE, fontSize=8, leading=11, textColor=_INK)
_TITLE = ParagraphStyle("title", fontName=CHINESE, fontSize=17, leading=24, textColor=_INK)
_WIDTHS = (16 * mm, 62 * mm, 26 * mm, 20 * mm, 20 * mm, 30 * mm)
_HEAD = ("代码 Code", "指标 Indicator", "A / B", "值 Value", "界 Bound", "方向 Better")
_DIRECTIONS = {"UP": "↑ higher", "DOWN": "↓ lower"}


def render_report(document: Mapping[str, Any], digest: str) -> bytes:
    """The PDF of a stored report; deterministic: no clock, no random id."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"Quality report {document['report_id']}",
        author="Counterfoil",
        invariant=1,
    )
    template.build(list(_story(document, digest)))
    return buffer.getvalue()


def _story(document: Mapping[str, Any], digest: str) -> Iterator[Any]:
    yield Paragraph("数据质量报告 Data quality report", _TITLE)
    yield _table(list(_facts(document, digest)), (52 * mm, 122 * mm), has_head=False)
    yield Spacer(1, 6 * mm)
    rows = [_HEAD, *(_indicator(each) for each in document["indicators"])]
    yield _table(rows, _WIDTHS, has_head=True)


def _facts(document: Mapping[str, Any], digest: str) -> Iterator[tuple[str, str]]:
    commitment = document["commitment"]
    drawn = commitment["drawn_from"]
    yield "报告编号 Report", document["report_id"]
    yield "产品 Listing", document["listing_code"]
    yield "等级 Grade", document["grade"] or "未评级 not graded"
    yield "得分 Score (bounds)", document["score"]
    yield "覆盖率 Coverage", document["coverage"]
    yield "否决项 Vetoes", ", ".join(document["vetoes"]) or "无 none"
    yield "样本 Sample", f"{document['sampled_count']} / {commitment['row_total']}"
    yield "第几次 Attempt", str(commitment["attempt"])
    yield "行树根 Root of rows", commitment["rows_root"]
    yield "抽样依据 Drawn from", f"{drawn['origin']} @ {drawn['tree_size']}"
    yield "出具 Reported", document["reported_at"]
    yield "有效至 Valid until", document["valid_until"]
    yield from _anonymity(document["anonymity"])
    yield from _shift(document.get("value_shift"))
    documented = document["documentation"]
    yield "文档 Documentation", f"{documented['evidenced_count']} / {documented['item_count']}"
    yield "SHA-256", digest


def _anonymity(found: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if found is not None:
        measures = [
            f"{name} = {found[name]}" for name in ("k", "l", "t") if found[name] is not None
        ]
        yield "匿名度 Anonymity", ", ".join(measures)
        yield "小类占比 In small classes", found["small_class_share"]


def _shift(found: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if found is not None and found["fields"]:
        farthest = max(found["fields"], key=lambda each: float(each["psi"]))
        yield "分布变化 Shift of values", f"PSI {farthest['psi']} ({farthest['field']})"


def _indicator(each: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"{each['name_zh']} {each['name']}"
    if each["state"] != "ASSESSED":
        return each["code"], name, "–", "–", "–", "不可评 not assessable"
    counted = f"{each['satisfied_count']} / {each['evaluated_count']}"
    return (
        each["code"], name, counted, each["value"], each["bound"], _DIRECTIONS[each["direction"]]
    )  # fmt: skip


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float], *, has_head: bool) -> Any:
    cells = [[Paragraph(escape(cell), _BODY) for cell in row] for row in rows]
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    if has_head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), _BAND))
    return Table(cells, colWidths=widths, repeatRows=int(has_head), style=style)
