import pytest
from click.testing import CliRunner

from melody_rnn.cli.main import cli
from melody_rnn.presets import list_presets


def complete(words, place):
    asked = {"_MELODY_RNN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    return CliRunner().invoke(cli, [], prog_name="melody-rnn", env=asked).stdout.split()


def test_commands_options_and_models_are_completed():
    assert complete("melody-rnn gen", 1) == ["plain,generate"]
    assert complete("melody-rnn generate --temp", 2) == ["plain,--temperature", "plain,--tempo"]
    assert complete("melody-rnn score --model ", 3) == [f"plain,{info.name}" for info in list_presets()]
    assert complete("melody-rnn score --model runs/", 3) == ["file,runs/"]


@pytest.mark.parametrize(("shell", "line"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete ")])
def test_each_shell_has_its_script(shell, line):
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert line in result.stdout
    assert "_MELODY_RNN_COMPLETE" in result.stdout
