"""Personal data is found, counted, masked; numbers of other kinds are not."""

from __future__ import annotations

import pytest

from tamis.features import masked, personal_data, without_personal_data


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("write to jane.doe+news@mail.example.co.uk.", "email"),
        ("call +49 171 2345678 now", "phone"),
        ("call (555) 210-9999", "phone"),
        ("555-210-9999", "phone"),
        ("appelez 01 23 45 67 89", "phone"),
        ("ring 020 7946 0958", "phone"),
        ("paid with 4111 1111 1111 1111", "card"),
        ("amex 378282246310005", "card"),
        ("to DE89 3704 0044 0532 0130 00 please", "iban"),
        ("to GB82WEST12345698765432", "iban"),
        ("from 203.0.113.77", "ip"),
        ("from 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "ip"),
    ],
)
def test_each_sort_is_found(found, calm, text, sort):
    assert [place.sort for place in personal_data(text)] == [sort]
    pii = found("pii", text=[*calm, text])["pii"]
    assert pii.rows.tolist() == [21]
    assert pii.details["counts"] == {sort: 1}
    mended = without_personal_data(text)
    assert f"[{sort}]" in mended
    assert personal_data(mended) == []


@pytest.mark.parametrize(
    "text",
    [
        "version 10.0.19.41, v2.13.0.1, 1.2.3.4, firmware 12.10.33.1, section 4.12.3.10",
        "127.0.0.1 and 192.168.1.1 and 10.1.2.300 and 1.22.33.44.5",
        "at 12:30:45 std::vector abc::def ::",
        "ISBN 978-3-16-148410-0, ISO 2010-10-06 and 06.10.2020",
        "order 1234567890123456, 4111 1111 1111 1112, tweet 1034567890123456789",
        "@USER user@ host @home.de a@b",
        "DE00 3704 0044 0532 0130 00 ABCD 1234 5678 9012",
        "$1,200.00 555-1234 10 20 30 40 50 60 3.14159265358979",
        "2015 08 20 2015 08 31 scores 21 23 25 27 29",
        "0 1 2 3 4 5 6 7 8 9 and 100 000 000 000 and 0.5 0.25 0.125",
        "part 099-0502-000, Decimal('+35236450.6'), net 203.0.113.0/24",
        "1920x1080, 700-100-200, 12345-6789, 1990-2000-2010",
    ],
)
def test_other_numbers_are_not(found, calm, text):
    assert personal_data(text) == []
    assert found("pii", text=[*calm, text]) == {}


def test_samples_show_nobody(found, calm):
    pii = found("pii", text=[*calm, "jane.doe@example.com 4111 1111 1111 1111", "jane.doe@example.com"])["pii"]
    assert "2 texts hold personal data: 2 e-mail addresses, 1 card number" in pii.title
    assert pii.samples == ("e-mail address j…@e…com", "card number 41…11")
    assert "jane" not in str(pii.to_dict())
    assert masked("+49 171 2345678", "phone") == "+4…78"
