# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Units that can stand beside a number, each under one name: "km" and "kilometres" are equal, "kg" is another."""

from __future__ import annotations

import re

_ALIASES = {
    "%": "% percent pct per_cent percentage percentage_points percentage_point pp",
    "‰": "‰ permille",
    "dollar": "$ usd us$ dollar dollars",
    "cent": "cent cents",
    "euro": "€ eur euro euros",
    "pound sterling": "£ gbp quid",
    "yen": "¥ jpy yen",
    "yuan": "cny rmb yuan renminbi",
    "rupee": "₹ inr rs rupee rupees",
    "won": "₩ krw won",
    "franc": "chf franc francs",
    "rouble": "₽ rub rouble roubles ruble rubles",
    "krona": "sek krona kronor",
    "km": "km kms kilometre kilometres kilometer kilometers",
    "m": "m metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "nm": "nm nanometre nanometres nanometer nanometers",
    "mile": "mi mile miles",
    "yard": "yd yard yards",
    "foot": "ft foot feet",
    "inch": "inch inches",
    "km²": "km² km2 sq_km square_kilometre square_kilometres square_kilometer square_kilometers",
    "m²": "m² m2 sq_m square_metre square_metres square_meter square_meters",
    "square mile": "sq_mi square_mile square_miles",
    "square foot": "sq_ft square_foot square_feet",
    "hectare": "ha hectare hectares",
    "acre": "acre acres",
    "kg": "kg kgs kilogram kilograms kilo kilos",
    "g": "g gram grams",
    "mg": "mg milligram milligrams",
    "tonne": "t tonne tonnes",
    "ton": "ton tons",
    "pound": "lb lbs pound pounds",
    "ounce": "oz ounce ounces",
    "litre": "l litre litres liter liters",
    "ml": "ml millilitre millilitres milliliter milliliters",
    "gallon": "gal gallon gallons",
    "barrel": "bbl barrel barrels",
    "second": "s sec secs second seconds",
    "ms": "ms millisecond milliseconds",
    "minute": "min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "yr yrs year years",
    "decade": "decade decades",
    "century": "century centuries",
    "km/h": "km/h kmh kph",
    "mph": "mph",
    "m/s": "m/s",
    "knot": "knot knots",
    "°C": "°c ℃ celsius",
    "°F": "°f ℉ fahrenheit",
    "K": "kelvin kelvins",
    "°": "° degree degrees",
    "W": "w watt watts",
    "kW": "kw kilowatt kilowatts",
    "MW": "mw megawatt megawatts",
    "GW": "gw gigawatt gigawatts",
    "kWh": "kwh",
    "MWh": "mwh",
    "GWh": "gwh",
    "TWh": "twh",
    "V": "v volt volts",
    "Hz": "hz hertz",
    "kHz": "khz",
    "MHz": "mhz",
    "GHz": "ghz",
    "byte": "byte bytes",
    "kB": "kb kilobyte kilobytes",
    "MB": "mb megabyte megabytes",
    "GB": "gb gigabyte gigabytes",
    "TB": "tb terabyte terabytes",
    "Pa": "pa pascal pascals",
    "BC": "bc bce",
    "×": "× times fold",
}
_NAME = {alias.replace("_", " "): name for name, aliases in _ALIASES.items() for alias in aliases.split()}

_CANDIDATE = re.compile(r"[ \t\u00a0\u202f-]?([^\W\d_]{1,15}(?:[/ -][^\W\d_]{1,15})?[²2]?|[%‰$€£¥₹₩₽×]|°[CFcf]?|[℃℉])")
_WRITTEN = re.compile(r"[^\W\d_]{2,15}|[%‰$€£¥₹₩₽]|°[CFcf]")
_PREFIX = re.compile(r"(?:US\$|[A-Z]{0,2}\$|[€£¥₹₩₽]|\b(?:USD|EUR|GBP|JPY|CNY|INR|CHF|Rs\.?))[ \u00a0]?\Z")


def unit_name(text: str) -> str | None:
    """The one name of a unit written as `text`, or None when it is no unit known here."""
    return _NAME.get(" ".join(text.lower().rstrip(".").replace("-", " ").split()))


def unit_after(text: str, place: int) -> tuple[str, int] | None:
    """The unit that begins at `place` (a space or hyphen may come first), with the place where it ends."""
    match = _CANDIDATE.match(text, place)
    if match is None:
        return None
    whole, first = match[1], re.split(r"[/ -]", match[1], maxsplit=1)[0]
    for candidate in (whole, first):
        name = unit_name(candidate)
        end = match.start(1) + len(candidate)
        if name is not None and not text[end : end + 1].isalnum():
            return name, end
    return None


def unit_before(text: str, place: int) -> tuple[str, int] | None:
    """The currency sign that ends at `place`, with the place where it starts."""
    match = _PREFIX.search(text[max(0, place - 6) : place])
    if match is None:
        return None
    sign = match[0].strip()
    name = "dollar" if sign.endswith("$") else unit_name(sign)
    return (name, place - len(match[0])) if name else None


def units_in(text: str) -> frozenset[str]:
    """Every unit written anywhere in `text`, also away from a number, as in the head of a table."""
    return frozenset(name for match in _WRITTEN.finditer(text) if (name := unit_name(match[0])) is not None)
