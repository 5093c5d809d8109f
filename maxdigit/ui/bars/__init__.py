"""The probabilities of the ten digits, as bars."""

from maxdigit.ui.bars.bars import bars, small_bars

__all__ = ["bars", "small_bars"]
