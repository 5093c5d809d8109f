"""A batch's results, whose answers can be corrected by hand."""

from maxdigit.ui.results_table.results_table import ResultsTable, results_page

__all__ = ["ResultsTable", "results_page"]
