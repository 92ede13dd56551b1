"""schedule_delivery_time and validity_period: "YYMMDDhhmmsstnnp", absolute or relative (SMPP 3.4, 7.1.1)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_PATTERN = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])", re.ASCII)

_CENTURY = 2000
_QUARTER = timedelta(minutes=15)
_MAX_QUARTERS = 48
_DAYS_A_MONTH = 30
_MAX_DAYS = 31
_MONTHS_A_YEAR = 12
_MAX_YEARS = 99


class BadTime(ValueError):
    """A value is no time of SMPP, or a time cannot be written as one."""


@dataclass(slots=True, frozen=True)
class RelativeTime:
    """A period from the SMSC's current time on, in calendar units (7.1.1.2)."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0

    def after(self, start: datetime) -> datetime:
        """The end of the period; the 31st of a month without one is its last day."""
        years, month_index = divmod(start.month - 1 + self.months, _MONTHS_A_YEAR)
        year, month = start.year + self.years + years, month_index + 1
        day = min(start.day, monthrange(year, month)[1])
        rest = timedelta(days=self.days, hours=self.hours, minutes=self.minutes, seconds=self.seconds)
        return start.replace(year=year, month=month, day=day) + rest


def parse_time(value: str) -> datetime | RelativeTime | None:
    """The time that a field holds, with its offset from UTC where it is absolute; None where the field is empty.

    Raises BadTime for anything else than the 16 characters of 7.1.1.
    """
    if not value:
        return None
    found = _PATTERN.fullmatch(value)
    if not found:
        raise BadTime("not of the form YYMMDDhhmmsstnnp")
    *digits, sign = found.groups()
    numbers = [int(number) for number in digits]
    return _relative(numbers) if sign == "R" else _absolute(numbers, sign)


def format_absolute(at: datetime) -> str:
    """An aware datetime of 2000..2099 to the tenth of a second; UTC where its own offset is no quarter of an hour."""
    offset = at.utcoffset()
    if offset is None:
        raise BadTime("a time without an offset from UTC")
    if offset % _QUARTER or abs(offset) > _MAX_QUARTERS * _QUARTER:
        at, offset = at.astimezone(UTC), timedelta()
    if at.year // 100 * 100 != _CENTURY:
        raise BadTime(f"the year {at.year} cannot be written in two digits")
    sign = "-" if offset < timedelta() else "+"
    return f"{at:%y%m%d%H%M%S}{at.microsecond // 100_000}{abs(offset) // _QUARTER:02}{sign}"


def format_relative(seconds: int) -> str:
    """A period from the SMSC's current time on, of 0 seconds to 99 years.

    Up to 31 days it is exact. Of a longer one a month stands for 30 days and a year for 12 such months, because
    the days have two digits and SMSCs refuse more than 31.
    """
    if seconds < 0:
        raise BadTime("a period before now")
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    months, day = divmod(days, _DAYS_A_MONTH) if days > _MAX_DAYS else (0, days)
    year, month = divmod(months, _MONTHS_A_YEAR)
    if year > _MAX_YEARS:
        raise BadTime("a period of more than 99 years")
    return f"{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}000R"


def _absolute(numbers: list[int], sign: str) -> datetime:
    year, month, day, hour, minute, second, tenths, quarters = numbers
    if quarters > _MAX_QUARTERS:
        raise BadTime("more than 48 quarters of an hour from UTC")
    offset = timezone(quarters * _QUARTER if sign == "+" else -quarters * _QUARTER)
    try:
        return datetime(_CENTURY + year, month, day, hour, minute, second, tenths * 100_000, offset)
    except ValueError:
        raise BadTime("no such day or time") from None


def _relative(numbers: list[int]) -> RelativeTime:
    year, month, day, hour, minute, second, tenths, quarters = numbers
    if month > _MONTHS_A_YEAR or day > _MAX_DAYS or hour > 23 or minute > 59 or second > 59:
        raise BadTime("no such period")
    if tenths or quarters:
        raise BadTime("a relative time has no tenths and no offset")
    return RelativeTime(year, month, day, hour, minute, second)
