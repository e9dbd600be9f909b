"""LSTM and attention over whole sequences on a CPU, forwards and backwards, for training.

Only what must go step by step is in the compiled loops; products with inputs, and gradients of kernels, are made for
all steps at once. A batch is cut into parts that run side by side and whose memory fits in a core's cache.
`benchmarks/training.py --layers` measures what it gains over Keras's own layers; `disable` gives the work to those, and
layers that a subclass has changed go that way by themselves.

Source: Hochreiter and Schmidhuber 1997 (LSTM), Bahdanau et al. 2014, arXiv:1409.0473 (attention); the gradients are
theirs by the chain rule, and are tested against TensorFlow's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

_ROWS: Final = 16
_is_enabled = True


def enable() -> None:
    """Has layers trained on a CPU by this module, as they are unless `disable` was called."""
    global _is_enabled
    _is_enabled = True


def disable() -> None:
    """Has layers trained by Keras's own code from now on, as `keras.config.disable_flash_attention` does for another.

    What is compiled already stays as it is.
    """
    global _is_enabled
    _is_enabled = False


def is_used() -> bool:
    """Returns whether this module trains layers: where it is enabled and there is no GPU to be used."""
    return _is_enabled and runs_on_cpu()


def runs_on_cpu() -> bool:
    """Returns whether there is no GPU to be used."""
    return not tf.config.get_visible_devices("GPU")


class LSTMOutputs(NamedTuple):
    """What the LSTM gives.

    Attributes:
        hs: [batch, steps, units] float32, the outputs.
        h: [batch, units] float32, the last output.
        c: [batch, units] float32, the last cell.
    """

    hs: tf.Tensor
    h: tf.Tensor
    c: tf.Tensor


class _LSTMForward(NamedTuple):
    """What the LSTM's loop carries forwards.

    Attributes:
        h: [rows, units] float32, the last output.
        c: [rows, units] float32, the last cell.
        hs: [steps + 1, rows, units] float32, the outputs, with the one before the first step.
        cs: [steps + 1, rows, units] float32, the cells, likewise.
        gates: [steps, rows, 4 * units] float32, the activated gates.
    """

    h: tf.Tensor
    c: tf.Tensor
    hs: tf.Tensor
    cs: tf.Tensor
    gates: tf.Tensor


class _LSTMBackward(NamedTuple):
    """What the LSTM's loop carries backwards.

    What a round takes is read in the round before: copying it is fast, and computing with what is read is not.

    Attributes:
        d_h: [rows, units] float32, the gradient of the step's output by way of the steps after it.
        d_c: [rows, units] float32, of its cell.
        d_output: [rows, units] float32, of its output as the loss has it.
        gates: [rows, 4 * units] float32, its activated gates.
        before: [rows, units] float32, the cell before it.
        c: [rows, units] float32, its cell.
        d_bias: [4 * units] float32, the sum so far.
        d_gates: [steps, rows, 4 * units] float32, the gradients of the gates.
    """

    d_h: tf.Tensor
    d_c: tf.Tensor
    d_output: tf.Tensor
    gates: tf.Tensor
    before: tf.Tensor
    c: tf.Tensor
    d_bias: tf.Tensor
    d_gates: tf.Tensor


class AttentionKernels(NamedTuple):
    """Kernels of the attention, products of its and the LSTM's kernels made beforehand.

    Attributes:
        inputs: [input_size, 4 * units] float32, from the inputs to the LSTM's gates (i, f, c, o).
        bias: [4 * units] float32, of the gates.
        context: [size, 4 * units] float32, from the context to the LSTM's gates; apart from the next, since two small
            products are faster than a large one.
        recurrent: [units, 4 * units] float32, from the LSTM's output to its gates.
        query: [2 * units, size] float32, from the LSTM's cell and output.
        query_bias: [size] float32.
        score: [size] float32.
        output: [units + size, 2 * size] float32, from the LSTM's output and the context to the output and its
            projection.
        output_bias: [2 * size] float32.
    """

    inputs: tf.Tensor
    bias: tf.Tensor
    context: tf.Tensor
    recurrent: tf.Tensor
    query: tf.Tensor
    query_bias: tf.Tensor
    score: tf.Tensor
    output: tf.Tensor
    output_bias: tf.Tensor


class _AttentionForward(NamedTuple):
    """What the attention's loop carries forwards.

    Attributes:
        h: [rows, units] float32, the LSTM's last output.
        c: [rows, units] float32, its last cell.
        context: [rows, size] float32, the last context.
        recent: [length, rows, size] float32, the last outputs, each in the slot of its step.
        recent_projected: [length, rows, size] float32, their projections.
        hs: [steps, rows, units] float32, the LSTM's outputs.
        cs: [steps, rows, units] float32, its cells.
        contexts: [steps, rows, size] float32, the contexts.
        gates: [steps, rows, 4 * units] float32, the activated gates.
        weights: [steps, length, rows] float32, the attention's.
        ys: [length + steps, rows, size] float32, the outputs after the window before the first step.
        projected: [length + steps, rows, size] float32, their projections.
    """

    h: tf.Tensor
    c: tf.Tensor
    context: tf.Tensor
    recent: tf.Tensor
    recent_projected: tf.Tensor
    hs: tf.Tensor
    cs: tf.Tensor
    contexts: tf.Tensor
    gates: tf.Tensor
    weights: tf.Tensor
    ys: tf.Tensor
    projected: tf.Tensor


class _AttentionBackward(NamedTuple):
    """What the attention's loop carries backwards.

    Attributes:
        d_h: [rows, units] float32, the gradient of the step's LSTM output by way of the steps after it.
        d_c: [rows, units] float32, of its cell.
        d_context: [rows, size] float32, of its context.
        d_recent: [length, rows, size] float32, of the outputs in the window, each in the slot of its step.
        d_recent_projected: [length, rows, size] float32, of their projections.
        recent: [length, rows, size] float32, the outputs in the window.
        recent_projected: [length, rows, size] float32, their projections.
        d_bias: [4 * units] float32, the sum so far.
        d_score: [size] float32, the sum so far.
        d_gates: [steps, rows, 4 * units] float32, the gradients of the gates.
        d_query: [steps, rows, size] float32, of the queries.
        d_output: [steps, rows, 2 * size] float32, of the outputs and their projections.
    """

    d_h: tf.Tensor
    d_c: tf.Tensor
    d_context: tf.Tensor
    d_recent: tf.Tensor
    d_recent_projected: tf.Tensor
    recent: tf.Tensor
    recent_projected: tf.Tensor
    d_bias: tf.Tensor
    d_score: tf.Tensor
    d_gates: tf.Tensor
    d_query: tf.Tensor
    d_output: tf.Tensor


class AttentionOutputs(NamedTuple):
    """What the attention gives.

    Attributes:
        ys: [batch, steps, size] float32, the outputs.
        h: [batch, units] float32, the LSTM's last output.
        c: [batch, units] float32, its last cell.
        context: [batch, size] float32, the last context.
        memory: [batch, length, size] float32, the window after the last step, oldest first.
        projected: [batch, length, size] float32, its projections.
    """

    ys: tf.Tensor
    h: tf.Tensor
    c: tf.Tensor
    context: tf.Tensor
    memory: tf.Tensor
    projected: tf.Tensor


def lstm(
    inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, recurrent_kernel: tf.Tensor, h: tf.Tensor, c: tf.Tensor
) -> LSTMOutputs:
    """Runs an LSTM. Gradients go through `hs`, to all arguments but `h` and `c`.

    Args:
        inputs: [batch, steps, input_size] float32.
        kernel: [input_size, 4 * units] float32, gates in the order i, f, c, o.
        bias: [4 * units] float32.
        recurrent_kernel: [units, 4 * units] float32.
        h: [batch, units] float32, the output before the first step.
        c: [batch, units] float32, the cell before the first step.
    """

    def run(inputs: tf.Tensor, *kernels: tf.Tensor) -> tuple[Any, Callable[..., Any]]:
        kernel, bias, recurrent_kernel = map(tf.stop_gradient, kernels)
        befores = _in_parts(inputs, h[:, tf.newaxis], c[:, tf.newaxis])
        parts = [_lstm_forward(_times(x, kernel), bias, *before, recurrent_kernel) for x, *before in befores]

        def gradient(d_hs: tf.Tensor, *_: tf.Tensor) -> list[tf.Tensor]:
            gradients = []
            for (d,), before, (hs, cs, gates) in zip(_in_parts(d_hs), befores, parts, strict=True):
                d_gates, d_bias = _lstm_backward(d, gates, cs, recurrent_kernel)
                d_kernels = _product(before[0], d_gates), d_bias, _product(hs[:-1], d_gates)
                gradients.append((_times(d_gates, tf.transpose(kernel)), *d_kernels))
            return [_joined(gradients, 0), *_summed(gradients)]

        outputs = [(hs[1:],) for hs, *_ in parts]
        return (_joined(outputs, 0), _last(parts, 0), _last(parts, 1)), gradient

    return LSTMOutputs(*tf.custom_gradient(run)(inputs, kernel, bias, recurrent_kernel))


def attention(
    inputs: tf.Tensor,
    kernels: AttentionKernels,
    h: tf.Tensor,
    c: tf.Tensor,
    context: tf.Tensor,
    memory: tf.Tensor,
    projected: tf.Tensor,
) -> AttentionOutputs:
    """Runs an LSTM under an attention over the last outputs. Gradients go through `ys`, to `inputs` and `kernels`.

    Args:
        inputs: [batch, steps, input_size] float32.
        kernels: The kernels.
        h: [batch, units] float32, the LSTM's output before the first step.
        c: [batch, units] float32, its cell before the first step.
        context: [batch, size] float32, the context before the first step.
        memory: [batch, length, size] float32, the window before the first step, oldest first.
        projected: [batch, length, size] float32, its projections.
    """

    def run(inputs: tf.Tensor, *kernels: tf.Tensor) -> tuple[Any, Callable[..., Any]]:
        kernel, *others = map(tf.stop_gradient, kernels)
        befores = _in_parts(inputs, *(state[:, tf.newaxis] for state in (h, c, context)), memory, projected)
        parts = [_attention_forward(_times(x, kernel), *before, *others) for x, *before in befores]

        def gradient(d_ys: tf.Tensor, *_: tf.Tensor) -> list[tf.Tensor]:
            gradients = []
            for (d,), before, part in zip(_in_parts(d_ys), befores, parts, strict=True):
                x, before_h, before_c, before_context = before[:4]
                hs, cs, contexts = part[:3]
                d_gates, d_query, d_output, d_bias, d_score = _attention_backward(
                    d, hs, tf.concat([before_c, cs], 0), *part[3:], *others
                )
                before_contexts = tf.concat([before_context, contexts[:-1]], 0)
                before_hs = tf.concat([before_h, hs[:-1]], 0)
                d_kernels = AttentionKernels(
                    inputs=_product(x, d_gates),
                    bias=d_bias,
                    context=_product(before_contexts, d_gates),
                    recurrent=_product(before_hs, d_gates),
                    query=tf.concat([_product(cs, d_query), _product(hs, d_query)], 0),
                    query_bias=tf.reduce_sum(d_query, [0, 1]),
                    score=d_score,
                    output=tf.concat([_product(hs, d_output), _product(contexts, d_output)], 0),
                    output_bias=tf.reduce_sum(d_output, [0, 1]),
                )
                gradients.append((_times(d_gates, tf.transpose(kernel)), *d_kernels))
            return [_joined(gradients, 0), *_summed(gradients)]

        length = memory.shape[1]
        ends = [(y[length:], y[-length:], projected[-length:]) for _, _, _, y, projected, *_ in parts]
        states = [_last(parts, i) for i in range(3)]
        return (_joined(ends, 0), *states, _joined(ends, 1), _joined(ends, 2)), gradient

    return AttentionOutputs(*tf.custom_gradient(run)(inputs, *kernels))


def _in_parts(*tensors: tf.Tensor) -> list[tuple[tf.Tensor, ...]]:
    """Returns a few rows of a batch at a time, [steps, rows, size]; what is done with them runs side by side."""
    tensors = tuple(tf.stop_gradient(tensor) for tensor in tensors)
    batch_size = tensors[0].shape[0]
    sizes = [batch_size] if batch_size is None else [min(_ROWS, batch_size - i) for i in range(0, batch_size, _ROWS)]
    columns = ([tensor] if len(sizes) == 1 else tf.split(tensor, sizes) for tensor in tensors)
    return [tuple(_swapped(part) for part in parts) for parts in zip(*columns, strict=True)]


def _joined(parts: Sequence[Sequence[tf.Tensor]], index: int) -> tf.Tensor:
    """Returns one of the tensors [steps, rows, size] of all parts as [batch, steps, size]."""
    return tf.concat([_swapped(part[index]) for part in parts], 0)


def _last(parts: Sequence[Sequence[tf.Tensor]], index: int) -> tf.Tensor:
    """Returns the last step of one of the tensors [steps, rows, size] of all parts as [batch, size]."""
    return tf.concat([part[index][-1] for part in parts], 0)


def _summed(gradients: Sequence[Sequence[tf.Tensor]]) -> list[tf.Tensor]:
    """Returns the kernels' gradients, the sums over all parts; the first of a part's is the inputs'."""
    return [tf.add_n(column) for column in list(zip(*gradients, strict=True))[1:]]


def _swapped(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the tensor with its first two axes exchanged: compiled loops are faster over the first one."""
    return tf.transpose(tensor, [1, 0, 2])


def _times(tensor: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Returns [steps, rows, size] times a kernel [size, width], as one product."""
    steps, rows, _ = tf.unstack(tf.shape(tensor))
    product = tf.matmul(tf.reshape(tensor, [-1, tensor.shape[2]]), kernel)
    return tf.ensure_shape(tf.reshape(product, [steps, rows, kernel.shape[1]]), [*tensor.shape[:2], kernel.shape[1]])


def _product(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Returns the sum over steps and rows of a's vectors times b's, [a's size, b's size]."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[2]]), tf.reshape(b, [-1, b.shape[2]]), transpose_a=True)


def _compiled(function: Callable[..., Any]) -> Any:
    return tf.function(function, jit_compile=True, autograph=False)


@_compiled
def _lstm_forward(gates: tf.Tensor, bias: tf.Tensor, h: tf.Tensor, c: tf.Tensor, kernel: tf.Tensor) -> list[tf.Tensor]:
    steps, batch, units = tf.shape(gates)[0], tf.shape(gates)[1], kernel.shape[0]

    def body(t: tf.Tensor, now: _LSTMForward) -> tuple[tf.Tensor, _LSTMForward]:
        h, c, gate = _cell(_row(gates, t) + bias + tf.matmul(now.h, kernel), now.c)
        hs, cs = _put_each((now.hs, now.cs), (h, c), t + 1)
        return t + 1, _LSTMForward(h, c, hs, cs, _put(now.gates, gate, t))

    hs, cs = (_put(tf.zeros([steps + 1, batch, units]), state[0], 0) for state in (h, c))
    first = _LSTMForward(h[0], c[0], hs, cs, tf.zeros([steps, batch, 4 * units]))
    _, last = tf.while_loop(lambda t, _: t < steps, body, (0, first), maximum_iterations=steps)
    return [last.hs, last.cs, last.gates]


@_compiled
def _lstm_backward(d_hs: tf.Tensor, gates: tf.Tensor, cells: tf.Tensor, kernel: tf.Tensor) -> list[tf.Tensor]:
    steps, batch, units = tf.shape(d_hs)[0], tf.shape(d_hs)[1], kernel.shape[0]
    transposed = tf.transpose(kernel)

    def read(t: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return _row(d_hs, t), _row(gates, t), _row(cells, t)

    def body(t: tf.Tensor, now: _LSTMBackward) -> tuple[tf.Tensor, _LSTMBackward]:
        d, d_c = _cell_gradient(now.d_output + now.d_h, now.d_c, now.gates, now.before, now.c)
        upcoming = read(tf.maximum(t - 1, 0))
        sums = now.d_bias + tf.reduce_sum(d, 0), _put(now.d_gates, d, t)
        return t - 1, _LSTMBackward._make((tf.matmul(d, transposed), d_c, *upcoming, now.before, *sums))

    zeros, last = tf.zeros([batch, units]), steps - 1
    sums = tf.zeros([4 * units]), tf.zeros([steps, batch, 4 * units])
    first = _LSTMBackward._make((zeros, zeros, *read(last), _row(cells, steps), *sums))
    _, result = tf.while_loop(lambda t, _: t >= 0, body, (last, first), maximum_iterations=steps)
    return [result.d_gates, result.d_bias]


@_compiled
def _attention_forward(
    gates: tf.Tensor,
    h: tf.Tensor,
    c: tf.Tensor,
    context: tf.Tensor,
    memory: tf.Tensor,
    projected: tf.Tensor,
    *others: tf.Tensor,
) -> list[tf.Tensor]:
    k = AttentionKernels(gates, *others)
    steps, batch, units = tf.shape(gates)[0], tf.shape(gates)[1], h.shape[2]
    length, size = memory.shape[0], k.score.shape[0]

    def body(t: tf.Tensor, now: _AttentionForward) -> tuple[tf.Tensor, _AttentionForward]:
        recurrent = tf.matmul(now.context, k.context) + tf.matmul(now.h, k.recurrent)
        h, c, gate = _cell(_row(gates, t) + k.bias + recurrent, now.c)
        query = tf.matmul(tf.concat([c, h], 1), k.query) + k.query_bias
        answers = tf.tanh(now.recent_projected + query)
        weights = tf.nn.softmax(_dot(answers, k.score), axis=0)
        context = tf.reduce_sum(weights[:, :, tf.newaxis] * now.recent, 0)
        output = tf.matmul(tf.concat([h, context], 1), k.output) + k.output_bias
        rows = output[:, :size], output[:, size:]
        recents = _put_each((now.recent, now.recent_projected), rows, t % length)
        buffers = now.hs, now.cs, now.contexts, now.gates, now.weights
        buffers = _put_each(buffers, (h, c, context, gate, weights), t)
        windows = _put_each((now.ys, now.projected), rows, t + length)
        return t + 1, _AttentionForward._make((h, c, context, *recents, *buffers, *windows))

    windows = [tf.concat([part, tf.zeros([steps, batch, size])], 0) for part in (memory, projected)]
    buffers = [tf.zeros([steps, batch, width]) for width in (units, units, size, 4 * units)]
    buffers.append(tf.zeros([steps, length, batch]))
    first = _AttentionForward._make((h[0], c[0], context[0], memory, projected, *buffers, *windows))
    _, last = tf.while_loop(lambda t, _: t < steps, body, (0, first), maximum_iterations=steps)
    return [last.hs, last.cs, last.contexts, last.ys, last.projected, last.gates, last.weights]


@_compiled
def _attention_backward(
    d_ys: tf.Tensor,
    hs: tf.Tensor,
    cells: tf.Tensor,
    y: tf.Tensor,
    projected: tf.Tensor,
    activations: tf.Tensor,
    weights: tf.Tensor,
    *others: tf.Tensor,
) -> list[tf.Tensor]:
    k = AttentionKernels(d_ys, *others)
    steps, batch, units = tf.shape(d_ys)[0], tf.shape(d_ys)[1], hs.shape[2]
    length, size = weights.shape[1], k.score.shape[0]
    kernels = k.context, k.recurrent, k.query, k.output
    context, recurrent, query, output = (tf.transpose(kernel) for kernel in kernels)

    def body(t: tf.Tensor, now: _AttentionBackward) -> tuple[tf.Tensor, _AttentionBackward]:
        slot = t % length
        # The window before the step.
        recents = now.recent, now.recent_projected
        recent, recent_projected = _put_each(recents, (_row(y, t), _row(projected, t)), slot)
        # The output, and what later steps read of it.
        d_output = tf.concat([_row(d_ys, t) + _row(now.d_recent, slot), _row(now.d_recent_projected, slot)], 1)
        d_joined = tf.matmul(d_output, output)
        d_h, d_context = now.d_h + d_joined[:, :units], now.d_context + d_joined[:, units:]
        # The attention.
        cell, weight = _row(cells, t + 1), _row(weights, t)
        asked = tf.matmul(tf.concat([cell, _row(hs, t)], 1), k.query) + k.query_bias
        answers = tf.tanh(recent_projected + asked)
        d_weight = _dot(d_context * recent, tf.ones([size]))
        d_scores = weight * (d_weight - tf.reduce_sum(weight * d_weight, 0))
        d_answers = d_scores[:, :, tf.newaxis] * k.score * (1 - answers * answers)
        d_query = tf.reduce_sum(d_answers, 0)
        products = tf.linalg.matvec(tf.reshape(answers, [-1, size]), tf.reshape(d_scores, [-1]), transpose_a=True)
        # The slot of this step's output had another's before it.
        is_other = tf.cast(tf.range(length) != slot, tf.float32)[:, tf.newaxis, tf.newaxis]
        d_recent_projected = is_other * now.d_recent_projected + d_answers
        d_recent = is_other * now.d_recent + weight[:, :, tf.newaxis] * d_context
        d_joined = tf.matmul(d_query, query)
        d_c, d_h = now.d_c + d_joined[:, :units], d_h + d_joined[:, units:]
        # The LSTM.
        d_gates, d_c = _cell_gradient(d_h, d_c, _row(activations, t), _row(cells, t), cell)
        states = tf.matmul(d_gates, recurrent), d_c, tf.matmul(d_gates, context), d_recent, d_recent_projected
        sums = now.d_bias + tf.reduce_sum(d_gates, 0), now.d_score + products
        buffers = _put_each((now.d_gates, now.d_query, now.d_output), (d_gates, d_query, d_output), t)
        return t - 1, _AttentionBackward._make((*states, recent, recent_projected, *sums, *buffers))

    zeros, window = tf.zeros([batch, units]), tf.zeros([length, batch, size])
    # The window after the last step, each output in its slot.
    recents = (tf.roll(_rows(part, steps, length), steps % length, 0) for part in (y, projected))
    states = (zeros, zeros, tf.zeros([batch, size]), window, window, *recents)
    sums = (tf.zeros([width]) for width in (4 * units, size))
    buffers = (tf.zeros([steps, batch, width]) for width in (4 * units, size, 2 * size))
    first = _AttentionBackward._make((*states, *sums, *buffers))
    _, last = tf.while_loop(lambda t, _: t >= 0, body, (steps - 1, first), maximum_iterations=steps)
    return [last.d_gates, last.d_query, last.d_output, last.d_bias, last.d_score]


def _cell(gates: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns an LSTM cell's output, its cell, and its activated gates."""
    i, f, candidate, o = tf.split(gates, 4, axis=1)
    i, f, candidate, o = sigmoid(i), sigmoid(f), tf.tanh(candidate), sigmoid(o)
    c = f * c + i * candidate
    return o * tf.tanh(c), c, tf.concat([i, f, candidate, o], 1)


def _cell_gradient(
    d_h: tf.Tensor, d_c: tf.Tensor, activations: tf.Tensor, before: tf.Tensor, c: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the gradients of the gates and of the cell before."""
    i, f, candidate, o = tf.split(activations, 4, axis=1)
    squeezed = tf.tanh(c)
    d_c += d_h * o * (1 - squeezed * squeezed)
    d_gates = [
        d_c * candidate * i * (1 - i),
        d_c * before * f * (1 - f),
        d_c * i * (1 - candidate * candidate),
        d_h * squeezed * o * (1 - o),
    ]
    return tf.concat(d_gates, 1), d_c * f


def _dot(values: tf.Tensor, vector: tf.Tensor) -> tf.Tensor:
    """Returns the products of vectors [length, batch, size] with one of [size], [length, batch].

    A product is compiled to a faster loop than a sum over the last axis is.
    """
    products = tf.linalg.matvec(tf.reshape(values, [-1, values.shape[2]]), vector)
    return tf.reshape(products, [values.shape[0], -1])


def sigmoid(x: tf.Tensor) -> tf.Tensor:
    """Returns the logistic function; XLA's tanh is cheaper than its logistic, and the same to float rounding."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5


def _rows(tensor: tf.Tensor, first: tf.Tensor, count: int) -> tf.Tensor:
    # Sizes of -1 would make XLA treat the rows' shape as unknown, which is several times slower.
    _, batch, size = tf.unstack(tf.shape(tensor))
    rows = tf.slice(tensor, [first, 0, 0], [count, batch, size])
    return tf.ensure_shape(rows, [count, *tensor.shape[1:]])


def _row(tensor: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    return _rows(tensor, t, 1)[0]


def _put(buffer: tf.Tensor, row: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Returns the buffer with rows written over those from `first` on; in place when compiled."""
    rows = row if len(row.shape) == len(buffer.shape) else row[tf.newaxis]
    return tf.ensure_shape(xla.dynamic_update_slice(buffer, rows, tf.stack([first, 0, 0])), buffer.shape)


def _put_each(buffers: Sequence[tf.Tensor], rows: Sequence[tf.Tensor], t: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return tuple(_put(buffer, row, t) for buffer, row in zip(buffers, rows, strict=True))
