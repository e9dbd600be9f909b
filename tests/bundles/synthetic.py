"""Bundles made by hand: any variables, any states in the metagraph."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from note_seq.protobuf import generator_pb2
from numpy.typing import NDArray

Variables = dict[str, NDArray[Any]]


def make_metagraph(state_widths: Sequence[int]) -> Any:
    """Returns a MetaGraphDef with one initial state [1, width] for each width."""
    metagraph = tf.compat.v1.MetaGraphDef()
    for i, width in enumerate(state_widths):
        node = metagraph.graph_def.node.add(name=f"state/zeros_{i}", op="Fill")
        shape = node.attr["_output_shapes"].list.shape.add()
        for size in (1, width):
            shape.dim.add(size=size)
        metagraph.collection_def["initial_state"].node_list.value.append(f"{node.name}:0")
    return metagraph


def make_checkpoint(variables: Mapping[str, NDArray[Any]], folder: Path) -> bytes:
    """Returns a V1 checkpoint's content."""
    path = folder / "model.ckpt"
    tf.raw_ops.Save(filename=str(path), tensor_names=list(variables), data=[tf.constant(v) for v in variables.values()])
    return path.read_bytes()


def write_bundle(
    path: Path,
    variables: Mapping[str, NDArray[Any]],
    generator_id: str = "basic_rnn",
    state_widths: Sequence[int] = (),
    metagraph: Any = None,
) -> Path:
    """Writes a bundle and returns its path."""
    bundle = generator_pb2.GeneratorBundle()
    bundle.generator_details.id = generator_id
    bundle.checkpoint_file.append(make_checkpoint(variables, path.parent))
    bundle.metagraph_file = (metagraph or make_metagraph(state_widths or [1])).SerializeToString()
    path.write_bytes(bundle.SerializeToString())
    return path


def random_variables(
    names: Mapping[str, str],
    sizes: Sequence[int] = (6, 4),
    input_size: int = 38,
    num_classes: int = 38,
    num_wrapped: int = 0,
    seed: int = 0,
) -> Variables:
    """Returns random weights in Magenta's shapes under the names that `names` gives them (ours to the bundle's)."""
    shapes: dict[str, tuple[int, ...]] = {"logits/kernel": (sizes[-1], num_classes), "logits/bias": (num_classes,)}
    width = input_size
    for i, units in enumerate(sizes):
        shapes |= {f"lstm_{i}/kernel": (width + units, 4 * units), f"lstm_{i}/bias": (4 * units,)}
        width = units
    if num_wrapped:
        a = sizes[num_wrapped - 1]
        shapes |= {
            "attention/input_kernel": (input_size + a, input_size),
            "attention/input_bias": (input_size,),
            "attention/query_kernel": (2 * sum(sizes[:num_wrapped]), a),
            "attention/query_bias": (a,),
            "attention/memory_kernel": (1, 1, a, a),
            "attention/score_vector": (a,),
            "attention/output_kernel": (2 * a, a),
            "attention/output_bias": (a,),
        }
    assert set(names) == set(shapes)
    rng = np.random.default_rng(seed)
    return {names[ours]: rng.normal(size=shape).astype(np.float32) for ours, shape in shapes.items()}
