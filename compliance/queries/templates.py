"""Reads of the templates of declared uses, and of what a listing is made for."""

from typing import Any

from app.core.unit_of_work import UnitOfWork
from compliance.errors import ListingNeverPublished
from compliance.models.licences import ListingStanding
from compliance.review import scenario_templates
from compliance.review.scenario_errors import ScenarioTemplateNotFound

Document = dict[str, Any]


def list_scenario_templates(
    uow: UnitOfWork, *, purpose: str | None = None, listing_code: str | None = None
) -> Document:
    """The templates in force, perhaps only such as a listing permits; `ListingNeverPublished`."""
    granted = None
    if listing_code is not None:
        granted = _standing(uow, listing_code).product_terms["purposes"]
    found = scenario_templates.list_templates(purpose=purpose, granted=granted)
    return {**scenario_templates.table(), "items": found}


def get_scenario_template(template_id: str) -> scenario_templates.Document:
    """One template; raises `ScenarioTemplateNotFound`."""
    template = scenario_templates.find_template(template_id)
    if template is None:
        raise ScenarioTemplateNotFound(template_id)
    return template


def list_product_templates(uow: UnitOfWork, listing_code: str) -> Document:
    """The uses that the listed version was reviewed with; raises `ListingNeverPublished`."""
    standing = _standing(uow, listing_code)
    fitting = scenario_templates.list_templates(granted=standing.product_terms["purposes"])
    items = [
        {
            **own,
            "template_ids": [
                each["id"]
                for each in fitting
                if scenario_templates.made_for([own], each["purpose"])
            ],
        }
        for own in standing.use_facts.get("scenario_templates") or ()
    ]
    return {"listing_code": listing_code, "items": items}


def fill_template(uow: UnitOfWork, template_id: str, given: Document, *, language: str) -> Document:
    """A declared use of the listing that ``given`` names, as far as it and the template say.

    Raises `ScenarioTemplateNotFound`, `ListingNeverPublished`.
    """
    template = get_scenario_template(template_id)
    standing = _standing(uow, given["listing_code"])
    offered = standing.use_facts.get("scenario_templates") or ()
    return scenario_templates.filled(template, given, offered=offered, language=language)


def template_reference(template_id: str) -> Document:
    """What a scenario keeps of the template that it was declared from."""
    return {"id": template_id, "version": scenario_templates.table()["version"]}


def _standing(uow: UnitOfWork, listing_code: str) -> ListingStanding:
    standing = uow.session.get(ListingStanding, listing_code)
    if standing is None:
        raise ListingNeverPublished(listing_code)
    return standing
