"""A quality report on a traded product, from commitment to report, over HTTP."""

from app.wiring.calls import upstream_probe
from app.worker.quality import quality_steps
from tests.factories.quality import commitment, revealed


def measure(world, exchange, version_id):
    """The report on one version; its rows are made up and few."""
    client = world.supplier.client
    rows = [{"icao": f"ZS{n:02d}", "name": f"Airport {n}"} for n in range(20)]
    sample = client.post("/v1/quality-samples", commitment(rows, version_id))
    exchange.settle()
    for step in quality_steps(exchange.parts, upstream_probe(exchange.parts)):
        step.run()
    drawn = client.get(f"/v1/quality-samples/{sample['id']}")["drawn_indexes"]
    return client.post(f"/v1/quality-samples/{sample['id']}/rows", {"rows": revealed(rows, drawn)})
