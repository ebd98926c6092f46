"""What an organisation may be called, and what its money may be counted in."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches

from tenuto.core.errors import TenutoError
from tenuto.govern.workspaces.errors import CURRENCY_UNKNOWN, ORGANISATION_UNNAMED

_LONGEST_NAME = 200
# The currencies in circulation (ISO 4217).
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF"
    " CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD"
    " HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL"
    " LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP"
    " PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT"
    " TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CODES.split())


def require_currency(code: str) -> str:
    """Return the code as it is kept."""
    kept = code.strip().upper()
    if kept not in CURRENCIES:
        near = get_close_matches(kept, sorted(CURRENCIES), n=3)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise TenutoError(CURRENCY_UNKNOWN, f"`{code.strip()[:20]}`{hint}", field="currency")
    return kept


def require_name(name: str) -> str:
    """Return the organisation's name as it is kept."""
    kept = name.strip()
    if not 1 <= len(kept) <= _LONGEST_NAME or any(unicodedata.category(one) in {"Cc", "Cs"} for one in kept):
        raise TenutoError(ORGANISATION_UNNAMED, f"{len(kept)} characters", field="organisation")
    return kept
