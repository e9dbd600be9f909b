import numpy as np
import pytest
import tensorflow as tf
from note_seq import (
    KeyMelodyEncoderDecoder,
    LookbackEventSequenceEncoderDecoder,
    Melody,
    MelodyOneHotEncoding,
    OneHotEventSequenceEncoderDecoder,
)

from melody_rnn.config import CONFIGS
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.data.tfrecords import write_records
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InputFileError
from melody_rnn.magenta.examples import read_examples, write_examples
from melody_rnn.music.meters import COMMON_TIME, Meter

ONE_HOT = make_encoding(CONFIGS["basic_rnn"].encoding)
MAGENTA = {
    "basic_rnn": OneHotEventSequenceEncoderDecoder(MelodyOneHotEncoding(48, 84)),
    "mono_rnn": OneHotEventSequenceEncoderDecoder(MelodyOneHotEncoding(0, 128)),
    "lookback_rnn": LookbackEventSequenceEncoderDecoder(MelodyOneHotEncoding(48, 84)),
    "attention_rnn": KeyMelodyEncoderDecoder(48, 84),
}
BAR = [60, -2, 62, -2, 64, -1, -2, -2, 67, -2, 65, -2, 64, -2, -2, -1]


def melody(events, meter=COMMON_TIME):
    return StoredMelody("a/b.mid:0.0", np.array(events, np.int8), meter, "train", "A title")


def sequence_example(inputs, labels):
    """Returns a record as Magenta makes it."""
    example = tf.train.SequenceExample()
    lists = example.feature_lists.feature_list
    for step in inputs:
        lists["inputs"].feature.add().float_list.value.extend(step)
    for label in labels:
        lists["labels"].feature.add().int64_list.value.append(label)
    return example.SerializeToString()


def test_melodies_come_back(tmp_path):
    path = tmp_path / "x.tfrecord"
    melodies = [melody(BAR), melody([-2, 127, 0, -1], meter=Meter(3, 4))]
    assert write_examples(path, melodies) == 2
    dataset = read_examples([path, path], ONE_HOT, "validation")
    assert len(dataset.melodies) == 4
    for back, given in zip(dataset.melodies, melodies, strict=False):
        assert (back.id, back.meter, back.split) == (given.id, given.meter, "validation")
        np.testing.assert_array_equal(back.events, given.events)
    assert dataset.digest != read_examples([path], ONE_HOT, "validation").digest


@pytest.mark.parametrize("name", MAGENTA)
@pytest.mark.parametrize("first", [60, -2, -1])
def test_magenta_s_encoded_melodies_are_decoded(tmp_path, name, first):
    # Repeats a bar and two bars ago, so that lookback labels occur; and notes at the range's ends.
    events = [first, *BAR[1:], *BAR, *BAR[::-1], *BAR, 48, 83, -1]
    path = tmp_path / "x.tfrecord"
    inputs, labels = MAGENTA[name].encode(Melody(events))
    write_records(path, [sequence_example(inputs, labels)])
    (back,) = read_examples([path], make_encoding(CONFIGS[name].encoding), "train").melodies
    assert back.events.tolist() == list(Melody(events))
    assert back.meter == COMMON_TIME


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (b"no proto", "x.tfrecord: record x.tfrecord:0 is no example"),
        (tf.train.Example().SerializeToString(), "holds no melody"),
        (sequence_example(np.zeros((2, 74)), [0, 39]), "inputs of 74 numbers and labels up to 39, but the config"),
        (sequence_example(np.zeros((2, 38)), [0, -1]), "give the --config"),
        (sequence_example(np.zeros((2, 38)), [0]), "holds no melody"),
    ],
)
def test_other_records_are_refused(tmp_path, record, words):
    path = tmp_path / "x.tfrecord"
    write_records(path, [record])
    with pytest.raises(InputFileError, match=words) as error:
        read_examples([path], ONE_HOT, "train")
    assert "\n" not in str(error.value)


def test_events_out_of_range_are_refused(tmp_path):
    path = tmp_path / "x.tfrecord"
    write_examples(path, [melody([60, -3])])
    with pytest.raises(InputFileError, match="holds no melody"):
        read_examples([path], ONE_HOT, "train")
