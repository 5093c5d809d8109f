"""MaxDigit: which of three handwritten digits is the largest, answered by three CNNs.

The tree follows the data: ``preparation`` -> ``data`` -> ``models`` -> ``training`` -> ``inference`` -> ``ui``. Each
package imports only what stands before it, and a deep-learning framework only inside the module that needs it.
"""

IMAGE_SIZE = 128  # the models' pictures are IMAGE_SIZE x IMAGE_SIZE, grey, uint8

__version__ = "0.1.0"
