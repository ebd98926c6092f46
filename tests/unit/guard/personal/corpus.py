"""A labelled sample of French and English sentences, made from a seed: true identifiers and near misses.

Nothing here belongs to anybody: numbers are drawn at random and given valid check digits, or deliberately
wrong ones. Each sentence carries the exact spans that ought to be found.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tenuto.guard.personal import Entity


@dataclass
class Sentence:
    text: str
    spans: list[tuple[Entity, int, int]] = field(default_factory=list)


def luhn_digit(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def grouped(text: str, sizes: tuple[int, ...], gap: str) -> str:
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    return gap.join([*pieces, text] if text else pieces)


def email(rng: random.Random) -> str:
    first = rng.choice(["jean", "Marie-Claude", "o'brien", "p.martin", "sales+eu", "andré", "x_y", "info"])
    host = rng.choice(["exemple.fr", "mail.example.co.uk", "société.fr", "a-b.io", "sub.domain.example.org"])
    return f"{first}@{host}"


def phone(rng: random.Random) -> str:
    pairs = [digits(rng, 2) for _ in range(4)]
    first = rng.choice("1234567")
    gap = rng.choice([" ", ".", "-", "", "\u00a0", "\u202f"])
    tail = gap.join(pairs)
    forms = [
        f"0{first}{gap}{tail}",
        f"+33{gap}{first}{gap}{tail}",
        f"+33 (0){first} {' '.join(pairs)}",
        f"0033 {first} {' '.join(pairs)}",
        f"+44 20 {digits(rng, 4)} {digits(rng, 4)}",
        f"+1 (415) {rng.randint(200, 999)}-{digits(rng, 4)}",
        f"+49 30 {digits(rng, 8)}",
        f"+34 6{digits(rng, 2)} {digits(rng, 3)} {digits(rng, 3)}",
        f"+352 621 {digits(rng, 3)} {digits(rng, 3)}",
        f"+41 79 {digits(rng, 3)} {digits(rng, 2)} {digits(rng, 2)}",
    ]
    return rng.choice(forms)


def _account(rng: random.Random) -> tuple[str, str]:
    country = rng.choice(["FR", "DE", "ES", "GB", "BE", "NL", "IT", "CH"])
    letter = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    bank = "".join(rng.choice(letter) for _ in range(4))
    accounts = {
        "FR": digits(rng, 20) + rng.choice(letter) + digits(rng, 2),
        "DE": digits(rng, 18),
        "ES": digits(rng, 20),
        "GB": bank + digits(rng, 14),
        "BE": digits(rng, 12),
        "NL": bank + digits(rng, 10),
        "IT": rng.choice(letter) + digits(rng, 22),
        "CH": digits(rng, 17),
    }
    return country, accounts[country]


def _write_iban(rng: random.Random, country: str, check: int, account: str) -> str:
    iban = f"{country}{check:02d}{account}"
    return rng.choice([iban, grouped(iban, (4,) * 8, " ").strip(), grouped(iban, (4,) * 8, "\u00a0").strip()])


def _iban_check(country: str, account: str) -> int:
    return 98 - int("".join(str(int(character, 36)) for character in f"{account}{country}00")) % 97


def iban(rng: random.Random) -> str:
    country, account = _account(rng)
    return _write_iban(rng, country, _iban_check(country, account), account)


def iban_miss(rng: random.Random) -> str:
    country, account = _account(rng)
    wrong = (_iban_check(country, account) + rng.randint(1, 95) - 2) % 97 + 2
    if wrong == _iban_check(country, account):
        wrong = wrong % 97 + 2
    return _write_iban(rng, country, wrong, account)


def _card_body(rng: random.Random) -> str:
    prefix, length = rng.choice(
        [("4", 16), ("5" + rng.choice("12345"), 16), ("37", 15), ("6011", 16), ("3530", 16)]
    )
    return prefix + digits(rng, length - len(prefix) - 1)


def _write_card(rng: random.Random, number: str) -> str:
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4)
    return rng.choice(
        [number, grouped(number, sizes, " "), grouped(number, sizes, "-"), grouped(number, sizes, "\u00a0")]
    )


def card(rng: random.Random) -> str:
    body = _card_body(rng)
    return _write_card(rng, body + luhn_digit(body))


def card_miss(rng: random.Random) -> str:
    body = _card_body(rng)
    return _write_card(rng, body + str((int(luhn_digit(body)) + rng.randint(1, 9)) % 10))


def _nir_body(rng: random.Random) -> tuple[str, ...]:
    place = rng.choice(
        [("75", "056"), ("2A", "004"), ("2B", "033"), ("99", "109"), ("974", "11"), ("13", "055")]
    )
    month = rng.choice([f"{rng.randint(1, 12):02d}", "20", "31", "99"])
    return (rng.choice("1212123478"), digits(rng, 2), month, *place, digits(rng, 3))


def _nir_key(body: tuple[str, ...]) -> int:
    return 97 - int("".join(body).replace("2A", "19").replace("2B", "18")) % 97


def nir(rng: random.Random) -> str:
    body = _nir_body(rng)
    gap = rng.choice(["", " ", "\u00a0", "."])
    return gap.join((*body, f"{_nir_key(body):02d}"))


def nir_miss(rng: random.Random) -> str:
    body = _nir_body(rng)
    key = (_nir_key(body) + rng.randint(1, 96) - 1) % 97 + 1
    return " ".join((*body, f"{key:02d}"))


def siren_digits(rng: random.Random) -> str:
    body = rng.choice("3456789") + digits(rng, 7)
    return body + luhn_digit(body)


def siren(rng: random.Random) -> str:
    return grouped(siren_digits(rng), (3, 3, 3), rng.choice(["", " ", "\u202f"]))


def siret(rng: random.Random) -> str:
    body = siren_digits(rng) + f"{rng.randint(1, 400):04d}"
    return grouped(body + luhn_digit(body), (3, 3, 3, 5), rng.choice(["", " ", "\u00a0"]))


def siret_miss(rng: random.Random) -> str:
    body = siren_digits(rng) + f"{rng.randint(1, 400):04d}"
    return body + str((int(luhn_digit(body)) + rng.randint(1, 9)) % 10)


CARRIERS: dict[Entity, list[str]] = {
    Entity.EMAIL: [
        "Écrivez à {} avant lundi.",
        "Please mail {}, thanks.",
        "Contact : <{}>",
        '{{"to": "{}"}}',
    ],
    Entity.PHONE: ["Appelez le {} ce soir.", "Call me on {}.", "Tél. : {} (bureau)", "rappel {} ou demain"],
    Entity.IBAN: ["IBAN : {}.", "Virement sur {} merci", "Pay to {} today", "compte {}, agence de Lyon"],
    Entity.CARD: ["Carte {} exp. 12/27", "My card is {}.", "paiement par {} refusé", "card={};"],
    Entity.NIR: ["NIR {}", "Sécu : {}, né à Ajaccio", "numéro de sécurité sociale {}.", "SSN (FR) {} ok"],
    Entity.SIRET: ["SIRET {}", "établissement {} à Lille", "Facture, Siret : {}.", "company {} in Paris"],
    Entity.SIREN: ["SIREN {}", "RCS Paris {}.", "siren: {},", "immatriculée sous le numéro {} à Nantes"],
}
MAKERS: dict[Entity, Callable[[random.Random], str]] = {
    Entity.EMAIL: email,
    Entity.PHONE: phone,
    Entity.IBAN: iban,
    Entity.CARD: card,
    Entity.NIR: nir,
    Entity.SIRET: siret,
    Entity.SIREN: siren,
}
WRONG_CHECK_DIGITS = (iban_miss, card_miss, nir_miss, siret_miss)


# What business text is full of and is nobody's: D12 is twelve digits, N5-30 a number from 5 to 30.
PLAIN = """
Le N10-28/N10-12/N1990-2030 à N10-23:N10-59, salle N1-400.
Released 20N10-30-N10-12-N10-28 N10-23:N10-59:N10-59.
Commande n° D8 du N1-28 mars, N1-90 articles.
Order #N1000000000-9000000000 shipped, ref D4-D6.
Montant : N1-9 D3 D3,D2 € pour N2-900 unités.
Total $N1-9,D3,D3.D2 over N2-30 years.
Version N1-9.N0-30.N0-30+build.D5 on N1-9.N0-9.N0-9.N0-9
Host N1-254.N0-254.N0-254.N1-254 port N1024-65535.
Trace D4abD2-e29b-41d4-a716-D6cdD4.
epoch N1500000000-1900000000, N1500000000000-1900000000000 ms
Build 20N10-30N10-12N10-28N10-23N10-59N10-59 passed.
GPS N40-50.D6, N0-9.D6 altitude N10-900 m, puis +N40-50.D6 +N0-9.D6
ISBN 978-2-D4-D4-D1, page N1-900
Colis 6AD11, N1-30 kg, N1-99 x N1-99 cm
Temperatures N10-39 N10-39 N10-39 N10-39 N10-39 degrees
Rows N1000-2999 N1000-2999 N1000-2999 N1000-2999 N1000-2999.
Hausse de +N1-99 D3 D3 € sur N2000-2030-N2031-2040.
Ticket JIRA-D5, commit N1000000-9999999, 100000 x N100-999.
Écran logo@N2-3x.png de N10-99 Ko, paquet react@N1-30.N0-9.N0-9
Décorateur @property, pixel 1080@60, tag @equipe, MAC 01-D2-5E-D2-A1-D2
""".strip().splitlines()
_BLANK = re.compile(r"D([0-9]+)|N([0-9]+)-([0-9]+)")


def plain_numbers(rng: random.Random) -> str:
    def fill(blank: re.Match[str]) -> str:
        return digits(rng, int(blank[1])) if blank[1] else str(rng.randint(int(blank[2]), int(blank[3])))

    return _BLANK.sub(fill, rng.choice(PLAIN))


def corpus(seed: int, each: int) -> list[Sentence]:
    """``each`` sentences per entity, as many per kind of wrong check digit, four times as many plain ones."""
    rng = random.Random(seed)
    sentences = []
    for entity, make in MAKERS.items():
        for _ in range(each):
            carrier, value = rng.choice(CARRIERS[entity]), make(rng)
            text = carrier.format(value)
            start = text.index(value)
            sentences.append(Sentence(text, [(entity, start, start + len(value))]))
    carriers = [carrier for group in CARRIERS.values() for carrier in group]
    for miss in WRONG_CHECK_DIGITS:
        sentences += [Sentence(rng.choice(carriers).format(miss(rng))) for _ in range(each)]
    sentences += [Sentence(plain_numbers(rng)) for _ in range(4 * each)]
    return sentences
