"""A table that sorts by the column whose name is pressed."""

from maxdigit.ui.sortable_table.sortable_table import Column, SortableTable, sortable

__all__ = ["Column", "SortableTable", "sortable"]
