"""Phone numbers that look right: for each country its dialling code and a mobile range.

A range is the first digits of a national (significant) number and its length. The numbers are
made up, but of a shape that number libraries accept as valid, so that pages can format them.
"""

import random

# country code -> (dialling code, first digits of a mobile number, length of the national number)
RANGES: dict[str, tuple[str, str, int]] = {
    "ae": ("971", "50", 9),
    "at": ("43", "664", 10),
    "au": ("61", "41", 9),
    "bd": ("880", "171", 10),
    "be": ("32", "470", 9),
    "bj": ("229", "0197", 10),
    "bo": ("591", "71", 8),
    "ca": ("1", "5143", 10),
    "cm": ("237", "67", 9),
    "co": ("57", "310", 10),
    "cy": ("357", "99", 8),
    "de": ("49", "1512", 11),
    "dk": ("45", "313", 8),
    "es": ("34", "61", 9),
    "fr": ("33", "61", 9),
    "gb": ("44", "7400", 10),
    "ge": ("995", "555", 9),
    "hk": ("852", "512", 8),
    "id": ("62", "812", 11),
    "il": ("972", "502", 9),
    "in": ("91", "981", 10),
    "it": ("39", "320", 10),
    "jp": ("81", "901", 10),
    "kh": ("855", "12", 8),
    "la": ("856", "205", 10),
    "lt": ("370", "612", 8),
    "lv": ("371", "21", 8),
    "ma": ("212", "61", 9),
    "mm": ("95", "9421", 10),
    "mx": ("52", "55", 10),
    "my": ("60", "12", 9),
    "ni": ("505", "81", 8),
    "nl": ("31", "61", 9),
    "nz": ("64", "21", 9),
    "pa": ("507", "61", 8),
    "ph": ("63", "917", 10),
    "pl": ("48", "512", 9),
    "ps": ("970", "59", 9),
    "pt": ("351", "912", 9),
    "qa": ("974", "33", 8),
    "ro": ("40", "712", 9),
    "rs": ("381", "601", 9),
    "ru": ("7", "912", 10),
    "sa": ("966", "51", 9),
    "se": ("46", "701", 9),
    "sg": ("65", "81", 8),
    "th": ("66", "81", 9),
    "tj": ("992", "917", 9),
    "tr": ("90", "532", 10),
    "ua": ("380", "501", 9),
    "us": ("1", "7548", 10),
    "vn": ("84", "912", 9),
    "za": ("27", "71", 9),
}


def dialling_code(country_code: str) -> str:
    return RANGES[country_code][0]


def make_national_number(country_code: str, chance: random.Random) -> str:
    """A mobile number without the dialling code, as leases give it out."""
    _, start, length = RANGES[country_code]
    return start + "".join(chance.choices("0123456789", k=length - len(start)))
