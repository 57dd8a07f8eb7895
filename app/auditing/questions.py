"""The twenty questions of an auditor, in two languages, and what each is answered from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app.auditing.rules import Rule, Scope


class Standing(StrEnum):
    """How far a question can be answered here now."""

    WHOLE = "whole"
    PARTLY = "partly"
    MISSING = "missing"


@dataclass(frozen=True)
class Wording:
    """A question as it is asked, what answers it, and what of that does not exist yet."""

    number: int
    en: str
    zh: str
    answered_from: tuple[str, ...]
    missing: tuple[str, ...] = ()


Figures = Callable[[Session, Scope], Mapping[str, Any]]


@dataclass(frozen=True)
class Method:
    """How a question is answered: rules, figures beside them, and which log entries they rest on.

    ``entries`` is a query of ``arrival`` numbers; the newest of them go into the proof.
    """

    rules: Sequence[Rule]
    entries: str
    figures: Figures | None = None

    @property
    def filters(self) -> frozenset[str]:
        """The filters that every rule with a query of its own obeys."""
        obeyed = [rule.filters for rule in self.rules]
        return frozenset.intersection(*obeyed) if obeyed else frozenset()


@dataclass(frozen=True)
class Question:
    """A question with the method that answers it, if there is one."""

    wording: Wording
    method: Method | None

    @property
    def standing(self) -> Standing:
        """Whether it can be answered here now."""
        if self.method is None:
            return Standing.MISSING
        return Standing.PARTLY if self.wording.missing else Standing.WHOLE


WORDINGS = (
    Wording(
        1,
        "Does the chain verify from genesis to head, and against the external anchor?"
        " Where is the first break?",
        "链从创世到当前是否可验证，并与外部锚定一致？第一处断裂在哪里？",
        ("log entries", "tiles", "checkpoints", "anchors"),
    ),
    Wording(
        2,
        "For a listing at time t: which version, rules, evidence, reviewers and reasons applied?"
        " Replay the rules: same result?",
        "某挂牌产品在时间 t 适用哪个版本、规则、证据、审核人与理由？重放规则结果是否相同？",
        (
            "review cases",
            "rule sets",
            "evaluations",
            "decisions",
            "panels",
            "listing decisions",
            "log entries",
        ),
    ),
    Wording(
        3,
        "At every instant of every LISTED interval: two distinct unconflicted approvers,"
        " all mandatory evidence in date, chain of rights unbroken?",
        "每个挂牌区间的每一时刻：是否有两名不同且无利益冲突的批准人、证据全部有效、权利链未断？",
        (
            "log entries",
            "verifications of suppliers",
            "review cases",
            "decisions",
            "panels",
            "listing decisions",
            "scenarios",
            "conflict declarations",
            "evaluations",
        ),
    ),
    Wording(
        4,
        "Which listings stayed live after an evidence, right, consent or approval expired,"
        " and for how long?",
        "哪些挂牌在证据、权利、同意或批准到期后仍在架，持续多久？",
        ("listing standings", "lapses", "verifications", "scenarios", "licences"),
        ("consent (question 6 asks for calls after it)",),
    ),
    Wording(
        5,
        "Every allowed call: a live licence and scenario, purpose within effective terms,"
        " fields within projection, quota not exceeded?",
        "每次放行的调用：许可与场景是否有效、用途与字段是否在有效条款内、配额是否未超？",
        ("usage events", "licences", "scenarios", "entitlements", "consents", "log entries"),
        ("the purpose that a single call asserted",),
    ),
    Wording(
        6,
        "Any call after suspension, revocation or consent withdrawal? Largest delay?",
        "暂停、撤销或撤回同意之后是否还有调用？最大延迟是多少？",
        ("log entries", "usage events", "keys", "consents"),
    ),
    Wording(
        7,
        "Does Σ meter = Σ charged = Σ settled + fees + tax, per order, per day, per party,"
        " to the cent?",
        "计量之和＝收费之和＝结算＋佣金＋税，逐订单、逐日、逐方，是否分毫不差？",
        ("usage events", "journal", "orders", "periods", "settlements"),
    ),
    Wording(
        8,
        "Calls on personal information: consent token for each; cumulative persons per supplier"
        " and buyer against the legal thresholds?",
        "个人信息调用：是否逐次有同意凭证；按供方与需方累计人数与法定阈值相比如何？",
        ("usage events", "consents", "licences", "counts of records of persons", "dossiers"),
        ("how many different persons (records bound them; who they are is not kept)",),
    ),
    Wording(
        9,
        "Who approved whose products? Reviewer-supplier concentration, speed outliers,"
        " always-approve rate.",
        "谁批准了谁的产品？审核人与供方的集中度、审核速度异常、全部通过率如何？",
        ("review decisions", "panels", "listing decisions", "review cases", "people"),
    ),
    Wording(
        10,
        "Which items were waived or overridden, by whom, why? (expected: none possible)",
        "哪些事项被豁免或推翻，由谁、为何？（预期：不可能发生）",
        ("evaluations", "item answers", "review decisions", "panels", "review policies"),
    ),
    Wording(
        11,
        "Which changes were classed editorial though a material field moved?",
        "哪些变更被列为文字性修改，而实质字段已变动？",
        ("log entries", "listing standings", "review cases", "dossiers"),
    ),
    Wording(
        12,
        "Same conditions, different price: reason on file?",
        "条件相同而价格不同：是否有留档理由？",
        ("orders", "published plans", "negotiated offers", "price alarms"),
    ),
    Wording(
        13,
        "Who read evidence or samples, including administrators? Any bulk read?",
        "谁读取了证据或样本（含管理员）？是否有批量读取？",
        ("log entries of readings", "roles"),
        ("reads that bypass the exchange's API",),
    ),
    Wording(
        14,
        "Emergency suspensions: ratified in 24 h? Appeals: different people, in time?",
        "紧急暂停是否在 24 小时内得到追认？申诉是否由不同人员按时处理？",
        ("log entries", "suspensions", "appeals", "panels", "review cases", "disputes"),
    ),
    Wording(
        15,
        "Quality grade at listing against live measurement; listings with drift not acted on.",
        "挂牌时的质量等级与实时测量是否一致；哪些产品漂移而未处理？",
        ("quality reports", "live quality", "usage events", "delivery failures", "log entries"),
        ("drift of the values themselves (deliveries are not kept)",),
    ),
    Wording(
        16,
        "Were sample rows deleted? Is there payload or personal information anywhere in ledger,"
        " logs or exports?",
        "样本行是否已删除？账本、日志或导出中是否存在载荷或个人信息？",
        ("log entries", "samples of interfaces (rows of files are never kept)"),
        ("operating logs (they are outside the database)",),
    ),
    Wording(
        17,
        "Products listed without any trade in 180 days; scenarios approved and never used.",
        "挂牌 180 天无交易的产品；获批而从未使用的场景。",
        ("listings", "orders", "scenarios"),
    ),
    Wording(
        18,
        "Listings by a supplier linked to the exchange; reviewers linked to either.",
        "与交易所有关联的供方的挂牌；与任一方有关联的审核人。",
        ("organisations", "people", "conflict declarations", "review decisions"),
        ("shareholdings and control between organisations, other than declared",),
    ),
    Wording(
        19,
        "Regulator export: all records for an organisation in a period, complete, with proofs,"
        " in one command.",
        "监管导出：某机构在某期间的全部记录，是否完整、附证明、一条命令即可？",
        ("every room's records of the organisation", "log entries"),
    ),
    Wording(
        20,
        "Can one person, with any single credential, list a product, alter a meter or rewrite"
        " history? (prove by test)",
        "任何一人凭任一单一凭证，能否挂牌产品、篡改计量或改写历史？（以测试证明）",
        ("roles", "double confirmations", "triggers and row security of the database"),
    ),
)
"""Source of the questions: the exchange's compliance rules, section 5g."""
