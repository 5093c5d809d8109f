"""The confusion matrix, whose cells can be pressed."""

from maxdigit.ui.confusion_matrix.confusion_matrix import MistakesOf, confusion_matrix

__all__ = ["MistakesOf", "confusion_matrix"]
