"""What a bundle's metagraph tells and its weights cannot. It is parsed as data; nothing in it is imported or run."""

from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError

from melody_rnn.errors import ModelError

_STATES: Final = "initial_state"


def state_width(metagraph: bytes) -> int:
    """Returns how many numbers the model carries from step to step, all its initial states' widths together.

    Magenta lists the states in the collection `initial_state`: one tensor each for every c, every h, the attention's
    last reading and its window, or, in bundles of 2016, all of them in one.

    Args:
        metagraph: A serialised MetaGraphDef.

    Raises:
        ModelError: If the bytes are no metagraph, or do not tell the states' shapes.
    """
    proto = tf.compat.v1.MetaGraphDef()
    try:
        proto.ParseFromString(metagraph)
    except DecodeError as error:
        raise ModelError("its metagraph is damaged; get the bundle anew") from error
    if _STATES not in proto.collection_def:
        raise ModelError(f"its metagraph has no collection {_STATES}; give a bundle that Magenta made for generation")
    nodes = {node.name: node for node in proto.graph_def.node}
    return sum(_width(nodes, name) for name in proto.collection_def[_STATES].node_list.value)


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
