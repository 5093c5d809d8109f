"""What is remembered of a visitor: state and changed components, no copy or description of all of them."""

from __future__ import annotations

import gradio as gr
from gradio.state_holder import SessionState

from maxdigit.ui import session_state


def test_a_visitor_s_state_is_kept_and_the_page_is_not_described_anew() -> None:
    with gr.Blocks() as demo:
        counted, said = gr.State(3), gr.Textbox("hello")
    session_state.install()
    one, other = SessionState(demo), SessionState(demo)
    assert not one.config_values
    one[counted._id] = 4
    assert (one[counted._id], other[counted._id]) == (4, 3)
    one[said._id] = gr.Textbox("good day")
    one._update_config(said._id)
    one._update_value_in_config(said._id, "good day")
    assert one[said._id].value == "good day" and other[said._id].value == "hello"
    assert not any(one.config_values.values()), "nothing is described"
    assert list(one.blocks_config.blocks.maps[0]) == [said._id], "the other components are the page's"  # type: ignore[attr-defined]
    assert one.blocks_config.fns is demo.default_config.fns
    assert demo.default_config.config_for_block(said._id, [], said)["props"]["value"] == "hello", "the page itself is"
