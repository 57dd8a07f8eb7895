"""What a dossier declares decides how deep it is looked at."""

import pytest

from compliance.review import policy, risk
from tests.factories.compliance import dossier

POLICY = policy.read(policy.shipped())


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
    points = sum(risk.factors(dossier(**changes)).values())
    assert risk.level(points, POLICY) == level


@pytest.mark.parametrize(
    ("points", "changes", "record"),
    [
        ({"new_supplier": 1}, {}, {"is_new_supplier": True}),
        ({"past_sanction": 2}, {}, {"was_sanctioned": True}),
        ({"cross_border": 2}, {"cross_border": {"mode": "REMOTE_ACCESS"}}, {}),
        ({}, {"cross_border": {"mode": "NONE"}}, {}),
        ({"chain_links": 2}, {"authorisation_chain": [{}, {}, {}, {}]}, {}),
        ({"delivery_grade=S1": 1}, {"delivery_grade": "S1"}, {}),
        ({"delivery_mode=SFTP": 1}, {"delivery_grade": "S1", "delivery_mode": "SFTP"}, {}),
        (
            {"delivery_mode=FILE_DOWNLOAD": 1},
            {"delivery_grade": "S1", "delivery_mode": "FILE_DOWNLOAD"},
            {},
        ),
    ],
)
def test_each_factor_is_named_with_its_points(points, changes, record):
    assert risk.factors(dossier(**changes), **record) == points
