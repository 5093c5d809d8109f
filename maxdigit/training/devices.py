"""The device and the precision to compute with."""

from __future__ import annotations

import torch

from maxdigit.engine.runtime import cpu_name


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def bf16_is_fast(device: torch.device) -> bool:
    """Whether bfloat16 is faster there: on GPUs, and on CPUs with AVX-512 or AMX instructions for it.

    On other CPUs it is emulated: ResNet18 was measured 12 times slower than in float32 on one with AVX2 only.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def device_name(device: torch.device) -> str:
    """Description of a training device."""
    if device.type == "cuda":
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"CPU: {cpu_name()}, {torch.get_num_threads()} threads"
