"""The person behind a request."""

import pytest
from flask import Flask, g

from app.accounts.api.signed_in import current_person
from app.core.principals import Principal, Role
from app.web.access import NotSignedIn


def test_a_machine_is_no_person():
    with Flask("x").app_context():
        g.principal = Principal("key_1", "org_1", frozenset({Role.BUYER}), is_machine=True)
        with pytest.raises(NotSignedIn):
            current_person()
