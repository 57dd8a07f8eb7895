"""Chinese personal names: a surname and one or two characters more; no dictionary, no model."""

import re

from compliance.scanner.patterns.spans import Span

_SINGLE = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程"
    "苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚"
    "邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝"
    "包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤"
    "阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇"
    "栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚"
    "皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬"
)
_COMPOUND = frozenset(
    (
        "欧阳",
        "上官",
        "皇甫",
        "令狐",
        "诸葛",
        "司徒",
        "司马",
        "申屠",
        "夏侯",
        "贺兰",
        "完颜",
        "慕容",
        "尉迟",
        "长孙",
        "东方",
        "独孤",
        "呼延",
        "端木",
        "南宫",
        "公孙",
        "宇文",
        "轩辕",
        "百里",
        "东郭",
        "西门",
        "第五",
        "公冶",
        "澹台",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "仲孙",
        "钟离",
        "鲜于",
        "闾丘",
        "司空",
        "亓官",
    )
)
_HAN = re.compile(r"[\u4e00-\u9fff]{2,4}")
_WITHOUT_COMPOUND_MAX = 3


def is_name(text: str) -> bool:
    """Whether two to four characters begin with a surname; many words do too."""
    if not _HAN.fullmatch(text):
        return False
    if text[:2] in _COMPOUND:
        return len(text) >= _WITHOUT_COMPOUND_MAX
    return len(text) <= _WITHOUT_COMPOUND_MAX and text[0] in _SINGLE


def spans(text: str) -> list[Span]:
    """The whole cell if it is a name; names inside sentences are not looked for."""
    return [(0, len(text))] if is_name(text) else []
