"""What a bundle's metagraph tells and its weights cannot. It is parsed as data; nothing in it is imported or run."""

from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError

from melody_rnn.errors import ModelError

_MAX_NODES: Final = 100_000
_STATES: Final = "initial_state"
_WINDOW_SCOPE: Final = "AttentionCellWrapperZeroState"


def state_width(metagraph: bytes) -> int:
    """Returns how many numbers the model carries from step to step, all its initial states' widths together.

    Magenta lists the states in the collection `initial_state`: one tensor each for every c, every h, the attention's
    last reading and its window, or, in bundles of 2016, all of them in one.

    Args:
        metagraph: A serialised MetaGraphDef.

    Raises:
        ModelError: If the bytes are no metagraph, or do not tell the states' shapes.
    """
    proto = _parse(metagraph)
    if _STATES not in proto.collection_def:
        raise ModelError(f"its metagraph has no collection {_STATES}; give a bundle that Magenta made for generation")
    nodes = {node.name: node for node in proto.graph_def.node}
    return sum(_width(nodes, name) for name in proto.collection_def[_STATES].node_list.value)


def trained_window(metagraph: bytes, size: int) -> int | None:
    """Returns the steps of the attention's window in the graph of a training, or None if it does not tell.

    A training's graph has no collection of states. Of the zeros that its attention begins with, the window is widest.

    Args:
        metagraph: A serialised MetaGraphDef.
        size: Width of what the attention remembers of a step.
    """
    try:
        proto = _parse(metagraph)
    except ModelError:
        return None
    zeros = [node for node in proto.graph_def.node if _WINDOW_SCOPE in node.name and node.op == "Fill"]
    shapes = [shape for node in zeros for shape in node.attr["_output_shapes"].list.shape]
    widest = max((shape.dim[-1].size for shape in shapes if shape.dim), default=0)
    return widest // size if widest >= size and widest % size == 0 else None


def _parse(metagraph: bytes) -> Any:
    proto = tf.compat.v1.MetaGraphDef()
    try:
        proto.ParseFromString(metagraph)
    except DecodeError as error:
        raise ModelError("its metagraph is damaged; get the bundle anew") from error
    if len(proto.graph_def.node) > _MAX_NODES:
        raise ModelError(f"its metagraph has more than {_MAX_NODES} nodes, as no melody model has; get the bundle anew")
    return proto


def _width(nodes: dict[str, Any], tensor_name: str) -> int:
    """Returns the last dimension of the tensor `tensor_name` ('node:output')."""
    node_name, _, output = tensor_name.partition(":")
    if node_name in nodes:
        attributes = nodes[node_name].attr
        shapes = list(attributes["_output_shapes"].list.shape) if "_output_shapes" in attributes else []
        index = int(output) if output.isdecimal() else 0
        dims = shapes[index].dim if index < len(shapes) else []
        if dims and dims[-1].size > 0:
            return int(dims[-1].size)
    raise ModelError(f"its metagraph does not tell the shape of the state {tensor_name}; get the bundle anew")
