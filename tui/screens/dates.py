"""Points in time as people say them: the group a day belongs to, and a date as short as it can be."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def group(seconds: float, today: date) -> tuple[str, float]:
    """Today, Yesterday, This week, This month, or a month by its name; and when that group begins, in seconds.

    What lies ahead is today.

    Args:
        seconds: Since 1970.
        today: The day it is.
    """
    day = datetime.fromtimestamp(seconds).date()
    monday = today - timedelta(days=today.weekday())
    first = day.replace(day=1)
    if day >= today:
        name, begin = "Today", today
    elif day == today - timedelta(days=1):
        name, begin = "Yesterday", day
    elif day >= monday:
        name, begin = "This week", monday
    elif first == today.replace(day=1):
        name, begin = "This month", first
    else:
        month = _MONTHS[day.month - 1]
        name, begin = month if day.year == today.year else f"{month} {day.year}", first
    return name, datetime.combine(begin, time.min).timestamp()


def short(seconds: float, today: date) -> str:
    """The time of today, the day of this year, else the date; always as wide as it needs to be, and no wider.

    Args:
        seconds: Since 1970.
        today: The day it is.
    """
    moment = datetime.fromtimestamp(seconds)
    day = moment.date()
    if day >= today:
        return f"{moment:%H:%M}"
    if day > today - timedelta(days=7):
        return f"{_DAYS[day.weekday()]} {moment:%H:%M}"
    month = _MONTHS[day.month - 1][:3]
    return f"{day.day} {month}" if day.year == today.year else f"{day.day} {month} {day.year}"
