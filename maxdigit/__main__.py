"""``python -m maxdigit``: classify, sample and evaluate from the command line."""

from maxdigit.cli import app

if __name__ == "__main__":
    app(prog_name="python -m maxdigit")
