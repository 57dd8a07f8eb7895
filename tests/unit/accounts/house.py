"""An exchange with people and organisations, one committed transaction per verb."""

from app.accounts import services
from app.accounts.authentication import BearerAuthenticator
from app.accounts.uscc import check_character
from app.core.ids import OrganisationId
from app.core.principals import Principal, Role
from app.core.reach import Reach

PASSWORD = "a long walk by the sea"
DOCUMENT = {
    "kind": "business_licence",
    "title": "Business licence",
    "issuer": "Market supervision office",
    "document_hash": "ab" * 32,
    "valid_until": None,
}


def uscc_number(number):
    """The number-th valid code."""
    body = f"91350100M{number:08d}"
    return body + check_character(body)


class House:
    """One exchange and whoever registers with it; each verb is one committed transaction."""

    def __init__(self, units, kit):
        self.units = units
        self.kit = kit
        self.authenticator = BearerAuthenticator(units, kit.access_keys)
        self._registered = 0

    def do(self, verb, *given, reach=Reach.EXCHANGE, **fields):
        """Run a service and commit."""
        with self.units.begin(reach) as uow:
            result = verb(uow, *given, **fields)
            uow.commit()
            return result

    def register(
        self, *, uscc=None, email=None, is_supplier=True, is_buyer=True, evidence=(DOCUMENT,)
    ):
        """A registered organisation and its owner as a principal."""
        self._registered += 1
        organisation_id = OrganisationId(self.units.ids.new("org"))
        _, person = self.do(
            services.register_organisation,
            self.kit.passwords,
            organisation_id,
            reach=Reach.organisation(organisation_id),
            name=f"Organisation {self._registered}",
            uscc=uscc or uscc_number(self._registered),
            is_supplier=is_supplier,
            is_buyer=is_buyer,
            evidence=evidence,
            person={
                "email": email or f"owner{self._registered}@example.cn",
                "name": "Owner",
                "password": PASSWORD,
            },
        )
        return as_principal(person)

    def open(self):
        """The exchange with its operator as a principal."""
        exchange = self.do(
            services.bootstrap_exchange,
            self.kit.passwords,
            name="Exchange",
            uscc=uscc_number(99),
            email="operator@exchange.cn",
            password=PASSWORD,
        )
        return Principal(
            self.sign_in_claims("operator@exchange.cn").id,
            exchange.id,
            frozenset({Role.OPERATOR}),
            has_second_factor=True,
        )

    def add_staff(self, operator, role, email):
        """Somebody of the exchange."""
        return as_principal(self.add(operator, [role], email), has_second_factor=True)

    def add(self, principal, roles, email):
        """Somebody of the principal's organisation."""
        return self.do(
            services.add_person,
            self.kit.passwords,
            principal,
            email=email,
            name="Somebody",
            password=PASSWORD,
            roles=roles,
        )

    def sign_in(self, email, password=PASSWORD, one_time_code=None):
        """The two transactions of the route."""
        self.do(services.reserve_attempt, email=email)
        return self.do(
            services.sign_in,
            self.kit,
            email=email,
            password=password,
            one_time_code=one_time_code,
        )

    def sign_in_claims(self, email):
        """The principal that a sign-in gives."""
        return self.authenticate(self.sign_in(email))

    def authenticate(self, tokens):
        """The principal of an access token."""
        return self.authenticator.authenticate(f"Bearer {tokens.access_token}")

    def refresh(self, tokens):
        """New tokens, or None."""
        return self.do(services.refresh_session, self.kit, refresh_token=tokens.refresh_token)


def as_principal(person, *, has_second_factor=False):
    """The principal that a person would be."""
    return Principal(
        person.id, person.organisation_id, person.roles, has_second_factor=has_second_factor
    )
