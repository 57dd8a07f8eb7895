"""A listing's leaflet (可交易数据产品说明书): its page in the order of disclosure.

Made of the listing's own data and of nothing else, so that nobody writes what was not reviewed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Page = Mapping[str, Any]
Row = tuple[str, ...]

NOT_SAID = "–"
_ONLY_THE_PAYER = "仅限购买并付费的一方 the party that buys and pays, and no other"


@dataclass(frozen=True)
class Part:
    """A table of the leaflet: its rows, and a head where it has one."""

    rows: tuple[Row, ...]
    head: Row = ()


@dataclass(frozen=True)
class Section:
    """A numbered section with its tables; one without any says so."""

    title: str
    parts: tuple[Part, ...]


def leaflet_of(page: Page, *, registration: str, quality_until: str | None) -> tuple[Section, ...]:
    """The sections of a page rendered in Chinese.

    ``registration`` is the registration's id, ``quality_until`` the end of the quality report.
    """
    return (
        Section("一、基本信息 Basic information", _facts(_basics(page, registration))),
        Section("二、实物信息 Extent", _facts(_extent(page))),
        Section("三、内容信息 Content", _content(page)),
        Section("四、使用条件 Conditions of use", _facts(_conditions(page))),
        Section("五、应用场景 Uses", _uses(page)),
        Section("六、使用说明 Delivery", _facts(_delivery(page))),
        Section("七、来源说明 Source and rights", _source(page)),
        Section("八、资质文件 Documents and quality", _documents(page, quality_until)),
        Section("九、价格 Price", _prices(page)),
    )


def _facts(rows: Iterator[tuple[str, Any]]) -> tuple[Part, ...]:
    said = tuple((label, _words(value)) for label, value in rows if value not in (None, "", [], {}))
    return (Part(said),) if said else ()


def _table(head: Row, rows: Sequence[Sequence[Any]]) -> tuple[Part, ...]:
    cells = tuple(tuple(_words(cell) for cell in row) for row in rows)
    return (Part(cells, head),) if cells else ()


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("label") or value.get("code") or _pairs(value))
    if isinstance(value, (list, tuple)):
        return "、".join(_words(each) for each in value) or NOT_SAID
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return NOT_SAID if value in (None, "") else str(value)


def _pairs(value: Mapping[str, Any]) -> str:
    return "，".join(f"{name}: {each}" for name, each in value.items())


def _basics(page: Page, registration: str) -> Iterator[tuple[str, Any]]:
    yield "产品名称 Name", page["name"]
    yield "英文名称 English name", page["name_en"]
    yield "所属系列 Series", page["series"]
    yield "产品编码 Listing (TRADABLE)", page["listing_code"]
    yield "登记编号 Registration (REGISTERED)", registration
    yield "版本 Version", page["version_number"]
    yield "供方 Supplier", page["supplier"]["name"]
    yield "应用板块 Scenes", page["sectors"]
    yield "行业 Industries", page.get("industries")
    yield "数据主题 Topic", page["topic"]
    yield "产品类型 Kind", page["product_kind"]
    yield "数据分类 Classes", page.get("data_classes")
    yield "数据分级 Grade", page["grade"]
    yield "关键词 Keywords", page["keywords"]
    yield "摘要 Summary", page["summary"]
    yield "产品描述 Description", page["description"]


def _extent(page: Page) -> Iterator[tuple[str, Any]]:
    yield "覆盖范围 Coverage", page.get("coverage")
    yield "地域 Regions", page.get("regions")
    yield "时段 Period", page.get("period")
    yield "数据主体 Population", page.get("population")
    yield "记录数 Records", page.get("record_count")
    yield "存量 Stock", page.get("stock")
    yield "增量 Increment", page.get("increment")
    yield "维度 Dimensions", page.get("dimension_count")
    yield "数据模态 Modalities", page.get("modalities")
    yield "更新频率 Update frequency", page["update_frequency"]
    yield "时效（秒） Freshness in seconds", page.get("freshness_seconds")


_CODES_LENGTH_MAX = 400
"""So many signs of a field's coded values are printed; a listing may have 200 codes a field."""
_FIELD_HEAD = ("序号 No.", "字段 Field", "类型 Type", "必填 Required", "说明 Description")


def _content(page: Page) -> tuple[Part, ...]:
    return _fields("输入 In", page["fields_in"]) + _fields("输出 Out", page["fields_out"])


def _fields(side: str, fields: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    head = (f"{side} {_FIELD_HEAD[0]}", *_FIELD_HEAD[1:])
    return _table(head, [_field(number, each) for number, each in enumerate(fields, start=1)])


def _field(number: int, field: Mapping[str, Any]) -> tuple[Any, ...]:
    coded = _codes(field.get("coded_values", ()))
    example = f"例 e.g. {field['example']}" if field.get("example") is not None else ""
    said = "\n".join(each for each in (field["description"], coded, example) if each)
    is_required = field.get("required", not field.get("nullable", False))
    return number, field["name"], field["type"], is_required, said


def _codes(coded: Sequence[Mapping[str, Any]]) -> str:
    said = "；".join(f"{each['code']} {each['label']}" for each in coded)
    if len(said) <= _CODES_LENGTH_MAX:
        return said
    kept = said[:_CODES_LENGTH_MAX].rpartition("；")[0]
    return f"{kept}；…（共 {len(coded)} 个，见挂牌页 {len(coded)} in all, on the listing's page）"


def _conditions(page: Page) -> Iterator[tuple[str, Any]]:
    conditions = page["conditions"]
    retention = conditions["retention"]
    days = f"（{retention['days']} 日 days）" if retention["days"] else ""
    yield "使用目的 Purposes", conditions["allowed_purposes"]
    yield "禁止用途 Forbidden", conditions["forbidden_purposes"]
    yield "使用主体 Who", _ONLY_THE_PAYER
    yield "使用者资质 Qualifications", page.get("user_qualifications")
    yield "时间限制 Retention", f"{retention['label']}{days}"
    yield "不得转让规则 Transfer", conditions["transfer_rule"]


def _uses(page: Page) -> tuple[Part, ...]:
    head = ("场景 Use", "目的 Purpose", "场景问题 Problem", "解决方案 Solution")
    templates = page.get("scenario_templates", ())
    rows = [
        (each["name"], each["purpose"], each.get("problem"), each.get("solution"))
        for each in templates
    ]
    return _facts(iter([("应用案例 Cases", page.get("use_cases"))])) + _table(head, rows)


def _delivery(page: Page) -> Iterator[tuple[str, Any]]:
    yield "交付方式 Delivery", page["delivery_mode"]
    yield "交付分级 Delivery grade", page.get("delivery_grade")
    yield "服务水平 Service level", page.get("service_level")


def _source(page: Page) -> tuple[Part, ...]:
    rights = [
        (each["right"], each["basis"], each["from"], each.get("to"), each.get("scope"))
        for each in page["rights"]
    ]
    persons = [
        (each["category"], each["lawful_basis"], each["is_sensitive"])
        for each in page.get("pi_categories", ())
    ]
    head = ("权利 Right", "取得方式 Basis", "自 From", "至 To", "范围 Scope")
    persons_head = ("个人信息类别 Category", "合法性基础 Lawful basis", "敏感 Sensitive")
    return _facts(_origin(page)) + _table(head, rights) + _table(persons_head, persons)


def _origin(page: Page) -> Iterator[tuple[str, Any]]:
    derivation = page.get("derivation") or {}
    yield "数据来源 Source", page["source_types"]
    yield "来源说明 Statement", page["source_statement"]
    yield "第三方关联 Third parties", page.get("third_party_links")
    yield "实质性加工 Derivation", derivation.get("kind")
    yield "加工说明 What was done", derivation.get("text")
    yield "加工自 Made from", derivation.get("inputs")
    yield "个人信息 Personal information", page["pi_level"]
    yield "同意方式 Consent", page.get("consent_model")
    yield "匿名化 Anonymisation", (page.get("anonymisation") or {}).get("method")
    yield "跨境 Cross-border", (page.get("cross_border") or {}).get("mode")
    yield "存储地 Stored in", page.get("storage_location")


def _documents(page: Page, quality_until: str | None) -> tuple[Part, ...]:
    head = ("文件 Document", "名称 Title", "出具 Issuer", "有效至 Valid to", "SHA-256")
    proofs = [
        (each["kind_label"], each["title"], each["issuer"], each["valid_to"], each["sha256"])
        for each in page["evidence"]
    ]
    certificates = [
        (each["scheme"], each["registry"], each["number"], each["valid_to"])
        for each in page.get("registry_certificates", ())
    ]
    certificates_head = ("登记证书 Certificate", "登记机构 Registry", "编号 Number", "有效至 To")
    return (
        _facts(_assurances(page, quality_until))
        + _table(head, proofs)
        + _table(certificates_head, certificates)
    )


def _assurances(page: Page, quality_until: str | None) -> Iterator[tuple[str, Any]]:
    yield "质量评级 Quality grade", page["quality"]
    yield "质量报告有效至 Report valid until", quality_until
    for each in page.get("statements", ()):
        yield "合规承诺 Statement", f"{each['kind']['label']} {each['text_version']}"


def _prices(page: Page) -> tuple[Part, ...]:
    head = ("方案 Plan", "计价 Model", "价格 Price")
    plans = page["plans"]
    return _table(
        head, [(each["offer"], each["price_model"], each["price_label"]) for each in plans]
    )
