"""Graphs for the gradient of a value inside a network with respect to an earlier one, by reverse accumulation.

For the layers of :mod:`maxdigit.engine.layers` only, and one picture at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from maxdigit.engine.layers import Node, constant
from maxdigit.engine.runtime import opset


def gradient(late: Node, early: Node, of_late: Node) -> Node:
    """The gradient with respect to ``early`` of a quantity whose gradient with respect to ``late`` is ``of_late``.

    Args:
        late: an output of one of the graph's operations. All shapes up to it are static.
        early: another output, from which ``late`` is computed.
        of_late: a value of the shape of ``late``.

    Raises:
        ValueError: ``late`` is not computed from ``early``, or by an operation that has no rule here.
    """
    through = _between(early, late)
    names = {_name(early), *(_name(node.output(0)) for node in through)}  # nodes themselves overload ==
    gradients = {_name(late): of_late}
    for node in reversed(through):
        gradient_here = gradients.pop(_name(node.output(0)))
        for number, part in _RULES[_kind(node)](node, gradient_here).items():
            source = node.input_value(number)
            if _name(source) in names:
                before = gradients.get(_name(source))
                gradients[_name(source)] = part if before is None else opset().add(before, part)
    return gradients[_name(early)]


def _between(early: Node, late: Node) -> list[Any]:
    """The operations by which ``late`` is computed from ``early``, in order."""
    leads: dict[str, bool] = {early.get_node().get_friendly_name(): True}
    ordered: list[Any] = []

    def visit(node: Any) -> bool:
        name = node.get_friendly_name()
        if name not in leads:
            led = [visit(source.get_node()) for source in node.input_values()]
            leads[name] = any(led)
            if leads[name]:
                if _kind(node) not in _RULES:
                    raise ValueError(f"there is no rule for {_kind(node)}")
                ordered.append(node)
        return leads[name]

    if _name(late) == _name(early) or not visit(late.get_node()):
        raise ValueError("the late value is not computed from the early one")
    return ordered


def _through_addition(_node: Any, gradient_here: Node) -> dict[int, Node]:
    return {0: gradient_here, 1: gradient_here}


def _through_scaling(node: Any, gradient_here: Node) -> dict[int, Node]:
    return {0: opset().multiply(gradient_here, node.input_value(1))}


def _through_relu(node: Any, gradient_here: Node) -> dict[int, Node]:
    op = opset()
    is_active = op.convert(op.greater(node.input_value(0), constant(0)), "f32")
    return {0: op.multiply(gradient_here, is_active)}


def _through_convolution(node: Any, gradient_here: Node) -> dict[int, Node]:
    settings = node.get_attributes()
    size = list(node.input_value(0).get_shape())[2:]
    return {
        0: opset().convolution_backprop_data(
            gradient_here,
            # A copy: OpenVINO lays out shared square weights once, for the convolution.
            constant(node.input_value(1).get_node().data),
            settings["strides"],
            constant(size, np.int64),
            settings["pads_begin"],
            settings["pads_end"],
            settings["dilations"],
        )
    }


def _through_max_pool(node: Any, gradient_here: Node) -> dict[int, Node]:
    """To the largest cell of each window, or the first of several equal ones."""
    op = opset()
    shape = list(node.input_value(0).get_shape())
    flat = constant([-1], np.int64)
    places = op.reshape(node.output(1), flat, False)
    nothing = constant(np.zeros(int(np.prod(shape))))
    spread = op.scatter_elements_update(
        nothing, places, op.reshape(gradient_here, flat, False), constant(0, np.int64), "sum"
    )
    return {0: op.reshape(spread, constant(shape, np.int64), False)}


_RULES: dict[str, Callable[[Any, Node], dict[int, Node]]] = {
    "Add": _through_addition,
    "Convolution": _through_convolution,
    "MaxPool": _through_max_pool,
    "Multiply": _through_scaling,
    "Relu": _through_relu,
}


def _kind(node: Any) -> str:
    return node.get_type_name()


def _name(output: Node) -> str:
    return f"{output.get_node().get_friendly_name()}:{output.get_index()}"
