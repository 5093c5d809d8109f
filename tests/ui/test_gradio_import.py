"""Gradio is imported without doing things twice, and what is left out is there when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import REPOSITORY

ONCE = """
import inspect, ssl
import jinja2, pydantic

replaced = (inspect, "getfile"), (jinja2, "Template"), (ssl, "create_default_context")
before = [getattr(module, name) for module, name in replaced]
calls = []

def noted(owner, name):
    function = getattr(owner, name)
    def call(*args, **options):
        calls.append((name, *map(str, args[1:])))
        return function(*args, **options)
    setattr(owner, name, call)

noted(ssl.SSLContext, "load_verify_locations")
noted(jinja2.Environment, "compile")
import maxdigit.ui
import gradio

names = [name for name, *_ in calls]
assert names.count("load_verify_locations") == 1 and names.count("compile") > 10
assert len(calls) == len(set(calls))
assert before == [getattr(module, name) for module, name in replaced]
assert not pydantic.BaseModel.model_config
assert gradio.Button.click.__doc__.startswith("Triggered when the Button is clicked.")
"""

LATER = """
import sys
import maxdigit.ui
assert "pandas" not in sys.modules

from fastapi import FastAPI
from fastapi.openapi.models import Info
app = FastAPI(title="Digits")
app.get("/largest")(lambda: 9)
assert "/largest" in app.openapi()["paths"]
assert Info(title="Digits", version="1").model_dump()["title"] == "Digits"

import gradio
table = gradio.Dataframe(headers=["left", "right"])
read = table.preprocess(table.postprocess([[3, 4]]))
import pandas
assert isinstance(read, pandas.DataFrame) and read.to_dict("records") == [{"left": 3, "right": 4}]
"""


@pytest.mark.slow
@pytest.mark.parametrize("script", [ONCE, LATER], ids=["once", "later"])
def test_gradio_is_imported(script: str) -> None:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
