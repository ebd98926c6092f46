"""Check digits: what tells an identifier from a number that looks like one."""

from __future__ import annotations

from string import ascii_uppercase

_DOUBLED = str.maketrans("0123456789", "0246813579")  # twice the digit, its own digits added
_LETTERS_AS_NUMBERS = {ord(letter): str(int(letter, 36)) for letter in ascii_uppercase}
_LA_POSTE = "356000000"


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the right doubled, sum divisible by ten."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def iban_mod97(iban: str) -> bool:
    """ISO 13616: the first four characters moved to the end, letters as 10 to 35, remainder 1."""
    return int((iban[4:] + iban[:4]).translate(_LETTERS_AS_NUMBERS)) % 97 == 1


def nir_key(number: str, key: str) -> bool:
    """The key is 97 minus the remainder of the thirteen digits; Corsica's 2A counts as 19 and 2B as 18."""
    digits = number.upper().replace("2A", "19").replace("2B", "18")
    return int(key) == 97 - int(digits) % 97


def siret(digits: str) -> bool:
    """Luhn over the nine digits of the company and over all fourteen.

    La Poste has more establishments than Luhn has room for: there the sum of all digits divides by five.
    """
    if not luhn(digits[:9]):
        return False
    if luhn(digits):
        return True
    return digits.startswith(_LA_POSTE) and sum(map(int, digits)) % 5 == 0
