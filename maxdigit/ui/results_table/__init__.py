"""The results of a batch, and a table of them in which answers can be corrected."""

from maxdigit.ui.results_table.results_table import ResultsTable, results_page

__all__ = ["ResultsTable", "results_page"]
