"""Text messages are counted as the networks bill them."""

import pytest

from creatives.sms import messages_of


@pytest.mark.parametrize(
    ("text", "alphabet", "characters", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("x", "GSM-7", 1, 1),
        ("x" * 160, "GSM-7", 160, 1),
        ("x" * 161, "GSM-7", 161, 2),
        ("x" * 306, "GSM-7", 306, 2),
        ("x" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 80, 1),
        ("€" * 81, "GSM-7", 81, 2),
        ("{}[]~|^\\", "GSM-7", 8, 1),
        # 152 + 2 units do not fit into a part of 153: the euro sign moves to the next one as a whole.
        ("x" * 152 + "€" + "x" * 151, "GSM-7", 304, 2),
        ("x" * 152 + "€" + "x" * 152, "GSM-7", 305, 3),
        ("ж" * 70, "UCS-2", 70, 1),
        ("ж" * 71, "UCS-2", 71, 2),
        ("ж" * 134, "UCS-2", 134, 2),
        ("ж" * 135, "UCS-2", 135, 3),
        ("🎉" * 35, "UCS-2", 35, 1),
        ("🎉" * 36, "UCS-2", 36, 2),
        # 33 pairs fill 66 of 67 units; the 34th is not torn apart.
        ("🎉" * 67, "UCS-2", 67, 3),
        ("Grüße, Ørsted £5 ¿Qué?\n", "GSM-7", 23, 1),
    ],
)
def test_messages_are_counted(text, alphabet, characters, segments):
    counted = messages_of(text)
    assert (counted.alphabet, counted.characters, counted.segments) == (alphabet, characters, segments)


def test_the_characters_that_cost_the_cheap_alphabet_are_named_once():
    assert messages_of("It’s ‘it’ – ok").foreign == ("’", "‘", "–")
    assert (messages_of("it's").alone, messages_of("it’s").part) == (160, 67)
