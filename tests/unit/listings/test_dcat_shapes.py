"""The DCAT-AP export, read as RDF by a processor of SHACL and held to the profile's shapes."""

import copy
import json
from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import Graph, URIRef

from listings.catalogue.exports import dcat
from tests.unit.listings.test_exports import AT, content, listing

# The parser of JSON-LD in rdflib 7.6 uses what that version deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

SHAPES = Path(__file__).parents[2] / "vectors" / "dcat_ap_3_shapes.ttl"
WHOLE = {
    "period": {"from": "2020-01-01", "to": "2025-12-31"},
    "derivation": {"inputs": ["reg_1", "reg_2"]},
    "regions": ["CN", "31"],
}
SH = "http://www.w3.org/ns/shacl#"


@pytest.fixture(scope="module")
def shapes():
    return Graph().parse(SHAPES, format="turtle")


def breaches(document, shapes):
    """The property (or the class, for a rule over the whole) of each result."""
    graph = Graph().parse(data=json.dumps(document), format="json-ld")
    assert len(graph) > len(document)
    conforms, report, _ = validate(graph, shacl_graph=shapes, advanced=False, inference="none")
    paths = report.objects(predicate=URIRef(f"{SH}resultPath"))
    found = sorted(str(path).rpartition("/")[2].rpartition("#")[2] for path in paths)
    assert conforms is (not found)
    return found


@pytest.mark.parametrize("delivery_mode", ["API_CALL", "FILE_DOWNLOAD"])
@pytest.mark.parametrize("changes", [{}, WHOLE])
def test_what_is_exported_conforms(shapes, delivery_mode, changes):
    document = dcat.dataset(listing(delivery_mode=delivery_mode), content(**changes), AT)
    assert breaches(document, shapes) == []


def spoilt(path, value):
    """The whole export with one member changed; None takes it away."""
    document = copy.deepcopy(dcat.dataset(listing(), content(**WHOLE), AT))
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "breach"),
    [
        (["dct:title"], None, "title"),
        (["dct:description"], None, "description"),
        (["dct:publisher", "foaf:name"], None, "name"),
        (["dct:publisher", "@type"], None, "publisher"),
        (["dct:issued"], "yesterday", "issued"),
        (["dct:accessRights", "@id"], "https://exchange.example/secret", "accessRights"),
        (["dct:accrualPeriodicity", "@id"], "urn:often", "accrualPeriodicity"),
        (["dcat:version"], ["1", "2"], "version"),
        (["dct:temporal", "dcat:endDate", "@type"], "xsd:string", "endDate"),
        (["dcat:distribution", 0, "dcat:accessURL"], None, "accessURL"),
        (["dcat:distribution", 0, "dct:format", "@id"], "urn:json", "format"),
        (["dcat:distribution", 0, "dcat:accessService", "dct:title"], None, "title"),
        (["dcat:distribution", 0, "dcat:accessService", "dcat:endpointURL"], None, "endpointURL"),
    ],
)
def test_what_the_profile_forbids_is_found(shapes, path, value, breach):
    assert breach in breaches(spoilt(path, value), shapes)
