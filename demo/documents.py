"""The documents that the story's evidence names: one invented page each, always the same."""

import hashlib
from http import HTTPStatus

from demo.http import Client, Surprise

PDF = "application/pdf"


def page(title: str) -> bytes:
    """A page that says its title (ASCII), as a PDF."""
    text = f"BT /F1 18 Tf 72 760 Td ({title}) Tj ET".encode("ascii")
    a4 = b"[0 0 595 842]"
    font = b"<< /Font << /F1 5 0 R >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 4 0 R /Resources %s >>" % (a4, font),
        b"<< /Length %d >> stream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(b"%010d 00000 n \n" % len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, b"".join(places))
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return made + table + end % (len(objects) + 1, len(made))


def hash_of(title: str) -> str:
    """What evidence names the page by."""
    return hashlib.sha256(page(title)).hexdigest()


def send(client: Client, title: str) -> None:
    """Send the page to the exchange, for whoever has to read it."""
    path = f"/v1/documents/{hash_of(title)}"
    answer = client.send("PUT", path, content=(PDF, page(title)))
    if answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK}:
        message = f"PUT {path}: {answer.status} {answer.body!r}"
        raise Surprise(message)
