"""The two ways to run a model: its step by LiteRT, which starts at once, and TensorFlow, which is faster in the end.

Importing TensorFlow, reading the weights and compiling the loop take six to eight seconds of a core, and then an event
takes about 9 microseconds. LiteRT begins after 0.4 seconds, and an event takes 13 to 80 microseconds, the most with a
large model and every setting. So the work decides, by a rule that has nothing to do with what else is going on: up to
`MAX_LITERT_STEPS` steps of all melodies together, where the slowest case crosses, are LiteRT's.
`benchmarks/engines.py` measures both, and how rarely the engines choose another event because rounding parts two
choices that are all but equal: not once in a million choices of `lookback_rnn`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from melody_rnn.config import ModelConfig
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.generation.beam import BeamSearch
from melody_rnn.generation.lookahead import Particles
from melody_rnn.generation.trace import Replayer
from melody_rnn.litert.description import Step

if TYPE_CHECKING:
    from melody_rnn.encodings import Encoding
    from melody_rnn.network.network import MelodyNetwork

EngineName = Literal["litert", "tensorflow"]
EngineChoice = Literal["auto", "litert", "tensorflow"]
MAX_LITERT_STEPS: Final = 2**17
"""Most steps of all melodies together that LiteRT takes where it may choose."""


@dataclass(frozen=True)
class Engine:
    """What runs a model.

    Attributes:
        name: Its name, which files carry.
        loop: A `SamplingLoop` or a `SteppingLoop`.
        beams: The searches.
        particles: What looks ahead.
        replayer: For finished melodies.
        sums_labels: As in `Encoding`.
    """

    name: EngineName
    loop: Any
    beams: BeamSearch
    particles: Particles
    replayer: Replayer
    sums_labels: bool


def check_engine(choice: str) -> None:
    """Checks the name of an engine.

    Raises:
        InvalidArgumentError: If there is none of this name.
    """
    if choice not in get_args(EngineChoice):
        raise InvalidArgumentError(f"engine must be one of {', '.join(get_args(EngineChoice))}, got {choice!r}")


def is_for_litert(num_steps: int) -> bool:
    """Returns whether so much work is LiteRT's: steps of all melodies together, the given ones too."""
    return num_steps <= MAX_LITERT_STEPS


def litert_engine(config: ModelConfig, step: Step) -> Engine:
    """Returns the engine of a model's step; needs no TensorFlow."""
    from melody_rnn.generation.stepping import SteppingBeamSearch, SteppingLoop, SteppingReplayer

    given = step, config.encoding
    loop, beams, replayer = SteppingLoop(*given), SteppingBeamSearch(*given), SteppingReplayer(*given)
    return Engine("litert", loop, beams, Particles(beams), replayer, step.description.sums_labels)


def guided_litert_engine(
    config: ModelConfig, step: Step, guide: ModelConfig, guide_step: Step, strength: float
) -> Engine:
    """Returns the engine of a model's step with a guide's, for sampling; it searches for nothing."""
    from melody_rnn.generation.guidance import GuidedStep
    from melody_rnn.generation.stepping import SteppingBeamSearch, SteppingLoop

    given = GuidedStep(step, guide_step, guide.encoding, strength), config.encoding
    plain, beams = litert_engine(config, step), SteppingBeamSearch(*given)
    return replace(plain, loop=SteppingLoop(*given), particles=Particles(beams))


def guided_tensorflow_engine(
    encoding: "Encoding",
    network: "MelodyNetwork",
    guide_encoding: "Encoding",
    guide_network: "MelodyNetwork",
    strength: float,
) -> Engine:
    """Returns the engine of an encoding and a network with a guide's, for sampling; it searches for nothing."""
    from melody_rnn.generation.compiled_beam import CompiledBeamSearch
    from melody_rnn.generation.guidance import GuidedEncoding, GuidedNetwork
    from melody_rnn.generation.loop import SamplingLoop

    given: Any = GuidedEncoding(encoding, guide_encoding), GuidedNetwork(network, guide_network, strength)
    plain = tensorflow_engine(encoding, network)
    return replace(plain, loop=SamplingLoop(*given), particles=Particles(CompiledBeamSearch(*given)))


def tensorflow_engine(encoding: "Encoding", network: "MelodyNetwork") -> Engine:
    """Returns the engine of an encoding and a network."""
    from melody_rnn.generation.compiled_beam import CompiledBeamSearch
    from melody_rnn.generation.loop import SamplingLoop
    from melody_rnn.generation.replayer import CompiledReplayer

    given = encoding, network
    loop, beams, replayer = SamplingLoop(*given), CompiledBeamSearch(*given), CompiledReplayer(*given)
    return Engine("tensorflow", loop, beams, Particles(beams), replayer, encoding.sums_labels)
