"""The command line: ``maxdigit``, or ``python -m maxdigit``.

Each command loads only what it needs: ``--help`` loads no framework.
"""

# In the order in which --help lists their commands.
from maxdigit.cli import answers, fitting, measuring, scoring, publishing  # isort: skip
from maxdigit.cli.command import app

__all__ = ["answers", "app", "fitting", "measuring", "publishing", "scoring"]
