"""Where things of a listing are, as others may quote it."""

from dataclasses import dataclass

from listings.vocabulary import codes

_ISO_3166 = "https://www.iso.org/obp/ui/#iso:code:3166:"


@dataclass(frozen=True)
class Addresses:
    """The addresses of one listing below the exchange's own."""

    exchange: str
    listing_code: str

    @property
    def page(self) -> str:
        """The listing's page."""
        return f"{self.exchange}/v1/listings/{self.listing_code}"

    @property
    def policy(self) -> str:
        """Its terms as ODRL."""
        return f"{self.page}/odrl"

    @property
    def data(self) -> str:
        """Where it is called, with a key."""
        return f"{self.exchange}/data/{self.listing_code}"

    def term(self, vocabulary: str, code: str) -> str:
        """A coded word of the exchange as a name that others may use."""
        return f"{self.exchange}/v1/vocabularies#{vocabulary}/{code}"

    def region(self, code: str) -> str:
        """A country by its code of ISO 3166-1, a province of China by ours."""
        return self.term("provinces", code) if code in codes("provinces") else _ISO_3166 + code

    def party(self, organisation_id: str) -> str:
        """An organisation, as a name."""
        return f"{self.exchange}/#organisation/{organisation_id}"
