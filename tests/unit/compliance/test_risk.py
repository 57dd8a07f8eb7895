"""What a dossier declares decides how deep it is looked at."""

import pytest

from compliance.review import risk
from tests.factories.compliance import dossier


@pytest.mark.parametrize(
    ("level", "changes"),
    [
        ("LOW", {}),
        ("LOW", {"source_types": ["PUBLIC_COLLECTION"]}),
        ("MEDIUM", {"pi_level": "SENSITIVE"}),
        ("MEDIUM", {"pi_level": "PERSONAL", "delivery_mode": "FILE_DOWNLOAD"}),
        ("HIGH", {"pi_level": "SENSITIVE", "grade": "IMPORTANT"}),
    ],
)
def test_points_add_up_to_a_level(level, changes):
    assert risk.level(risk.score(dossier(**changes))) == level
