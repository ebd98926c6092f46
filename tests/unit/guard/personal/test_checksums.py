from __future__ import annotations

import pytest

from tenuto.guard.personal.checksums import iban_mod97, luhn, nir_key, siret
from tenuto.guard.personal.ibans import _COUNTRIES, _form

pytestmark = pytest.mark.capability("G12")

# Examples that the registry itself publishes for these countries.
EXAMPLES = [
    "AD1200012030200359100100",
    "AE070331234567890123456",
    "AT611904300234573201",
    "BE68539007547034",
    "CH9300762011623852957",
    "CY17002001280000001200527600",
    "DE89370400440532013000",
    "DK5000400440116243",
    "EE382200221020145685",
    "ES9121000418450200051332",
    "FI2112345600000785",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "GR1601101250000000012300695",
    "HR1210010051863000160",
    "HU42117730161111101800000000",
    "IE29AIBK93115212345678",
    "IT60X0542811101000000123456",
    "LT121000011101001000",
    "LU280019400644750000",
    "LV80BANK0000435195001",
    "MC5811222000010123456789030",
    "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "PL61109010140000071219812874",
    "PT50000201231234567890154",
    "RO49AAAA1B31007593840000",
    "SE4550000000058398257466",
    "SI56263300012039086",
    "SK3112000000198742637541",
    "SM86U0322509800000000270100",
    "TR330006100519786457841326",
    "UA213223130000026007233566001",
    "VA59001123000012345678",
]


@pytest.mark.parametrize("iban", EXAMPLES)
def test_published_account_numbers_fit_their_country(iban: str) -> None:
    form = _form(iban[:2])
    assert form is not None
    assert form.fullmatch(iban, 4)
    assert iban_mod97(iban)
    assert not iban_mod97(iban[:-1] + ("0" if iban[-1] != "0" else "1"))


def test_no_account_number_is_longer_than_thirty_four_characters() -> None:
    for country in _COUNTRIES:
        form = _form(country)
        assert form is not None
        lengths = [length for length in range(11, 31) if form.match("0" * length) or form.match("A" * length)]
        assert len(lengths) <= 1
    assert _form("ZZ") is None


def test_luhn() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398714")


def test_the_key_of_a_social_security_number() -> None:
    assert nir_key("1850578006084", "91")
    assert nir_key("185052A006084", f"{97 - 1850519006084 % 97:02d}")
    assert nir_key("185052b006084", f"{97 - 1850518006084 % 97:02d}")
    assert not nir_key("1850578006084", "92")


def test_establishments_of_la_poste() -> None:
    assert siret("73282932000074")
    assert siret("35600000049837")
    assert not siret("35600000049838")
    assert not siret("73282932100074")  # the company's own nine digits fail
