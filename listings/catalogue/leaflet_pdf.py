"""A leaflet as PDF: the same listing gives the same bytes, in Chinese with English beside it."""

import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from listings.catalogue.leaflet import NOT_SAID, Part, Section

CHINESE = "STSong-Light"
"""A font of the reader's own (Adobe's Asian font pack): nothing is embedded, files stay small."""
LEAFLETS_KEPT = 64
"""Of each process; they are some tens of kilobytes, at most a few hundred."""
_INK, _LINE, _BAND = HexColor("#1c2530"), HexColor("#d5dae1"), HexColor("#f3f6f6")
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
# Chinese breaks between any two characters, and so do hashes.
_BODY = ParagraphStyle(
    "body", fontName=CHINESE, fontSize=8, leading=11, textColor=_INK, wordWrap="CJK"
)
_TITLE = ParagraphStyle("title", fontName=CHINESE, fontSize=17, leading=24, textColor=_INK)
_HEADING = ParagraphStyle(
    "heading", fontName=CHINESE, fontSize=11, leading=16, textColor=_INK, spaceBefore=8
)
_FACT_WIDTHS = (48 * mm, _WIDTH - 48 * mm)


@lru_cache(maxsize=LEAFLETS_KEPT)
def render_leaflet(sections: tuple[Section, ...], *, name: str, dossier_hash: str) -> bytes:
    """The PDF of a leaflet; ``dossier_hash`` binds it to what was reviewed. No clock, no chance.

    Kept, because anybody may ask for it, and setting a long one takes seconds of the processor.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=name,
        author="Counterfoil",
        invariant=1,
    )
    template.build(list(_story(sections, name, dossier_hash)))
    return buffer.getvalue()


def _story(sections: Sequence[Section], name: str, dossier_hash: str) -> Iterator[Flowable]:
    yield Paragraph("可交易数据产品说明书", _TITLE)
    yield _text(f"{name}　数据产品卷宗 Dossier SHA-256: {dossier_hash}")
    for section in sections:
        yield Paragraph(escape(section.title), _HEADING)
        if not section.parts:
            yield _text(NOT_SAID)
        for part in section.parts:
            yield _table(part)
            yield Spacer(1, 2 * mm)


def _text(words: str) -> Paragraph:
    return Paragraph(escape(words).replace("\n", "<br/>"), _BODY)


def _table(part: Part) -> Table:
    rows = [part.head, *part.rows] if part.head else list(part.rows)
    count = len(rows[0])
    widths = [_WIDTH / count] * count if part.head else _FACT_WIDTHS
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    if part.head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), _BAND))
    cells = [[_text(cell) for cell in row] for row in rows]
    # A description may be longer than a page: rows break too.
    return Table(
        cells, colWidths=widths, repeatRows=int(bool(part.head)), style=style, splitInRow=1
    )
