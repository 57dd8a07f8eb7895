"""What somebody must know to judge a version: its scenes, and the law that it touches; pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from compliance.dated_tables import read_table

PACKAGE = "compliance.review"
FILE = "specialities_1.json"


class Speciality(StrEnum):
    """Fields of law beside the application scenes (vocabulary sectors)."""

    PERSONAL_INFORMATION = "PERSONAL_INFORMATION"
    IMPORTANT_DATA = "IMPORTANT_DATA"
    CROSS_BORDER = "CROSS_BORDER"
    PUBLIC_DATA = "PUBLIC_DATA"
    COLLECTED_DATA = "COLLECTED_DATA"
    AI_TRAINING = "AI_TRAINING"


TRAINING = frozenset({"AI_TRAINING", "PRETRAIN", "TUNE", "EVAL"})


SCENE, LAW = "SCENE", "LAW"
"""What a speciality is."""


def vocabulary() -> Mapping[str, Any]:
    """Every speciality in both languages, with version, owner and source."""
    return read_table(PACKAGE, FILE)


def codes() -> frozenset[str]:
    """What a reviewer may register, and a case be found by."""
    return frozenset(each["code"] for each in vocabulary()["specialities"])


def specialities_of(dossier: Mapping[str, Any]) -> list[str]:
    """Codes of the dossier's scenes and of every field of law that it touches, sorted."""
    scenes = [each for each in dossier.get("sectors") or () if isinstance(each, str)]
    return sorted({*scenes, *_laws(dossier)})


def _laws(dossier: Mapping[str, Any]) -> Iterator[Speciality]:
    sources = set(dossier.get("source_types") or ())
    if dossier.get("pi_level") not in {None, "NONE"}:
        yield Speciality.PERSONAL_INFORMATION
    if dossier.get("grade") == "IMPORTANT":
        yield Speciality.IMPORTANT_DATA
    if (dossier.get("cross_border") or {}).get("mode", "NONE") != "NONE":
        yield Speciality.CROSS_BORDER
    if "PUBLIC_DATA_AUTH" in sources:
        yield Speciality.PUBLIC_DATA
    if "PUBLIC_COLLECTION" in sources:
        yield Speciality.COLLECTED_DATA
    if dossier.get("corpus") or TRAINING & set(dossier.get("allowed_purposes") or ()):
        yield Speciality.AI_TRAINING
