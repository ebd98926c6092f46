from __future__ import annotations

from itertools import pairwise

import pytest

from tenuto.guard.personal import DEFAULT_POLICY, Entity, EntityRule, Evidence, Policy, Severity, find

pytestmark = pytest.mark.capability("G12")


def found(text: str, policy: Policy = DEFAULT_POLICY) -> list[tuple[str, str]]:
    return [(finding.entity.value, text[finding.start : finding.end]) for finding in find(text, policy)]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("Écrivez à jean.dupont@exemple.fr.", "EMAIL", "jean.dupont@exemple.fr"),
        ("'o'brien@example.ie'", "EMAIL", "o'brien@example.ie"),
        ("**andré@société.fr**", "EMAIL", "andré@société.fr"),
        ("邮箱jean@example.com是", "EMAIL", "jean@example.com"),
        ("a+tag@xn--socit-esab.fr", "EMAIL", "a+tag@xn--socit-esab.fr"),
        ("jean＠exemple．fr", "EMAIL", "jean＠exemple．fr"),
        ("user:secret@db.example.org/x", "EMAIL", "secret@db.example.org"),
        ("06 12 34 56 78", "PHONE", "06 12 34 56 78"),
        ("tel.06.12.34.56.78.", "PHONE", "06.12.34.56.78"),
        ("06-12-34-56-78", "PHONE", "06-12-34-56-78"),
        ("0612345678", "PHONE", "0612345678"),
        ("0612 34 56 78", "PHONE", "0612 34 56 78"),
        ("06 12345678", "PHONE", "06 12345678"),
        ("06\u00a012\u202f34\u200956 78", "PHONE", "06\u00a012\u202f34\u200956 78"),
        ("０６１２３４５６７８", "PHONE", "０６１２３４５６７８"),
        ("+33 6 12 34 56 78", "PHONE", "+33 6 12 34 56 78"),
        ("+33612345678", "PHONE", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "PHONE", "+33 (0)6 12 34 56 78"),
        ("+33 06 12 34 56 78", "PHONE", "+33 06 12 34 56 78"),
        ("+33 612 345 678", "PHONE", "+33 612 345 678"),
        ("0033 6 12 34 56 78", "PHONE", "0033 6 12 34 56 78"),
        ("+33 6 12 34 56 78 12 rue Haute", "PHONE", "+33 6 12 34 56 78"),
        ("电话+33612345678或", "PHONE", "+33612345678"),
        ("06 12 34 56 78¹", "PHONE", "06 12 34 56 78"),
        ("+44 20 7946 0958", "PHONE", "+44 20 7946 0958"),
        ("+44 (0)20 7946 0958", "PHONE", "+44 (0)20 7946 0958"),
        ("+1 (415) 555-0132", "PHONE", "+1 (415) 555-0132"),
        ("+39 06 6982 1234", "PHONE", "+39 06 6982 1234"),
        ("+336 12 34 56 78", "PHONE", "+336 12 34 56 78"),
        ("+376 312 345", "PHONE", "+376 312 345"),
        ("FR7630006000011234567890189", "IBAN", "FR7630006000011234567890189"),
        ("FR76 3000 6000 0112 3456 7890 189 merci", "IBAN", "FR76 3000 6000 0112 3456 7890 189"),
        ("fr76 30006 00001 12345678901 89", "IBAN", "fr76 30006 00001 12345678901 89"),
        ("GB82 WEST 1234 5698 7654 32", "IBAN", "GB82 WEST 1234 5698 7654 32"),
        ("MT84MALT011000012345MTLCAST001S", "IBAN", "MT84MALT011000012345MTLCAST001S"),
        ("NO93 8601 1117 947", "IBAN", "NO93 8601 1117 947"),
        ("ＦＲ７６30006000011234567890189", "IBAN", "ＦＲ７６30006000011234567890189"),
        ("4111 1111 1111 1111", "CARD", "4111 1111 1111 1111"),
        ("4111-1111-1111-1111", "CARD", "4111-1111-1111-1111"),
        (
            "carte 4111 1111 1111 1111 123",
            "CARD",
            "4111 1111 1111 1111",
        ),  # its verification code behind it
        ("3782 822463 10005", "CARD", "3782 822463 10005"),
        ("5555555555554444", "CARD", "5555555555554444"),
        ("2221 0000 0000 0009", "CARD", "2221 0000 0000 0009"),
        ("30569309025904", "CARD", "30569309025904"),
        ("185057800608491", "NIR", "185057800608491"),
        ("1 85 05 78 006 084 91", "NIR", "1 85 05 78 006 084 91"),
        ("1 85 05 78 006 084 / 91", "NIR", "1 85 05 78 006 084 / 91"),
        ("732 829 320 00074", "SIRET", "732 829 320 00074"),
        ("73282932000074", "SIRET", "73282932000074"),
        ("732829320 00074", "SIRET", "732829320 00074"),
        ("35600000000048", "SIRET", "35600000000048"),  # La Poste, head office: Luhn holds
        ("35600000049837", "SIRET", "35600000049837"),  # La Poste, a branch: the sum rule
        ("SIREN 732 829 320", "SIREN", "732 829 320"),
    ],
)
def test_what_is_found(text: str, entity: str, value: str) -> None:
    assert found(text) == [(entity, value)]


@pytest.mark.parametrize(
    "text",
    [
        "@equipe, pixel 1080@60, logo@2x.png, react@18.2.0, jean@localhost, a@b.c",
        "git@github.com:org/projet.git",
        "le 2024-11-21 10:30:00 puis 21/11/2024 à 09.15",
        "2024-11-21 10 20 30",
        "20241121103000",
        "192.168.100.200 et 10.0.0.255, v1.2.3.4",
        "1 234 567 890,12 € ou 1,234,567,890.12 $",
        "+15 000 000 €, +1 200 000, hausse de +100 000 000 000 ou +15 000 000 000",
        "commande 12345678901234, réf 1234567890",
        "+48.856613 +2.352222",
        "01-23-45-67-89-AB",
        "06.12.34.56.78.90",
        "1.06.12.34.56.78",
        "6.612345678",
        "+33612345678901234",
        "0612345678a",
        "A0612345678",
        "550e8400-e29b-41d4-a716-446655440000",
        "FR76 3000 6000 0112 3456 7890 188",  # wrong check digits
        "FR7630006000011234567890189X",  # too long
        "ZZ76 3000 6000 0112 3456 7890 189",  # no such country
        "GB82 1234 5698 7654 3212 34",  # digits where the bank's letters belong
        "4111 1111 1111 1112",
        "9111 1111 1111 1111",
        "4111 1111 1111 1111 2222 3333",  # a row of a table
        "1 85 05 78 006 084 90",
        "1 85 13 78 006 084 91",  # no thirteenth month
        "73282932000075",
        "732 829 320",  # nothing names it
    ],
)
def test_what_is_not(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("185052A006084", 97 - 1850519006084 % 97),
        ("285052B033084", 97 - 2850518033084 % 97),
        ("185059910984", None),
        ("1850599109084", 97 - 1850599109084 % 97),  # born abroad
        ("1850597411084", 97 - 1850597411084 % 97),  # overseas: three digits for the department
        ("7850578006084", 97 - 7850578006084 % 97),  # temporary
        ("3850578006084", 97 - 3850578006084 % 97),  # being registered
        ("1852078006084", 97 - 1852078006084 % 97),  # month unknown
    ],
)
def test_forms_of_the_social_security_number(body: str, key: int | None) -> None:
    written = f"{body}{key or 0:02d}"
    expected = [("NIR", written)] if key else []
    assert [one for one in found(f"n° {written}.") if one[0] == "NIR"] == expected


def test_stronger_evidence_wins_an_overlap() -> None:
    text = "FR76 3000 6000 0112 3456 7890 189"  # holds digits that alone look like other things
    assert [finding.evidence for finding in find(text)] == [Evidence.CHECKSUM]
    assert found("SIREN 732 829 320 00074") == [("SIRET", "732 829 320 00074")]
    assert found("+33 7 32 82 93 20 00074") == [("PHONE", "+33 7 32 82 93 20")]


def test_overlapping_findings_are_resolved_whatever_their_order() -> None:
    text = "x@a.fr@b.fr " * 3
    values = found(text)
    assert [value for _, value in values] == ["x@a.fr"] * 3 or all(
        value.endswith("@b.fr") for _, value in values
    )
    findings = find(text)
    assert all(before.end <= after.start for before, after in pairwise(findings))


def test_a_policy_switches_entities_and_thresholds() -> None:
    text = "jean@exemple.fr 06 12 34 56 78, 732 829 320 et FR76 3000 6000 0112 3456 7890 189"
    only_phones = Policy({Entity.PHONE: EntityRule(Severity.LOW)})
    assert found(text, only_phones) == [("PHONE", "06 12 34 56 78")]
    all_companies = Policy({Entity.SIREN: EntityRule(Severity.LOW, threshold=0.3)})
    assert found("réf 732 829 320 ok", all_companies) == [("SIREN", "732 829 320")]
    assert found(text, Policy({Entity.EMAIL: EntityRule(Severity.LOW, threshold=0.99)})) == []
    assert found(text, Policy({})) == []


def test_two_numbers_side_by_side_are_two() -> None:
    assert found("06 12 34 56 78 07 98 76 54 32") == [
        ("PHONE", "06 12 34 56 78"),
        ("PHONE", "07 98 76 54 32"),
    ]
    assert found("+33612345678,+33712345678") == [("PHONE", "+33612345678"), ("PHONE", "+33712345678")]
