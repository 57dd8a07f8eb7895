"""The people of the story: they register, sign in, and use a second factor where they must."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp

from demo.http import Client, Surprise


@dataclass
class Person:
    """Somebody with a password, perhaps a second factor, and a signed-in client."""

    email: str
    password: str
    client: Client
    secret: str = ""

    def sign_in(self, one_time_code: str | None = None) -> None:
        """Open a session."""
        credentials = {"email": self.email, "password": self.password}
        if one_time_code:
            credentials["one_time_code"] = one_time_code
        tokens = Client(self.client.base_url).post("/v1/sessions", credentials)
        self.client = self.client.as_bearer(tokens["access_token"])

    def sign_in_again(self) -> None:
        """Open a session with the present code: an access token is good for minutes."""
        self.sign_in(pyotp.TOTP(self.secret).now())

    def enrol_second_factor(self) -> None:
        """Enrol, confirm, and sign in again with the next code."""
        self.secret = self.client.post("/v1/second-factor")["secret"]
        try:
            at = self._confirm()
        except Surprise:  # the next step began while the code was on its way
            at = self._confirm()
        self.sign_in(pyotp.TOTP(self.secret).at(at))

    def _confirm(self) -> datetime:
        """Confirm with the code of the step before, still within the drift; at which instant."""
        now = datetime.now(UTC)  # noqa: TID251 -- a person's own clock
        # A code is accepted once: the present one is for signing in.
        previous = pyotp.TOTP(self.secret).at(now - timedelta(seconds=30))
        self.client.expect(
            "POST", "/v1/second-factor/confirmation", 204, body={"one_time_code": previous}
        )
        return now


def new_password() -> str:
    """A password that nobody has to type."""
    return secrets.token_urlsafe(24)


def signed_in_staff(base_url: str, email: str, password: str) -> Person:
    """A member of the exchange's staff, with the second factor."""
    person = Person(email, password, Client(base_url))
    person.sign_in()
    person.enrol_second_factor()
    return person
