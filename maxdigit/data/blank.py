"""Pictures without a digit, on which a model should be unsure: textures alone, scribbles, letters, faces, noise."""

from __future__ import annotations

import torch

from maxdigit.data.drawn import make_drawn
from maxdigit.data.picture_batch import CHUNK, MAX_DIGITS, SIZE, Pictures, generator, uniform
from maxdigit.data.splits import Split
from maxdigit.data.textured import make_textured

_SHARES = (0.35, 0.4, 0.2, 0.05)  # a texture alone, marks on a plain background, marks on a texture, noise


def make_blank(split: Split, chunk: int, rows: slice, device: torch.device) -> Pictures:
    """Some rows of a chunk of pictures; every digit is -1."""
    g = generator(split, "blank", chunk, 0.0)
    look = torch.multinomial(torch.tensor(_SHARES), CHUNK, replacement=True, generator=g)[rows].to(device)
    strength = uniform(g, (CHUNK,), 150, 330)[rows].to(device)
    grain = (uniform(g, (CHUNK, 1, 1), 0, 40) * torch.randn((CHUNK, SIZE // 4, SIZE // 4), generator=g))[rows]
    grain = grain.to(device).abs().repeat_interleave(4, 1).repeat_interleave(4, 2)

    textures = make_textured(split, chunk, rows, 0.0, device, 0).pixels.float()
    marks = make_drawn(split, "marks", chunk, rows, 0.0, device).pixels.float()
    both = textures + marks * (strength / 255)[:, None, None]
    choices = torch.stack([textures, marks, both, grain])
    pixels = choices[look, torch.arange(len(look), device=device)].clamp(0, 255).round().to(torch.uint8)
    none = torch.full((len(look), MAX_DIGITS), -1, device=device)
    return Pictures(pixels, none, none[:, :, None].repeat(1, 1, 4), torch.zeros_like(none).float(), none[:, 0])
