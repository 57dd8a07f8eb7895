"""A signed document as PDF: the same document gives the same bytes, in Chinese and English."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Spacer, Table
from typing_extensions import override

from ledger.journal.printing.sheets import Label, Sheet, sheet_of

Labels = Literal["zh+en", "zh", "en"]

CHINESE = "STSong-Light"
"""A font of the reader's own (Adobe's Asian font pack): nothing is embedded, files stay small."""

LATIN = "Helvetica"

_LETTERHEAD = Label("数据交易结算", "Data exchange settlement")
_INK, _SOFT, _LINE = HexColor("#1c2530"), HexColor("#6b7684"), HexColor("#d5dae1")
_ACCENT, _BAND = HexColor("#0f5c5c"), HexColor("#f3f6f6")
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN


def signed_for_print(
    document: Mapping[str, Any], *, key_name: str, signature: str
) -> dict[str, Any]:
    """A document together with its signature (base64) and the key's name, for the last page."""
    return {"document": dict(document), "key": key_name, "signature": signature}


def render_pdf(document: Mapping[str, Any], *, labels: Labels = "zh+en") -> bytes:
    """The PDF of a signed invoice, credit note, supplier statement or credit line's bill.

    Takes the document itself, or what `signed_for_print` makes of it. Deterministic: no clock, no
    random id; raises `NotPrintable` for any other value.
    """
    signed = document if "document" in document else {"document": document}
    sheet = sheet_of(signed["document"])
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    buffer = io.BytesIO()
    template = BaseDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=40 * mm,
        bottomMargin=24 * mm,
        title=f"{sheet.title.en} {sheet.number}",
        author="Counterfoil",
        invariant=1,
    )
    frame = Frame(
        _MARGIN, 24 * mm, _WIDTH, A4[1] - 64 * mm, leftPadding=0, rightPadding=0, id="body"
    )
    template.addPageTemplates(PageTemplate(frames=[frame], id="page"))
    story = _story(sheet, signed, labels)

    class _Pages(_NumberedPages):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.sheet, self.labels = sheet, labels

    template.build(story, canvasmaker=_Pages)
    return buffer.getvalue()


class _NumberedPages(Canvas):  # type: ignore[misc] # reportlab ships no types
    """Draws letterhead and foot once the number of pages is known."""

    sheet: Sheet
    labels: Labels

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pages: list[dict[str, Any]] = []

    @override
    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()

    @override
    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._draw_head()
            self._draw_foot(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_head(self) -> None:
        top = A4[1]
        self.setFillColor(_ACCENT)
        self.rect(0, top - 7 * mm, A4[0], 7 * mm, stroke=0, fill=1)
        self.setFillColor(_INK)
        self.setFont("Helvetica-Bold", 15)
        self.drawString(_MARGIN, top - 21 * mm, "COUNTERFOIL")
        self.setFillColor(_SOFT)
        self._draw_words(_MARGIN, top - 26.5 * mm, _LETTERHEAD, 8.5)
        self.setFillColor(_INK)
        title = self.sheet.title
        start = A4[0] - _MARGIN - sum(width for *_, width in _runs(title, self.labels, 17))
        self._draw_words(start, top - 21 * mm, title, 17)
        self.setFillColor(_SOFT)
        self.setFont("Courier", 8.5)
        self.drawRightString(A4[0] - _MARGIN, top - 26.5 * mm, self.sheet.number)
        self._rule(top - 31 * mm)

    def _draw_foot(self, number: int, count: int) -> None:
        self._rule(17 * mm)
        self.setFillColor(_SOFT)
        self.setFont("Courier", 6.8)
        self.drawString(_MARGIN, 12.5 * mm, f"SHA-256 {self.sheet.digest}")
        self.setFont("Helvetica", 8)
        self.drawRightString(A4[0] - _MARGIN, 12.5 * mm, f"{number} / {count}")

    def _draw_words(self, start: float, height: float, label: Label, size: float) -> None:
        for font, words, width in _runs(label, self.labels, size):
            self.setFont(font, size)
            self.drawString(start, height, words)
            start += width

    def _rule(self, height: float) -> None:
        self.setStrokeColor(_LINE)
        self.setLineWidth(0.6)
        self.line(_MARGIN, height, A4[0] - _MARGIN, height)


def _languages(label: Label, labels: Labels) -> list[tuple[str, str]]:
    """The words with the font of each language, Chinese first."""
    both = [(CHINESE, label.zh), (LATIN, label.en)]
    return {"zh": both[:1], "en": both[1:], "zh+en": both}[labels]


def _runs(label: Label, labels: Labels, size: float) -> list[tuple[str, str, float]]:
    """The words as they are drawn: font, text, and how wide it is with the space behind."""
    words = _languages(label, labels)
    spaced = [
        (font, text if place == len(words) - 1 else text + "  ")
        for place, (font, text) in enumerate(words)
    ]
    return [(font, text, pdfmetrics.stringWidth(text, font, size)) for font, text in spaced]


def _markup(label: Label, labels: Labels) -> str:
    runs = [
        f'<font name="{font}">{escape(text)}</font>' for font, text in _languages(label, labels)
    ]
    return f'<font name="{LATIN}">&nbsp; </font>'.join(runs)


def _style(size: float = 9, *, color: Color = _INK, right: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}/{color}/{right}",
        fontName=CHINESE,
        fontSize=size,
        leading=size * 1.45,
        textColor=color,
        wordWrap="CJK",
        alignment=TA_RIGHT if right else 0,
    )


def _mono(text: str, size: float, *, right: bool = False) -> Paragraph:
    style = _style(size, right=right)
    return Paragraph(f'<font name="Courier">{escape(text)}</font>', style)


def _text(label: Label | str, labels: Labels, *, size: float = 9, color: Color = _INK) -> Paragraph:
    markup = escape(label) if isinstance(label, str) else _markup(label, labels)
    return Paragraph(markup, _style(size, color=color))


def _story(sheet: Sheet, signed: Mapping[str, Any], labels: Labels) -> list[Any]:
    return [
        _facts(sheet, labels),
        Spacer(1, 7 * mm),
        _rows(sheet, labels),
        Spacer(1, 5 * mm),
        _totals(sheet, labels),
        Spacer(1, 9 * mm),
        _verification(sheet, signed, labels),
    ]


def _facts(sheet: Sheet, labels: Labels) -> Table:
    rows = [
        [_text(label, labels, size=8.5, color=_SOFT), _mono(value, 8.5)]
        for label, value in sheet.facts
    ]
    widths = [42 * mm, _WIDTH - 42 * mm]
    style = [
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    return Table(rows, colWidths=widths, style=style)


def _rows(sheet: Sheet, labels: Labels) -> Table:
    last = len(sheet.columns) - 1
    head = [
        Paragraph(_markup(label, labels), _style(8.5, color=white, right=_is_number(sheet, place)))
        for place, label in enumerate(sheet.columns)
    ]
    body = [
        [_cell(sheet, place, cell, labels) for place, cell in enumerate(row)] for row in sheet.rows
    ]
    style: list[tuple[Any, ...]] = [
        ("BACKGROUND", (0, 0), (-1, 0), _ACCENT),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, _BAND]),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 3.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4.2),
    ]
    # The head stands on every page again.
    return Table([head, *body], colWidths=_widths(last), style=style, repeatRows=1)


def _widths(last: int) -> list[float]:
    shares = {2: (0.42, 0.34, 0.24), 3: (0.34, 0.31, 0.15, 0.20)}[last]
    return [_WIDTH * share for share in shares]


def _is_number(sheet: Sheet, place: int) -> bool:
    return place == len(sheet.columns) - 1 or sheet.columns[place].en == "Units"


def _cell(sheet: Sheet, place: int, cell: Label | str, labels: Labels) -> Paragraph:
    if isinstance(cell, str):
        return _mono(cell, 7.6, right=_is_number(sheet, place))
    return _text(cell, labels)


def _totals(sheet: Sheet, labels: Labels) -> Table:
    rows: list[Sequence[Any]] = [
        ["", _text(label, labels, size=8.5, color=_SOFT), _mono(value, 8.5, right=True)]
        for label, value in sheet.totals
    ]
    label, value = sheet.total
    grand = Paragraph(f'<font name="Helvetica-Bold">{escape(value)}</font>', _style(13, right=True))
    rows.append(["", _text(label, labels, size=11), grand])
    style = [
        ("LINEABOVE", (1, -1), (-1, -1), 1.1, _ACCENT),
        ("TOPPADDING", (1, -1), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    widths = [_WIDTH * 0.34, _WIDTH * 0.36, _WIDTH * 0.30]
    return Table(rows, colWidths=widths, style=style)


def _verification(sheet: Sheet, signed: Mapping[str, Any], labels: Labels) -> Table:
    lines = [_text(Label("如何验证", "How to verify"), labels, size=10, color=_ACCENT)]
    for check in sheet.checks:
        for place, (font, words) in enumerate(_languages(check, labels)):
            color = _INK if place == 0 else _SOFT
            run = f'<font name="{font}">{escape(words)}</font>'
            lines.append(Paragraph(run, _style(7.8, color=color)))
    if "signature" in signed:
        lines.append(Spacer(1, 2 * mm))
        lines.append(_mono(f"Ed25519  {signed['key']}", 7))
        lines.append(_mono(signed["signature"], 7))
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), _BAND),
        ("LINEBEFORE", (0, 0), (0, -1), 2.2, _ACCENT),
        ("LEFTPADDING", (0, 0), (-1, -1), 10),
        ("TOPPADDING", (0, 0), (-1, 0), 7),
        ("BOTTOMPADDING", (0, -1), (-1, -1), 8),
        ("TOPPADDING", (0, 1), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -2), 1),
    ]
    return Table([[line] for line in lines], colWidths=[_WIDTH], style=style)
