"""The digits that a model reads: as labels over the picture, and in a line of text."""

from maxdigit.ui.readings.marks import marks
from maxdigit.ui.readings.places import boxes_of, place
from maxdigit.ui.readings.words import readings_line

__all__ = ["boxes_of", "marks", "place", "readings_line"]
