"""The indicators by name: codes of GB/T 36344-2018, and of DB31/T 1523-2024 where it goes on."""

from compliance.quality.indicators import Definition, Direction, Group

_GB = "GB/T 36344-2018"
_TC = "TC609-5-2025"
_UP, _DOWN = Direction.UP, Direction.DOWN


def _gb(code: str, name: str, zh: str, group: Group, *, direction: Direction = _UP) -> Definition:
    return Definition(code, name, zh, group, f"{_GB} {code}", direction)


STANDARD_CONFORMITY = _gb("0101", "Standard conformity", "数据标准", Group.CONFORMITY)
METADATA_MATCH = _gb("0103", "Metadata match", "元数据", Group.CONFORMITY)
BUSINESS_RULES = _gb("0104", "Business-rule pass", "业务规则", Group.CONFORMITY)
REFERENCE_VALIDITY = _gb("0105", "Reference validity", "权威参考数据", Group.CONFORMITY)
SAFETY = _gb("0106", "Safety", "安全规范", Group.CONFORMITY)
ELEMENT_COMPLETENESS = _gb("0201", "Element completeness", "数据元素完整性", Group.COMPLETENESS)
RECORD_COMPLETENESS = _gb("0202", "Record completeness", "数据记录完整性", Group.COMPLETENESS)
FORMAT_COMPLIANCE = _gb("0302", "Format compliance", "格式合规性", Group.ACCURACY)
DUPLICATE_RATE = _gb("0303", "Duplicate rate", "数据重复率", Group.ACCURACY, direction=_DOWN)
KEY_UNIQUENESS = _gb("0304", "Key uniqueness", "数据唯一性", Group.ACCURACY)
DIRTY_RATE = _gb("0305", "Dirty rate", "脏数据出现率", Group.ACCURACY, direction=_DOWN)
COPY_CONSISTENCY = _gb("0401", "Cross-copy consistency", "相同数据一致性", Group.CONSISTENCY)
RELATION_CONSISTENCY = _gb("0402", "Relational consistency", "关联数据一致性", Group.CONSISTENCY)
PERIOD_CORRECTNESS = _gb("0501", "Period correctness", "基于时间段的正确性", Group.TIMELINESS)
TIMELINESS = _gb("0502", "Timeliness", "基于时间点的及时性", Group.TIMELINESS)
ORDER = _gb("0503", "Order in time", "时序性", Group.TIMELINESS)
AUTHORISED_USE = Definition(
    "050400", "Authorised-use timeliness", "授权使用及时性", Group.TIMELINESS,
    "DB31/T 1523-2024 050400",
)  # fmt: skip
ACCESSIBILITY = _gb("0601", "Accessibility", "可访问", Group.ACCESSIBILITY)
USABILITY = _gb("0602", "Usability", "可用性", Group.ACCESSIBILITY)
OUTLIERS = Definition("OUT", "Outlier share", "离群值占比", Group.NONE, "IQR rule", _DOWN)
DIVERSITY = Definition("FIT-D", "Scenario diversity", "场景多样性", Group.NONE, f"{_TC} FIT")
SCALE = Definition("FIT-S", "Scenario scale", "场景规模", Group.NONE, f"{_TC} FIT")
ANNOTATION = Definition("FIT-A", "Annotation accuracy", "标注准确性", Group.NONE, f"{_TC} FIT")
