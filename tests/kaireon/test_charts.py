"""Charts: what is drawn is what was counted, in words as well as in lengths."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.template.loader import render_to_string

from kaireon.admin.charts import Bar, Bars, Columns, Day, Part, ShareBar, number_text, shortened


def drawn(chart) -> str:
    return render_to_string(chart.template, {"chart": chart})


def words(html: str) -> str:
    """The text of the picture and its table, markup and spaces put aside."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_numbers_are_written_for_people():
    assert [number_text(value) for value in (0, 7, 1234, 12.5, 2_000_000, 2_340_000)] == [
        *("0", "7", "1,234", "12.5", "2M", "2.3M")
    ]


def test_a_long_label_is_cut_where_the_room_ends():
    assert shortened("Platinum Card", 200) == "Platinum Card"
    assert shortened("Platinum Card", 60) == "Platinum…"


def test_bars_are_as_long_as_their_values():
    chart = Bars(key="b", title="Suppressions", rows=[Bar(label="Cap", value=400), Bar(label="Quiet", value=100)])
    assert [(row.length, row.value, row.top) for row in chart.drawn] == [(640.0, "400", 0), (160.0, "100", 40)]
    assert chart.height == 80


def test_bars_tell_what_comes_after():
    chart = Bars(key="b", title="Contacts", rows=[Bar(label="Gold", value=400, after=100)], unit="contacts")
    assert [(row.length, row.after_length, row.value) for row in chart.drawn] == [
        (640.0, 160.0, "400 before · 100 after")
    ]
    assert 'width="160.0" height="10"' in drawn(chart)


def test_bars_of_nothing_have_no_length():
    assert [row.length for row in Bars(key="b", title="None", rows=[Bar(label="Cap", value=0)]).drawn] == [0.0]


def test_a_picture_of_bars_is_read_aloud_with_all_its_values():
    html = drawn(Bars(key="b", title="Top", summary="One policy.", rows=[Bar(label="A <b> & c", value=1234)]))
    assert 'role="img" aria-labelledby="b-title b-desc"' in html
    assert '<title id="b-title">Top</title>' in html and '<desc id="b-desc">One policy.</desc>' in html
    assert '<th scope="row">A &lt;b&gt; &amp; c</th><td>1,234</td>' in html


def days(*values: tuple[int, ...]) -> list[Day]:
    return [Day(on=date(2026, 4, 29) + timedelta(days=number), values=each) for number, each in enumerate(values)]


def test_columns_stack_two_series_under_a_round_ceiling():
    chart = Columns(key="c", title="Per day", series=("shown", "suppressed"), days=days((30, 10), (0, 0), (60, 20)))
    assert chart.ceiling == 100 and [text for _, text in chart.lines] == ["0", "50", "100"]
    assert [column.pieces for column in chart.drawn] == [
        [(0, 125.0, 45.0), (1, 110.0, 15.0)],
        [],
        [(0, 80.0, 90.0), (1, 50.0, 30.0)],
    ]
    assert [column.label for column in chart.drawn] == ["29 Apr", "30", "1 May"]


def test_series_are_named_beside_the_newest_column_without_touching():
    chart = Columns(key="c", title="Per day", series=("shown", "suppressed"), days=days((60, 20)))
    assert chart.labels == [(0, "shown", 129.0), (1, "suppressed", 69.0)]
    empty = Columns(key="c", title="Per day", series=("shown", "suppressed"), days=days((0, 0)))
    assert [at for _, _, at in empty.labels] == [170.0, 154.0] and empty.empty and empty.ceiling == 2


def test_columns_are_read_aloud_day_by_day():
    html = drawn(Columns(key="c", title="Per day", series=("shown",), days=days((3,), (4,))))
    assert words(html).endswith("Per day Day shown 29 April 2026 3 30 April 2026 4")


def test_a_share_bar_shares_its_width_by_weight():
    chart = ShareBar(key="s", title="Rotation", parts=[Part(label="A", value=3), Part(label="B", value=1)])
    assert [(part.left, part.length, part.percent, part.inside) for part in chart.drawn] == [
        (0.0, 478.0, "75 %", "A 75 %"),
        (480.0, 158.0, "25 %", "B 25 %"),
    ]
    assert chart.unsaid == []


def test_a_segment_too_short_for_its_name_is_named_below():
    chart = ShareBar(key="s", title="Rotation", parts=[Part(label="A", value=99), Part(label="Summer", value=1)])
    assert [part.part.label for part in chart.unsaid] == ["Summer"]
    assert "Summer 1 %" in words(drawn(chart))


def test_a_share_of_nothing_is_empty():
    chart = ShareBar(key="s", title="Rotation", parts=[Part(label="A", value=0)])
    assert [(part.length, part.percent) for part in chart.drawn] == [(0, "0 %")]


def test_a_marked_part_is_the_only_one_in_its_shade():
    parts = [Part(label=str(number), value=1, marked=number == 4) for number in range(6)]
    assert [part.shade for part in ShareBar(key="s", title="Rotation", parts=parts).drawn] == [2, 4, 2, 4, 1, 4]
