"""Days and weeks of years, of whole columns of days since 1970-01-01."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.calendar import civil, day_numbers


def days_of_year(days: np.ndarray) -> np.ndarray:
    """1 to 366."""
    return days - day_numbers(civil(days).year, 1, 1) + 1


def weeks(days: np.ndarray) -> np.ndarray:
    """0 to 53; weeks begin on Sundays, and those before the first Sunday of a year are 0."""
    return (days_of_year(days) + 6 - (days + 4) % 7) // 7


def iso_weeks(days: np.ndarray) -> np.ndarray:
    """1 to 53 by ISO 8601."""
    thursdays = _thursdays(days)
    return (thursdays - day_numbers(civil(thursdays).year, 1, 1)) // 7 + 1


def iso_years(days: np.ndarray) -> np.ndarray:
    """The years that the weeks by ISO 8601 belong to."""
    return civil(_thursdays(days)).year


def _thursdays(days: np.ndarray) -> np.ndarray:
    """Those of the same weeks, which begin on Mondays."""
    return days - (days + 3) % 7 + 3
