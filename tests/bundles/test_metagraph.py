import pytest
import tensorflow as tf

from melody_rnn.errors import ModelError
from melody_rnn.magenta.bundles.metagraph import state_width
from tests.bundles.synthetic import make_metagraph


def test_the_states_widths_are_summed():
    assert state_width(make_metagraph([48, 48, 48, 1920, 32, 32]).SerializeToString()) == 2128


def test_an_output_s_own_shape_counts():
    metagraph = make_metagraph([3, 5])
    node = metagraph.graph_def.node[0]
    shape = node.attr["_output_shapes"].list.shape.add()
    for size in (1, 7):
        shape.dim.add(size=size)
    metagraph.collection_def["initial_state"].node_list.value[0] = f"{node.name}:1"
    assert state_width(metagraph.SerializeToString()) == 12


def test_bytes_that_are_no_metagraph_are_refused():
    with pytest.raises(ModelError, match="metagraph is damaged"):
        state_width(b"\xff" * 40)


def test_a_metagraph_without_states_is_refused():
    with pytest.raises(ModelError, match="initial_state"):
        state_width(tf.compat.v1.MetaGraphDef().SerializeToString())


@pytest.mark.parametrize("damage", ["no node", "no shape", "unknown size"])
def test_a_state_of_unknown_shape_is_named(damage):
    metagraph = make_metagraph([4, 8])
    if damage == "no node":
        del metagraph.graph_def.node[1]
    elif damage == "no shape":
        del metagraph.graph_def.node[1].attr["_output_shapes"]
    else:
        metagraph.graph_def.node[1].attr["_output_shapes"].list.shape[0].dim[1].size = -1
    with pytest.raises(ModelError, match="state/zeros_1:0"):
        state_width(metagraph.SerializeToString())
