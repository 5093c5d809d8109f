"""MaxDigit: which of three handwritten digits is the largest, answered by three CNNs.

The packages follow the data: ``engine`` -> ``preparation`` -> ``data`` -> ``models`` -> ``training``, ``inference`` ->
``ui``. Each imports only packages before it, and a deep-learning framework is imported only by modules that need it.
"""

import os
from pathlib import Path

# Before NumPy is loaded. Its matrix products are small here; with several threads, these wait in busy loops for a while
# after each product, which doubles the time of the engine's next answer.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

IMAGE_SIZE = 128  # the models' pictures are IMAGE_SIZE x IMAGE_SIZE, grey, uint8
CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"  # trained models, and where new runs go

__version__ = "0.1.0"
