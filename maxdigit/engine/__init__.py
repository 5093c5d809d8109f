"""OpenVINO, which runs the networks instead of the frameworks that trained them: faster, and in a tenth of the memory.

Uses NumPy and OpenVINO only. The graphs of the networks are built in ``preparation`` and ``models``.
"""
