"""Shapes of the workload and of how long reviews take."""

from marshmallow import fields

from app.web.schemas import Schema, Timestamp


class WorkloadQuerySchema(Schema):
    """The period that is counted; the last 90 days without one."""

    from_at = Timestamp(data_key="from", load_default=None)
    until_at = Timestamp(data_key="until", load_default=None)


class TurnaroundSchema(Schema):
    """How long a stage took, of everything that left it in the period."""

    stage = fields.String()
    done_count = fields.Integer()
    median_seconds = fields.Integer()
    p90_seconds = fields.Integer()
    longest_seconds = fields.Integer()


class WaitingSchema(Schema):
    """What waits at a stage now."""

    stage = fields.String()
    waiting_count = fields.Integer()
    free_count = fields.Integer()
    overdue_count = fields.Integer()
    oldest_since_at = Timestamp()


class PersonWorkloadSchema(Schema):
    """What one person decided at a stage in the period, and holds now."""

    person_id = fields.String()
    stage = fields.String()
    done_count = fields.Integer()
    decisions = fields.Dict(keys=fields.String(), values=fields.Integer())
    median_seconds = fields.Integer(allow_none=True)
    p90_seconds = fields.Integer(allow_none=True)
    held_count = fields.Integer()
    overdue_count = fields.Integer()


class SpecialityCoverageSchema(Schema):
    """What waits of a speciality, and how many reviewers registered it."""

    speciality = fields.String()
    waiting_count = fields.Integer()
    overdue_count = fields.Integer()
    reviewer_count = fields.Integer()


class WorkloadSchema(Schema):
    """Turnaround by stage, what waits, and who has how much before them."""

    from_at = Timestamp(data_key="from")
    until_at = Timestamp(data_key="until")
    turnarounds = fields.List(fields.Nested(TurnaroundSchema))
    waiting = fields.List(fields.Nested(WaitingSchema))
    people = fields.List(fields.Nested(PersonWorkloadSchema))
    specialities = fields.List(fields.Nested(SpecialityCoverageSchema))
