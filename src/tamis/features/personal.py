"""Personal data: finds e-mail addresses, telephone numbers, cards, IBANs and IP addresses in a text, and masks them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

PersonalSort = Literal["email", "phone", "card", "iban", "ip"]

PERSONAL_NAMES: dict[PersonalSort, tuple[str, str]] = {
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("telephone number", "telephone numbers"),
    "card": ("card number", "card numbers"),
    "iban": ("IBAN", "IBANs"),
    "ip": ("IP address", "IP addresses"),
}

# The quick looks, which the Rust engine runs over all texts; `personal_data` then judges what they picked.
PERSONAL_LOOKS: dict[PersonalSort, str] = {
    "email": r"[\w.+-]@[\w-]+\.[A-Za-z]",
    "phone": r"\+\d[\d\s().-]{6,}\d|\(?\b\d{2,5}\)?[\s./-]{1,2}\d[\d\s.-]{4,}",
    "card": r"\b[2-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,4}|\b3\d{3}[ -]?\d{6}[ -]?\d{4,5}",
    "iban": r"\b[A-Z]{2}\d{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}",
    "ip": r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*[0-9A-Fa-f]",
}

_EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9_][A-Za-z0-9_.+%-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
    r"(?![\w@]|\.[A-Za-z])"
)
_PHONES = (
    # +49 171 1234567, +1 (555) 010-9999
    re.compile(r"(?<![\w+])\+[1-9]\d{0,2}(?:[\s./-]?\(?\d{1,5}\)?){2,6}(?<=\d\d)(?!\w|[.,]\d)"),
    # (555) 010-9999, 555-010-9999, 555.010.9999: the same sign between the parts
    re.compile(
        r"(?<![\w.+/-])(?:1[-. ])?(?:\([2-9]\d{2}\) ?[2-9]\d{2}[-. ]\d{4}|[2-9]\d{2}([-.])\d{3}\1\d{4})(?![\w]|[-.]\d)"
    ),
    # 01 23 45 67 89 and 0171 2345678, 089/1234567, 020 7946 0958: begins with a nought
    re.compile(r"(?<![\w.+/,-])0[1-9](?:([ .-])\d{2})(?:\1\d{2}){3}(?![\w]|[-.,]\d)"),
    re.compile(
        r"(?<![\w.+/,-])\(?0[1-9]\d{1,3}\)?(?: ?[/-] ?| )(?:\d{6,8}|\d{3}[ -]\d{3,5}|\d{4}[ -]\d{4})(?![\w]|[-.,:]\d)"
    ),
)
_CARD = re.compile(r"(?<![\w.+-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|\d{4}([ -]?)\d{6}\2\d{4,5}|\d{13})(?![\w-]|\.\d)")
_CARD_KIND = re.compile(
    r"4\d{12}(?:\d{3})?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|"
    r"6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\w|/\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)")
_VERSION = re.compile(
    r"(?:\bv|\bver|version|release[d]?|rev|build|firmware|driver|update[d]?|upgrade[d]?|patch|section|chapter|clause|"
    r"table|figure|fig|dll|ios|android|kernel|chrome|firefox|windows|sp)s?\W{0,3}(?:(?:to|from|is|of)\W)?$",
    re.IGNORECASE,
)

_IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


class Place(NamedTuple):
    """Where in a text personal data stands."""

    start: int
    end: int
    sort: PersonalSort


def personal_data(text: str) -> list[Place]:
    """Return where personal data stands in a text, in order and without overlaps.

    >>> [(place.sort, masked("Mail jane@example.com!"[place.start : place.end], place.sort))
    ...  for place in personal_data("Mail jane@example.com!")]
    [('email', 'j…@e…com')]
    """
    taken: list[Place] = []
    for place in (*_emails(text), *_ibans(text), *_cards(text), *_ips(text), *_phones(text)):
        if all(place.end <= other.start or place.start >= other.end for other in taken):
            taken.append(place)
    return sorted(taken)


def without_personal_data(text: str) -> str:
    """Return a text with its personal data masked by what it was: `Mail [email]!`."""
    for place in reversed(personal_data(text)):
        text = f"{text[: place.start]}[{place.sort}]{text[place.end :]}"
    return text


def masked(value: str, sort: PersonalSort) -> str:
    """Return so little of a piece of personal data that one can recognise one's own, but nobody else's.

    >>> masked("+49 171 2345678", "phone"), masked("4111 1111 1111 1111", "card"), masked("203.0.113.77", "ip")
    ('+4…78', '41…11', '203.…')
    """
    if sort == "email":
        name, _, host = value.partition("@")
        return f"{name[0]}…@{host[0]}…{host.rpartition('.')[2]}"
    if sort == "ip":
        return f"{value[: value.index('.') + 1]}…" if "." in value else f"{value.split(':')[0] or '::'}:…"
    return f"{value[:2]}…{value[-2:]}"


def _emails(text: str) -> Iterator[Place]:
    if "@" in text:
        for found in _EMAIL.finditer(text):
            if ".." not in found[0] and not found[0].split("@")[0].endswith("."):
                yield Place(found.start(), found.end(), "email")


def _ibans(text: str) -> Iterator[Place]:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTH.get(found[0][:2])
        if length is None:
            continue
        # a capitalised word behind it may have been taken along
        end = found.start()
        for sign in found[0]:
            end += 1
            length -= sign != " "
            if not length:
                break
        value = text[found.start() : end].replace(" ", "")
        number = int("".join(str(int(sign, 36)) for sign in value[4:] + value[:4]))
        if not length and number % 97 == 1 and not text[end : end + 1].isalnum():
            yield Place(found.start(), end, "iban")


def _cards(text: str) -> Iterator[Place]:
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if _CARD_KIND.fullmatch(digits) and len(set(digits)) > 1 and _luhn(digits):
            yield Place(found.start(), found.end(), "card")


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _ips(text: str) -> Iterator[Place]:
    for found in _IPV4.finditer(text):
        parts = found[0].split(".")
        # 10.0.1.2 behind 'version' is no address, nor is 1.2.3.4, nor one with a part such as 007 or 300
        plain = all(part == str(int(part)) and int(part) < 256 for part in parts)
        if plain and any(len(part) > 1 for part in parts[1:]) and not _VERSION.search(text[: found.start()][-24:]):
            address = ipaddress.IPv4Address(found[0])
            # nor is a router's own, such as 192.168.1.1, anybody's
            gateway = address.is_private and parts[-1] in ("0", "1", "254", "255") and parts[0] in ("10", "172", "192")
            if not (address.is_loopback or address.is_multicast or gateway or parts[0] in ("0", "255")):
                yield Place(found.start(), found.end(), "ip")
    for found in _IPV6.finditer(text):
        groups = [group for group in found[0].split(":") if group]
        if len(groups) < 4 or not any(sign.isdigit() for sign in found[0]):
            continue
        try:
            ipaddress.IPv6Address(found[0])
        except ValueError:
            continue
        yield Place(found.start(), found.end(), "ip")


def _phones(text: str) -> Iterator[Place]:
    for pattern in _PHONES:
        for found in pattern.finditer(text):
            digits = re.sub(r"\D", "", found[0])
            # the last look: as many digits as a number has, and not all the same
            if 9 <= len(digits) <= 15 and len(set(digits)) > 2:
                yield Place(found.start(), found.end(), "phone")
