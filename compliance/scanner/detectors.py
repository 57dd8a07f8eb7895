"""What the scanner looks for: a pattern, the names that hint at it, and what convicts a column."""

from dataclasses import dataclass
from enum import StrEnum

from compliance.scanner.patterns import (
    address,
    bank_card,
    email,
    health,
    identity_number,
    land_line,
    mobile,
    network,
    person_name,
    secret,
    travel_document,
    uscc,
    vehicle,
)
from compliance.scanner.patterns.spans import Spans


class Kind(StrEnum):
    """What is recognised."""

    IDENTITY_NUMBER = "IDENTITY_NUMBER"
    MOBILE = "MOBILE"
    LAND_LINE = "LAND_LINE"
    BANK_CARD = "BANK_CARD"
    USCC = "USCC"
    PLATE = "PLATE"
    VIN = "VIN"
    TRAVEL_DOCUMENT = "TRAVEL_DOCUMENT"
    EMAIL = "EMAIL"
    IP_ADDRESS = "IP_ADDRESS"
    IMEI = "IMEI"
    MAC_ADDRESS = "MAC_ADDRESS"
    TRACK = "TRACK"
    PERSON_NAME = "PERSON_NAME"
    ADDRESS = "ADDRESS"
    HEALTH = "HEALTH"
    RELIGION = "RELIGION"
    BIOMETRIC = "BIOMETRIC"
    MINOR = "MINOR"
    SECRET = "SECRET"  # noqa: S105 - the name of a kind


class Confidence(StrEnum):
    """How sure a finding is; a LOW one is for a person to judge and never blocks by itself."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


DIRECT_IDENTIFIERS = frozenset(
    {Kind.IDENTITY_NUMBER, Kind.MOBILE, Kind.BANK_CARD, Kind.TRAVEL_DOCUMENT}
)
"""Each alone points at one person; an undeclared one contradicts the supplier's declaration."""

SENSITIVE = frozenset({Kind.TRACK, Kind.HEALTH, Kind.RELIGION, Kind.BIOMETRIC, Kind.MINOR})
"""Kinds that PIPL 28 calls sensitive."""


class Prose(StrEnum):
    """What a match inside a longer text is worth."""

    CONVICTS = "CONVICTS"
    NEEDS_A_WORD = "NEEDS_A_WORD"
    IS_NONE = "IS_NONE"


@dataclass(frozen=True)
class Detector:
    """One kind's pattern and thresholds.

    ``candidates`` is the shape without its check: the share of candidates that pass tells numbers
    of the kind from other numbers that pass by chance. A bare cell is one that is nothing else.
    ``share_min`` convicts a column of bare cells without a cue, as a share of the filled cells; 1.1
    means never. ``cue_share_min`` convicts one with a cue, as a share of the candidates.
    """

    kind: Kind
    spans: Spans
    cues: tuple[str, ...] = ()
    share_min: float = 0.5
    cue_share_min: float = 0.0
    prose: Prose = Prose.IS_NONE
    near: tuple[str, ...] = ()
    candidates: Spans | None = None
    confidence: Confidence = Confidence.HIGH
    is_a_quantity_too: bool = False


NEVER = 1.1

IDENTITY_CUES = (
    "身份证", "证件号", "公民身份", "idcard", "id_card", "id_no", "idno", "id_num", "sfz",
    "shenfenzheng", "identity", "cert_no", "certno", "zjhm",
)  # fmt: skip
MOBILE_CUES = (
    "手机", "电话", "联系方式", "mobile", "phone", "tel", "telephone", "msisdn", "shouji",
    "dianhua", "cellphone", "contact_no", "sjh", "lxdh",
)  # fmt: skip
CARD_CUES = (
    "银行卡", "卡号", "账号", "账户", "帐号", "bankcard", "bank_card", "card_no", "cardno",
    "card_number", "pan", "kahao", "yhkh", "bank_account", "account_no",
)  # fmt: skip
_SUBJECT_WORDS = ("电话", "手机", "联系", "致电", "拨打", "微信", "tel", "phone", "mobile", "call")

DETECTORS = (
    Detector(
        Kind.IDENTITY_NUMBER,
        identity_number.spans,
        IDENTITY_CUES,
        # One match of a sample is enough: the pattern's own checks leave next to nothing to chance.
        share_min=0.004,
        prose=Prose.CONVICTS,
    ),
    Detector(
        Kind.IDENTITY_NUMBER,
        identity_number.old_spans,
        IDENTITY_CUES,
        cue_share_min=0.2,
        prose=Prose.NEEDS_A_WORD,
        near=("身份证", "证件", "identity", "id card"),
        candidates=identity_number.old_candidates,
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.IDENTITY_NUMBER,
        identity_number.rounded_spans,
        IDENTITY_CUES,
        cue_share_min=0.2,
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.MOBILE,
        mobile.spans,
        MOBILE_CUES,
        prose=Prose.NEEDS_A_WORD,
        near=_SUBJECT_WORDS,
        is_a_quantity_too=True,
    ),
    Detector(
        Kind.LAND_LINE,
        land_line.spans,
        (*MOBILE_CUES, "座机", "传真", "fax", "landline", "zuoji"),
        prose=Prose.NEEDS_A_WORD,
        near=(*_SUBJECT_WORDS, "传真", "座机", "fax"),
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.BANK_CARD,
        bank_card.spans,
        CARD_CUES,
        cue_share_min=0.3,
        prose=Prose.NEEDS_A_WORD,
        near=("卡", "账号", "账户", "帐号", "card", "account"),
        candidates=bank_card.candidates,
        is_a_quantity_too=True,
    ),
    Detector(
        Kind.USCC,
        uscc.spans,
        ("信用代码", "统一代码", "税号", "纳税人识别号", "uscc", "credit_code", "creditcode",
         "tyshxydm", "tax_no"),
        prose=Prose.CONVICTS,
        share_min=0.05,
        cue_share_min=0.05,
        candidates=uscc.candidates,
    ),
    Detector(
        Kind.PLATE,
        vehicle.plate_spans,
        ("车牌", "号牌", "plate", "chepai", "license_plate", "licence_plate"),
        share_min=0.02,
        prose=Prose.CONVICTS,
    ),
    Detector(
        Kind.VIN,
        vehicle.vin_spans,
        ("车架", "车辆识别", "vin", "chassis", "chejia"),
        cue_share_min=0.3,
        prose=Prose.NEEDS_A_WORD,
        near=("车架", "识别", "vin"),
        candidates=vehicle.vin_candidates,
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.TRAVEL_DOCUMENT,
        travel_document.spans,
        ("护照", "通行证", "回乡证", "台胞证", "passport", "huzhao", "travel_permit"),
        share_min=NEVER,
        cue_share_min=0.1,
        prose=Prose.NEEDS_A_WORD,
        near=("护照", "通行证", "回乡证", "台胞证", "passport"),
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.EMAIL,
        email.spans,
        ("邮箱", "邮件", "email", "mail", "youxiang"),
        share_min=0.0,
        prose=Prose.CONVICTS,
    ),
    Detector(
        Kind.IP_ADDRESS,
        network.ip_spans,
        ("ip", "ipv", "ipaddr", "ipaddress", "client_ip", "remote_addr", "网络地址"),
        share_min=0.3,
        cue_share_min=0.05,
        prose=Prose.NEEDS_A_WORD,
        near=("ip", "地址", "from", "来自", "addr"),
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.IMEI,
        network.imei_spans,
        ("imei", "设备号", "串号", "device_no"),
        cue_share_min=0.3,
        prose=Prose.NEEDS_A_WORD,
        near=("imei", "串号", "设备号"),
        candidates=network.imei_candidates,
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.MAC_ADDRESS,
        network.mac_spans,
        ("mac", "mac_address", "bssid", "物理地址"),
        share_min=0.02,
        prose=Prose.CONVICTS,
        confidence=Confidence.MEDIUM,
    ),
    Detector(
        Kind.PERSON_NAME,
        person_name.spans,
        ("姓名", "联系人", "法人", "法定代表人", "负责人", "客户名", "患者", "司机",
         "收件人", "持卡人",
         "xingming", "real_name", "realname", "full_name", "fullname", "person_name",
         "user_name", "customer_name", "patient_name", "contact_name", "lianxiren", "xm"),
        share_min=NEVER,
        cue_share_min=0.5,
        confidence=Confidence.LOW,
    ),
    Detector(
        Kind.ADDRESS,
        address.spans,
        ("地址", "住址", "居住地", "户籍", "收货", "address", "addr", "dizhi", "residence"),
        share_min=NEVER,
        cue_share_min=0.2,
        confidence=Confidence.LOW,
    ),
    Detector(
        Kind.ADDRESS,
        address.home_spans,
        ("住址", "居住地", "home_address"),
        share_min=0.2,
        prose=Prose.NEEDS_A_WORD,
        near=("住", "址", "家"),
        confidence=Confidence.LOW,
    ),
    Detector(
        Kind.HEALTH,
        health.spans,
        ("诊断", "病", "疾病", "症状", "用药", "过敏", "主诉", "体检", "血型",
         "diagnosis", "disease", "symptom", "medication", "allergy", "icd", "zhenduan", "medical"),
        share_min=NEVER,
        cue_share_min=0.05,
        confidence=Confidence.LOW,
    ),
    Detector(Kind.SECRET, secret.spans, share_min=0.0, prose=Prose.CONVICTS),
)  # fmt: skip

NAMED_KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.RELIGION, ("宗教", "信仰", "religion", "zongjiao", "faith")),
    (Kind.BIOMETRIC, ("人脸", "指纹", "虹膜", "声纹", "步态", "掌纹", "fingerprint_template",
                      "face_feature", "face_embedding", "iris", "voiceprint", "biometric")),
    (Kind.SECRET, ("password", "passwd", "密码", "口令", "secret_key", "api_key", "access_key",
                   "private_key", "access_token", "refresh_token")),
)  # fmt: skip
"""Kinds without a pattern: the name of a column that holds anything unmasked is the finding."""
