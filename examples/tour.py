"""What most programs do with the package, each in at most three lines; run it in an empty folder."""

from pathlib import Path
from typing import Any

from melody_rnn import (
    MelodyRNN,
    SamplerSettings,
    TrainingSettings,
    Transform,
    build_dataset,
    load_dataset,
    namespace,
    read_tunes,
    train,
)

# A model that ships with the package; a folder and a Magenta bundle (.mag) are loaded alike.
model = MelodyRNN.from_preset("basic_rnn")

# Melodies that go on from a beginning.
melodies = model.generate("C4 E4 G4 E4", num_outputs=8, num_steps=160, temperature=1.1, seed=1)

# MIDI files and a sheet, and back.
Path("mine").mkdir()
paths = [melody.write(f"mine/{number}.mid") for number, melody in enumerate(melodies)]
sheet, tune = melodies[0].write("first.pdf"), read_tunes(paths[0])[0]


# A transform of one's own: notes above C5 cost so many nats.
def low(logits: Any, nats: Any, now: Any) -> Any:
    return namespace(logits).where(now.label_events > 72, logits - nats[:, None], logits)


lower = model.generate(tune.events[:16], sampler=SamplerSettings(transforms=[Transform("low", low, value=2.0)]))

# The model fitted to melodies of one's own.
build_dataset(["mine"], "data")
run = train(model.config, TrainingSettings(steps=2), load_dataset("data"), "run", weights_from=model.network)
fitted = MelodyRNN.from_preset(run.model)

# Saved and loaded.
fitted.save_to_preset("fitted")
again = MelodyRNN.from_preset("fitted").log_likelihoods([tune, *lower])
