"""OpenVINO, which runs the networks instead of the frameworks that trained them: faster, and in a tenth of the memory.

Uses NumPy and OpenVINO only. The graphs are built where their networks are: in ``preparation`` and ``models``.
"""
