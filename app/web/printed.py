"""Pages for print, under names by which whoever keeps several tells them apart."""

from flask import Response

PDF = "application/pdf"


def printed(pages: bytes, name: str) -> Response:
    """Pages to show, kept as ``<name>.pdf``; a name is an id or a code of ours, so ASCII."""
    disposition = f'inline; filename="{name}.pdf"'
    return Response(pages, content_type=PDF, headers={"Content-Disposition": disposition})
