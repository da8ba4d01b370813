"""Cron expressions, as EventBridge Scheduler takes them.

Ours have five fields and the meaning that Debian's cron gives them (crontab(5)), by cronsim; Scheduler's have six
(EventBridge Scheduler User Guide, "Schedule types"): days of the week count from Sunday = 1, and one of the two fields
of days must be `?`. One that restricts both days means either, and becomes two of Scheduler's.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from cronsim import CronSim, CronSimError

_FIELDS: Final = 5
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def cron_expressions(cron: str) -> tuple[str, ...]:
    """Give Scheduler's expressions for one of cron.

    Raises:
        ValueError: It is none, or Scheduler cannot say it; the text tells how to mend it.
    """
    if len(cron.split()) != _FIELDS:
        raise ValueError(
            f"expected five fields (minute, hour, day of month, month, day of week), found {len(cron.split())}"
        )
    try:
        given = CronSim(cron, datetime(2000, 1, 1))  # noqa: DTZ001 -- a time on a clock's face, of no zone
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise ValueError(
            f"expected a cron expression, such as `0 9 * * MON-FRI`, found a wrong {field} in {cron!r}"
        ) from error
    time_of_day = f"{_field(given.minutes, range(60))} {_field(given.hours, range(24))}"
    month = _field(given.months, range(1, 13))
    return tuple(f"cron({time_of_day} {day} {month} {weekday} *)" for day, weekday in _days(given, cron))


def _days(given: CronSim, cron: str) -> tuple[tuple[str, str], ...]:
    """Give Scheduler's pairs of day of month and day of week, of which any may match."""
    any_day = given.days >= set(range(1, 32))
    any_weekday = {day % 7 for day in given.weekdays if isinstance(day, int)} == set(range(7))
    if any_weekday and (any_day or not given.day_and):
        return (("*", "?"),)
    if any_weekday:
        return ((_day_of_month(given.days, cron), "?"),)
    if any_day and given.day_and:
        return (("?", _day_of_week(given.weekdays, cron)),)
    if any_day:
        return (("*", "?"),)
    if given.day_and:
        raise ValueError(
            f"expected a day of month or a day of week, found that both must match in {cron!r}, "
            "as one begins with `*`; leave one of them `*`, and let the workflow look at the other"
        )
    return (_day_of_month(given.days, cron), "?"), ("?", _day_of_week(given.weekdays, cron))


def _day_of_month(days: AbstractSet[int], cron: str) -> str:
    if days == {CronSim.LAST}:
        return "L"
    if min(days) < 1:
        raise ValueError(
            f"expected days of the month by number, or `L` alone for the last one, found {cron!r}; write two triggers"
        )
    return _field(days, range(1, 32))


def _day_of_week(weekdays: AbstractSet[Any], cron: str) -> str:
    special = [day for day in weekdays if not isinstance(day, int)]
    if not special:
        numbers = sorted({int(day) % 7 for day in weekdays})
        if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{_DAYS[numbers[0]]}-{_DAYS[numbers[-1]]}"
        return ",".join(_DAYS[number] for number in numbers)
    if len(weekdays) > 1:
        raise ValueError(
            f"expected one day of the week with `#` or `L`, or plain ones, found {cron!r}; write two triggers"
        )
    day, which = special[0]
    number = day % 7 + 1
    return f"{number}L" if which == CronSim.LAST else f"{number}#{which}"


def _field(values: AbstractSet[int], all_values: range) -> str:
    """Write numbers: all of them, steps, a range or a list."""
    numbers = sorted(values)
    if len(numbers) == len(all_values):
        return "*"
    steps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) > 2 and len(steps) == 1:
        (step,) = steps
        if step == 1:
            return f"{numbers[0]}-{numbers[-1]}"
        if numbers[-1] + step > all_values[-1]:
            return f"{numbers[0]}/{step}"
    return ",".join(str(number) for number in numbers)
