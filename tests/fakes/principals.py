"""Whoever asks is whom the header names: sessions and keys are the accounts' own tests."""


class NamedPrincipals:
    """An authenticator over people by name; any other name is nobody's."""

    def __init__(self, people):
        self._people = people

    def authenticate(self, authorization):
        return self._people.get(authorization)
