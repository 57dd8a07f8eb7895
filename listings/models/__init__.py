"""The room's tables."""

from listings.models.contributions import AgreementShare, Contribution
from listings.models.custom_offers import CustomOffer
from listings.models.demands import Demand, DemandBuyer
from listings.models.listings import Listing, ListingWords
from listings.models.orders import Agreement, ApprovedScenario, Order
from listings.models.parties import ListingParty
from listings.models.products import DataProduct, Offer, Plan, ProductVersion, UpstreamCredential
from listings.models.ratings import Rating
from listings.models.registry import RegistryEntry, RegistryInput, RegistryWords
from listings.models.transfers import RegistrationTransfer, RegistrySuccession

__all__ = [
    "Agreement",
    "AgreementShare",
    "ApprovedScenario",
    "Contribution",
    "CustomOffer",
    "DataProduct",
    "Demand",
    "DemandBuyer",
    "Listing",
    "ListingParty",
    "ListingWords",
    "Offer",
    "Order",
    "Plan",
    "ProductVersion",
    "Rating",
    "RegistrationTransfer",
    "RegistryEntry",
    "RegistryInput",
    "RegistrySuccession",
    "RegistryWords",
    "UpstreamCredential",
]
