"""MaxDigit: which of three handwritten digits is the largest, answered by three CNNs.

The tree follows the data: ``preparation`` -> ``data`` -> ``models`` -> ``training`` -> ``inference`` -> ``ui``. Each
package imports only what stands before it, and a deep-learning framework only inside the module that needs it.
"""

import os
from pathlib import Path

# Before NumPy is loaded. Its matrix products are small here; shared among threads, they leave those waiting in busy
# loops for a while after each, which doubles the time of the engine's next answer.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

IMAGE_SIZE = 128  # the models' pictures are IMAGE_SIZE x IMAGE_SIZE, grey, uint8
CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"  # trained models, and where new runs go

__version__ = "0.1.0"
