"""Words that were mistyped, and the closest known ones."""

import pytest

from apps.common.closeness import put_right, words_in

KNOWN = {"kubernetes", "kubelet", "secrets", "certificates", "zertifikate", "schlüssel", "token"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kuberntes", "kubernetes"),  # a letter is missing
        ("Kuberentes", "kubernetes"),  # two are swapped
        ("kubernettes", "kubernetes"),  # one is doubled
        ("tokne", "token"),
        ("zertifkate", "zertifikate"),
        ("schlusel", "schlüssel"),
        ("kubern", "kubernetes"),  # typed so far
        ("kube", "kubelet"),  # the shorter of two
        ("Kubernetes", "Kubernetes"),  # right, and left as it was typed
        ("seecrets in kuberntes", "secrets in kubernetes"),
        ('"seecrets" -kuberntes', '"secrets" -kubernetes'),
        ("volcano", "volcano"),  # close to nothing
        ("log4shell CVE-2021-44228 PI-7", "log4shell CVE-2021-44228 PI-7"),
        ("tkn", "tkn"),  # too short to say
        ("", ""),
    ],
)
def test_words_are_put_right(typed: str, meant: str) -> None:
    assert put_right(typed, KNOWN) == meant


def test_only_some_words_of_a_long_text_are_looked_at() -> None:
    assert words_in("one Two three four five six seven eight nine") == [
        *("three", "four", "five", "seven", "eight", "nine"),
    ]
    assert len(words_in(" ".join("abcdefgh"[: n % 4 + 4] + "x" * n for n in range(30)))) == 6
