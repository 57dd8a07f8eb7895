"""Words of a medical record; they tell something about a person only under such a column."""

import re

from compliance.scanner.patterns.spans import shape_spans

_SHAPE = re.compile(
    r"高血压|糖尿病|冠心病|肿瘤|[\u4e00-\u9fff]癌|白血病|肝炎|肺炎|哮喘|抑郁|精神分裂|癫痫|艾滋|HIV|梅毒|结核"
    r"|骨折|过敏史|既往史|现病史|主诉|住院|手术史|化疗|透析|妊娠|流产|处方|确诊|阳性|血压|血糖|心率"
    r"|(?<![A-Za-z0-9])[A-TV-Z]\d{2}\.\d{1,2}(?![0-9])"  # ICD-10 with a subdivision
)

spans = shape_spans(_SHAPE)
