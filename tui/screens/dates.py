"""Points in time as people say them: the group a day belongs to, and a date as short as it can be."""

from __future__ import annotations

from datetime import date, datetime, timedelta

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


def group(seconds: float, today: date) -> str:
    """Today, Yesterday, This week, This month, or a month by its name; what lies ahead is today.

    Args:
        seconds: Since 1970.
        today: The day it is.
    """
    day = datetime.fromtimestamp(seconds).date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day >= today - timedelta(days=today.weekday()):
        return "This week"
    if (day.year, day.month) == (today.year, today.month):
        return "This month"
    month = _MONTHS[day.month - 1]
    return month if day.year == today.year else f"{month} {day.year}"


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
