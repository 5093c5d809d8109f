"""Where the repository is, and which tests are slow."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

# Files whose tests are slow, or load what is: they train, ask trained models about many pictures, or start servers.
SLOW = (
    "test_api",
    "test_attacks",
    "test_checkpoints",
    "test_everyday",
    "test_fuzz",
    "test_ink_finder",
    "test_mcp",
    "test_model_process",
    "test_order",
    "test_pool",
    "test_scenes",
    "test_sessions",
    "test_states",
    "test_stream",
    "test_training_forms",
    "test_training_loops",
    "test_tuned",
    "test_turns",
)
BROWSER = "browser"  # the folder of those that need a browser
