import gzip
import io
import tarfile
import zipfile

import pytest

from melody_rnn.config import EVERY_MAGENTA_NAME
from melody_rnn.magenta.bundles.foreign import SNIFFED_BYTES, describe_foreign_file, other_model


def tar(mode):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("cat-mel_2bar_big.ckpt.index"), io.BytesIO())
    return content.getvalue()


def zip_file():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("model.ckpt", "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html><title>404</title>", "web page"),
        (b"\n  <html>\n", "web page"),
        (b"\xef\xbb\xbf<HTML>", "web page"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "web page or XML"),
        (tar("w"), "MusicVAE"),
        (tar("w:gz"), "MusicVAE"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (zip_file(), "zip archive"),
        (b"MThd\0\0\0\6", "MIDI"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
    ],
)
def test_known_files_are_named(content, words):
    assert words in (describe_foreign_file(content[:SNIFFED_BYTES]) or "")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b'\n\x1d\n\tbasic_rnn\x12\x10"', b"\n<\n\x0clookback_rnn", b"\x00" * 600]
)
def test_what_may_be_a_bundle_is_not_named(content):
    assert describe_foreign_file(content) is None


def test_other_models_are_named_by_their_generator_id():
    assert other_model("drum_kit") == "drums_rnn"
    assert other_model("polyphony") == "polyphony_rnn"
    assert other_model("performance_with_dynamics") == "performance_rnn"


@pytest.mark.parametrize("generator_id", [*EVERY_MAGENTA_NAME, "", "mine"])
def test_melody_models_and_unknown_ones_are_not_other_models(generator_id):
    assert other_model(generator_id) is None
