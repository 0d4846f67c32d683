from __future__ import annotations

from datetime import date, datetime

import pytest

from tui.screens import dates

WEDNESDAY = date(2025, 11, 19)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2025, 11, 19, 0, 0), "Today"),
        (datetime(2025, 11, 20, 9, 0), "Today"),  # a clock that was wrong
        (datetime(2025, 11, 18, 23, 59), "Yesterday"),
        (datetime(2025, 11, 17, 0, 0), "This week"),
        (datetime(2025, 11, 16, 23, 59), "This month"),
        (datetime(2025, 11, 1, 0, 0), "This month"),
        (datetime(2025, 10, 31, 23, 59), "October"),
        (datetime(2024, 11, 19, 12, 0), "November 2024"),
    ],
)
def test_groups(moment: datetime, expected: str):
    assert dates.group(moment.timestamp(), WEDNESDAY)[0] == expected


def test_the_first_of_a_month_still_has_its_week_and_its_yesterday():
    saturday = date(2025, 11, 1)
    assert dates.group(datetime(2025, 10, 31, 8, 0).timestamp(), saturday)[0] == "Yesterday"
    assert dates.group(datetime(2025, 10, 27, 8, 0).timestamp(), saturday)[0] == "This week"
    assert dates.group(datetime(2025, 10, 26, 8, 0).timestamp(), saturday)[0] == "October"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2025, 11, 19, 9, 5), "09:05"),
        (datetime(2025, 11, 13, 9, 5), "Thu 09:05"),
        (datetime(2025, 11, 12, 9, 5), "12 Nov"),
        (datetime(2024, 2, 29, 9, 5), "29 Feb 2024"),
    ],
)
def test_short_dates(moment: datetime, expected: str):
    assert dates.short(moment.timestamp(), WEDNESDAY) == expected


@pytest.mark.parametrize("day", range(1, 120))
def test_a_group_goes_back_to_where_it_begins(day: int):
    moment = datetime(2025, 11, 19, 12, 0).timestamp() - day * 86400
    name, begin = dates.group(moment, WEDNESDAY)
    assert begin <= moment
    assert dates.group(begin, WEDNESDAY)[0] == name
    assert dates.group(begin - 1, WEDNESDAY)[0] != name
