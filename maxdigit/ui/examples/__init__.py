"""Examples to press."""

from maxdigit.ui.examples.examples import EXAMPLES, HARD, example, example_grid

__all__ = ["EXAMPLES", "HARD", "example", "example_grid"]
