"""What a model reads: written over the picture, digit by digit, and in a line."""

from maxdigit.ui.readings.marks import marks
from maxdigit.ui.readings.places import boxes_of, place
from maxdigit.ui.readings.words import readings_line

__all__ = ["boxes_of", "marks", "place", "readings_line"]
