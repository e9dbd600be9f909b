"""What Magenta's melody models call their weights: one table for each era of TensorFlow's names.

Sources: the name replacements of TensorFlow's contrib/rnn/python/tools/checkpoint_convert.py, `AttentionCellWrapper`
in contrib/rnn/python/ops/rnn_cell.py, and Magenta's `make_rnn_cell` and `make_cudnn`
(models/shared/events_rnn_graph.py).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from melody_rnn.config import AttentionLayout
from melody_rnn.errors import ModelError


@dataclass(frozen=True)
class NamingEra:
    """Names that one era gave to the variables.

    Attributes:
        title: How messages call the era.
        lstm: Our name of each LSTM variable to the bundle's, as templates: `{i}` is the layer's index and `{nth}` is
            `_1`, `_2`, ... from the second layer on; `{stack}` and `{first}` hold the attention wrapper's scope
            where the attention wraps the whole stack or this very layer, else nothing.
        attention: Our name of each attention variable to the bundle's; `{attention}` is the wrapper's whole scope.
        wrapper: Name of the attention wrapper's scope.
        attention_scopes: The wrapper's whole scope in each layout; empty where the era knows no attention.
        logits: Our name of the last layer's variables to the bundle's.
        forget_bias: What the cell adds to the forget gate's bias at run time.
    """

    title: str
    lstm: Mapping[str, str]
    attention: Mapping[str, str] = field(default_factory=dict)
    wrapper: str = ""
    attention_scopes: Mapping[AttentionLayout, str] = field(default_factory=dict)
    logits: Mapping[str, str] = field(
        default_factory=lambda: {"logits/kernel": "fully_connected/weights", "logits/bias": "fully_connected/biases"}
    )
    forget_bias: float = 1.0


ERAS: Final = (
    NamingEra(
        title="TensorFlow 0.x",
        lstm={
            "lstm_{i}/kernel": "RNN/{stack}MultiRNNCell/Cell{i}/{first}BasicLSTMCell/Linear/Matrix",
            "lstm_{i}/bias": "RNN/{stack}MultiRNNCell/Cell{i}/{first}BasicLSTMCell/Linear/Bias",
        },
        attention={
            "attention/input_kernel": "{attention}/Linear/Matrix",
            "attention/input_bias": "{attention}/Linear/Bias",
            "attention/query_kernel": "{attention}/Attention/Linear/Matrix",
            "attention/query_bias": "{attention}/Attention/Linear/Bias",
            "attention/memory_kernel": "{attention}/Attention/AttnW",
            "attention/score_vector": "{attention}/Attention/AttnV",
            "attention/output_kernel": "{attention}/AttnOutputProjection/Linear/Matrix",
            "attention/output_bias": "{attention}/AttnOutputProjection/Linear/Bias",
        },
        wrapper="AttentionCellWrapper",
        attention_scopes={
            "first_layer": "RNN/MultiRNNCell/Cell0/AttentionCellWrapper",
            "stack": "RNN/AttentionCellWrapper",
        },
    ),
    NamingEra(
        title="TensorFlow 1.0 and 1.1",
        lstm={
            "lstm_{i}/kernel": "rnn/{stack}multi_rnn_cell/cell_{i}/{first}basic_lstm_cell/weights",
            "lstm_{i}/bias": "rnn/{stack}multi_rnn_cell/cell_{i}/{first}basic_lstm_cell/biases",
        },
        attention={
            "attention/input_kernel": "{attention}/weights",
            "attention/input_bias": "{attention}/biases",
            "attention/query_kernel": "{attention}/attention/weights",
            "attention/query_bias": "{attention}/attention/biases",
            "attention/memory_kernel": "{attention}/attention/attn_w",
            "attention/score_vector": "{attention}/attention/attn_v",
            "attention/output_kernel": "{attention}/attn_output_projection/weights",
            "attention/output_bias": "{attention}/attn_output_projection/biases",
        },
        wrapper="attention_cell_wrapper",
        attention_scopes={
            "first_layer": "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper",
            "stack": "rnn/attention_cell_wrapper",
        },
    ),
    NamingEra(
        title="TensorFlow 1.2 and later",
        lstm={
            "lstm_{i}/kernel": "rnn/{stack}multi_rnn_cell/cell_{i}/{first}basic_lstm_cell/kernel",
            "lstm_{i}/bias": "rnn/{stack}multi_rnn_cell/cell_{i}/{first}basic_lstm_cell/bias",
        },
        attention={
            "attention/input_kernel": "{attention}/kernel",
            "attention/input_bias": "{attention}/bias",
            "attention/query_kernel": "{attention}/attention/kernel",
            "attention/query_bias": "{attention}/attention/bias",
            "attention/memory_kernel": "{attention}/attention/attn_w",
            "attention/score_vector": "{attention}/attention/attn_v",
            "attention/output_kernel": "{attention}/attn_output_projection/kernel",
            "attention/output_bias": "{attention}/attn_output_projection/bias",
        },
        wrapper="attention_cell_wrapper",
        attention_scopes={
            "first_layer": "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper",
            "stack": "rnn/attention_cell_wrapper",
        },
    ),
    NamingEra(
        title="TensorFlow 1.x with cuDNN, layers of one size",
        lstm={
            "lstm_{i}/kernel": "cudnn_lstm/rnn/multi_rnn_cell/cell_{i}/cudnn_compatible_lstm_cell/kernel",
            "lstm_{i}/bias": "cudnn_lstm/rnn/multi_rnn_cell/cell_{i}/cudnn_compatible_lstm_cell/bias",
        },
        forget_bias=0.0,
    ),
    NamingEra(
        title="TensorFlow 1.x with cuDNN, layers of several sizes",
        lstm={
            "lstm_{i}/kernel": "cudnn_lstm{nth}/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/kernel",
            "lstm_{i}/bias": "cudnn_lstm{nth}/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/bias",
        },
        forget_bias=0.0,
    ),
)
"""The eras, oldest first."""

MAGENTA_2: Final = ERAS[2]
"""The era of Magenta 2.x, in whose names bundles are written."""

_TRAINING_VARIABLE = re.compile(
    r"(^|/)(global_step|learning_rate|beta[12]_power(_\d+)?)$"
    r"|/(Adam|RMSProp|Adagrad|Adadelta|Momentum|Ftrl|ExponentialMovingAverage)(_\d+)?$"
)


@dataclass(frozen=True)
class Naming:
    """How one bundle names its weights.

    Attributes:
        era: The table that it follows.
        layout: What the attention wraps, or None without attention.
        num_layers: Number of LSTM layers.
        names: Our name of each variable to the bundle's. An LSTM's kernel is still one matrix for input and state.
    """

    era: NamingEra
    layout: AttentionLayout | None
    num_layers: int
    names: Mapping[str, str]


def find_naming(variables: Collection[str]) -> Naming:
    """Finds the table that a checkpoint's variable names follow.

    What only training needs (optimizer slots, step counters) is left aside.

    Args:
        variables: Every variable's name.

    Raises:
        ModelError: If the names are those of no melody model, or one is missing or over.
    """
    namings = [_naming(era, layout, variables) for era in ERAS for layout in (None, *era.attention_scopes)]
    best = max(namings, key=lambda naming: naming.num_layers)
    if not best.num_layers:
        some = ", ".join(sorted(variables)[:2]) or "none"
        raise ModelError(f"no weights under any name that Melody RNN gave them (found: {some}); give a melody bundle")
    wanted = set(best.names.values())
    if missing := sorted(wanted.difference(variables)):
        raise ModelError(f"the weights {missing[0]} are missing ({_count(missing)}); get the bundle anew")
    if extra := sorted(name for name in set(variables) - wanted if not _TRAINING_VARIABLE.search(name)):
        raise ModelError(f"the weights {extra[0]} belong to no Melody RNN ({_count(extra)}); give an unchanged one")
    return best


def _naming(era: NamingEra, layout: AttentionLayout | None, variables: Collection[str]) -> Naming:
    """Returns the names of `era` and `layout` for as many layers as `variables` has; none if it has not the first."""
    num_layers = 0
    while not set(_lstm_names(era, layout, num_layers).values()).isdisjoint(variables):
        num_layers += 1
    return make_naming(era, layout, num_layers)


def make_naming(era: NamingEra, layout: AttentionLayout | None, num_layers: int) -> Naming:
    """Returns an era's names for a network of `num_layers` LSTM layers."""
    names = {ours: theirs for i in range(num_layers) for ours, theirs in _lstm_names(era, layout, i).items()}
    if layout is not None:
        scope = era.attention_scopes[layout]
        names.update({ours: theirs.format(attention=scope) for ours, theirs in era.attention.items()})
    return Naming(era, layout, num_layers, {**names, **era.logits})


def _lstm_names(era: NamingEra, layout: AttentionLayout | None, i: int) -> dict[str, str]:
    parts = {
        "i": i,
        "nth": f"_{i}" if i else "",
        "stack": f"{era.wrapper}/" if layout == "stack" else "",
        "first": f"{era.wrapper}/" if layout == "first_layer" and i == 0 else "",
    }
    return {ours.format(**parts): theirs.format(**parts) for ours, theirs in era.lstm.items()}


def _count(names: Collection[str]) -> str:
    return f"{len(names)} such in all"
