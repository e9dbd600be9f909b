"""Ways to run melody-rnn."""

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from melody_rnn.cli import main
from melody_rnn.cli.main import cli

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):
    """Stands for the end of the process."""


def end(status):
    raise Ended(status)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Returns a function that runs the whole program in an empty folder of this process, up to where it would exit.

    What it loads, and how it begins and ends as a process, is for the tests that start one.
    """

    def command(*arguments):
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        capsys.readouterr()
        with monkeypatch.context() as patch, pytest.raises(Ended) as ended:
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["melody-rnn", *map(str, arguments)])
            patch.setattr(os, "_exit", end)
            main()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        return subprocess.CompletedProcess(arguments, *ended.value.args, *capsys.readouterr())

    return command


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Returns a function that runs a command in this process, in an empty folder, and gives what it printed."""
    monkeypatch.chdir(tmp_path)

    def command(name, *arguments):
        result = CliRunner().invoke(cli, [name, *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return command
