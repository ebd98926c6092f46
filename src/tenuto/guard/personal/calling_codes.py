"""Country calling codes (ITU E.164), and how many digits follow each."""

from __future__ import annotations

import re

import msgspec


class NumberingPlan(msgspec.Struct, frozen=True):
    code: str
    fewest: int  # digits after the code
    most: int
    keeps_zero: bool  # a leading 0 is dialled from abroad too


_LENGTHS = """
1 10 10   7 10 10   20 8 10   27 9 9    30 10 10  31 9 9    32 8 9    33 9 9    34 9 9    36 8 9
39 8 11   40 9 9    41 9 9    43 7 12   44 9 10   45 8 8    46 7 10   47 8 8    48 9 9    49 7 12
51 8 9    52 10 11  53 8 8    54 10 11  55 10 11  56 9 9    57 8 10   58 10 10  60 8 10   61 9 9
62 8 12   63 8 10   64 8 10   65 8 8    66 8 9    81 9 10   82 8 10   84 9 10   86 10 11  90 10 10
91 10 10  92 9 10   93 9 9    94 9 9    95 7 10   98 10 10
212 9 9   213 8 9   216 8 8   221 9 9   225 10 10 237 9 9   262 9 9   351 9 9   352 6 11  353 7 9
354 7 7   355 8 9   356 8 8   357 8 8   358 6 11  359 7 9   370 8 8   371 8 8   372 7 8   373 8 8
374 8 8   375 9 9   376 6 6   377 8 9   378 6 10  380 9 9   381 8 9   382 8 8   383 8 8   385 8 9
386 8 8   387 8 8   389 8 8   420 9 9   421 9 9   423 7 7   508 6 6   590 9 9   594 9 9   596 9 9
687 6 6   689 8 8   852 8 8   971 8 9   972 8 9
"""
_KEEPS_ZERO = frozenset({"39", "225", "378"})
_PLANS = {
    code: NumberingPlan(code, int(fewest), int(most), code in _KEEPS_ZERO)
    for code, fewest, most in zip(*[iter(_LENGTHS.split())] * 3, strict=True)
}
# Zones of three-digit codes whose countries are not listed one by one.
_ZONE = re.compile("2[1-69]|50|59|6[7-9]|8[578]|9[679]")


def numbering_plan(digits: str) -> NumberingPlan | None:
    """Return the plan of the country whose code ``digits`` begins with; None when no country has it."""
    for length in (1, 2, 3):
        plan = _PLANS.get(digits[:length])
        if plan:
            return plan
    return NumberingPlan(digits[:3], 7, 9, keeps_zero=False) if _ZONE.match(digits) else None
