"""Addresses as they are written in China: road and number, building, unit and room."""

import re

from compliance.scanner.patterns.spans import shape_spans

_SHAPE = re.compile(
    r"[\u4e00-\u9fff]{1,12}(?:路|街|道|巷|弄|胡同|村|里|苑|园|小区|镇|乡)"
    r"[\u4e00-\u9fff]{0,8}?"
    r"\d{1,5}(?:号院?|弄|幢|栋|号楼|组)"
    r"(?:[\u4e00-\u9fff0-9A-Za-z -]{0,16}?\d{1,5}(?:室|单元|房|户))?"
)
_HOME = re.compile(r"\d{1,4}(?:号楼|幢|栋|单元)[\u4e00-\u9fff0-9 -]{0,12}?\d{2,4}(?:室|房|户)?")

spans = shape_spans(_SHAPE)
home_spans = shape_spans(_HOME)
