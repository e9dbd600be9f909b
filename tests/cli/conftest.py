"""Ways to run melody-rnn."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from melody_rnn.cli.main import cli


@pytest.fixture
def run(tmp_path):
    """Returns a function that runs melody-rnn in an empty folder."""

    def command(*arguments):
        program = [sys.executable, "-c", "from melody_rnn.cli import main; main()"]
        return subprocess.run(
            [*program, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )

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
