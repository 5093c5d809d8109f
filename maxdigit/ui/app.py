"""The whole page: a header, the tabs, and the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from maxdigit.inference.predict import Predictor
from maxdigit.ui import connection, relative_root, session_state, texts
from maxdigit.ui.about_tab import build_about_tab
from maxdigit.ui.api import add_api
from maxdigit.ui.assets import Assets, preload_tags
from maxdigit.ui.batch import build_batch_tab
from maxdigit.ui.classify import build_classify_tab
from maxdigit.ui.compare import build_compare_tab
from maxdigit.ui.corrections_tab import build_corrections_tab
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.guard import protection
from maxdigit.ui.html import html_block
from maxdigit.ui.page_compression import PageCompression
from maxdigit.ui.page_head import PageHead
from maxdigit.ui.program_input import Page
from maxdigit.ui.social_card import SocialCards, card_tags
from maxdigit.ui.texts import labels, translations
from maxdigit.ui.theme import SCRIPT, make_theme, style_sheet
from maxdigit.ui.training_tab import build_training_tab
from maxdigit.ui.troubles import build_troubles
from maxdigit.ui.unserved import unserved

_HOUR = 3600
_MAX_WAITING = 192  # events in the queue
# Seconds between two looks into the queue. With Gradio's 0.001 an idle server takes 4.6 instead of 2.4 % of a core.
_LOOK = 0.005


@unserved()
def build_app(
    predictor: Predictor,
    runs: Path,
    corrections: Path | None = None,
    *,
    review: bool = False,
    evaluation: Evaluation | None = None,
) -> gr.Blocks:
    """The page, ready to launch.

    Args:
        predictor: the trained models that answer.
        runs: a folder of training runs, for the charts.
        corrections: a folder for pictures that visitors report as answered wrong; None to switch reports off.
        review: let everybody who can open the page see and delete those pictures.
        evaluation: makes samples and test pictures; None for one in this process.
    """
    evaluation = evaluation or Evaluation()
    # Every hour, uploads older than an hour are deleted.
    with Page(title=texts.TITLE, analytics_enabled=False, delete_cache=(_HOUR, _HOUR)) as demo:
        html_block(
            f'<header class="masthead"><h1>{texts.TITLE}</h1><p>{labels.TAGLINE}</p></header>', elem_id="masthead"
        )
        build_troubles(predictor, loaded=demo.load)
        with gr.Tabs(elem_id="pages"):
            with gr.Tab(labels.CLASSIFY, id="classify", alignment="right"):
                classify = build_classify_tab(
                    predictor, evaluation=evaluation, loaded=demo.load, corrections=corrections
                )
            with gr.Tab(labels.COMPARE, id="compare", alignment="right") as compare:
                build_compare_tab(predictor, classify, evaluation=evaluation, opened=compare.select)
            with gr.Tab(labels.BATCH, id="batch", alignment="right"):
                build_batch_tab(predictor, evaluation=evaluation)
            with gr.Tab(labels.TRAINING, id="training", alignment="right") as training:
                build_training_tab(runs, predictor, classify, evaluation=evaluation, opened=training.select)
            if corrections is not None and review:
                with gr.Tab(labels.CORRECTIONS, id="corrections", alignment="right") as kept:
                    build_corrections_tab(corrections, opened=kept.select)
            with gr.Tab(labels.ABOUT, id="about", alignment="right"):
                build_about_tab(predictor)
        add_api(predictor)
    # One event at a time unless stated otherwise. If the queue is full, further events get an error instead of waiting
    # for many seconds.
    demo.queue(default_concurrency_limit=1, max_size=_MAX_WAITING, status_update_rate=1)
    demo._queue.sleep_when_free = _LOOK
    return demo


def launch_options(
    mcp: bool = False, *, predictor: Predictor | None = None, evaluation: Evaluation | None = None
) -> dict[str, Any]:
    """Settings for ``launch()``: the page fetches nothing from other hosts and records nothing.

    Args:
        mcp: also offer the endpoints to language models, as tools.
        predictor: answers for the preview images of links; None for the default image only.
        evaluation: makes samples for them; None for one in this process.
    """
    tools: dict[str, Any] = {"mcp_server": False}
    if mcp:
        from maxdigit.ui import mcp_tools  # here, because the protocol's package may not be installed

        tools = mcp_tools.launch_settings()
    relative_root.install()
    session_state.install()
    start = connection.loading_head() + preload_tags()
    guarded = protection()
    guarded["app_kwargs"]["middleware"] += [  # inside the guard
        Middleware(Assets),
        Middleware(PageCompression),
        Middleware(PageHead, parts=(card_tags, lambda _: start)),
        Middleware(SocialCards, predictor=predictor, evaluation=evaluation or Evaluation()),
    ]
    return {
        "theme": make_theme(),
        # In the head, and not as `css`: Gradio puts a prefix before selectors, which breaks those in media queries.
        "head": (
            f"<style>{style_sheet()}</style><script>{SCRIPT.read_text(encoding='utf-8')}</script>"
            f"<script>{connection.script()}</script>"
        ),
        "i18n": translations(),
        "footer_links": ["api", "settings"],
        "run_history": False,  # it would store the answer to every stroke in the visitor's browser
        "max_file_size": "200mb",  # the competition's test_max_x has 164; single pictures have a limit of their own
        # For the page's events, programs, and one batch. Models compute in another process.
        "max_threads": 16,
        "state_session_capacity": 2000,  # visitors whose state the server keeps
        "show_error": False,  # errors that concern visitors are sentences on the page; others are only logged
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        **guarded,
        **tools,
    }
