"""OpenVINO, which answers in place of the frameworks that train the networks: faster, and in a tenth of the memory.

NumPy and OpenVINO alone. The graphs themselves are built where their networks are: in ``preparation`` and ``models``.
"""
