"""The reads of compliance, gathered for the entry points."""

from compliance.queries.cases import (
    get_case_view,
    get_history,
    latest_evaluation,
    list_cases,
    list_cases_of_supplier,
    list_evaluations,
    say_what_was_sent,
)
from compliance.queries.lapses import list_lapses
from compliance.queries.later_steps import (
    get_appeal,
    get_panel,
    get_registration,
    list_appeals,
    list_applications,
    list_objections,
    list_panels,
    list_registrations,
    list_suspensions,
)
from compliance.queries.platform import list_platform_duties, list_platform_statements
from compliance.queries.price_alarms import get_price_alarm, list_price_alarms
from compliance.queries.specialities import get_own_specialities, list_reviewer_specialities
from compliance.queries.templates import (
    fill_template,
    get_scenario_template,
    list_product_templates,
    list_scenario_templates,
    template_reference,
)
from compliance.queries.trade import (
    get_licence,
    get_scenario,
    list_licences,
    list_narrowings,
    list_scenarios,
)

__all__ = [
    "fill_template",
    "get_appeal",
    "get_case_view",
    "get_history",
    "get_licence",
    "get_own_specialities",
    "get_panel",
    "get_price_alarm",
    "get_registration",
    "get_scenario",
    "get_scenario_template",
    "latest_evaluation",
    "list_appeals",
    "list_applications",
    "list_cases",
    "list_cases_of_supplier",
    "list_evaluations",
    "list_lapses",
    "list_licences",
    "list_narrowings",
    "list_objections",
    "list_panels",
    "list_platform_duties",
    "list_platform_statements",
    "list_price_alarms",
    "list_product_templates",
    "list_registrations",
    "list_reviewer_specialities",
    "list_scenario_templates",
    "list_scenarios",
    "list_suspensions",
    "say_what_was_sent",
    "template_reference",
]
