"""Train one of the three CNNs, or the ink finder: ``python train.py resnet18 --recipe tuned``. See ``--help``."""

from maxdigit.train_cli import app

if __name__ == "__main__":
    app()
