"""melody-rnn page: the models in a browser."""

import contextlib
import webbrowser
from pathlib import Path

import click

from melody_rnn.errors import MAX_MESSAGE, printable


@click.command(name="page")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="A shipped model or a model's folder; several can be given. All shipped models where none is.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the page into this folder, for any web host, and serve nothing. A page that is there is replaced.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Serve on this port.  [default: one that is free]"
)
@click.option("--no-browser", is_flag=True, help="Serve only, and open no browser.")
def command(models: tuple[str, ...], output: Path | None, port: int, no_browser: bool) -> None:
    """Open the page: write, hear and change melodies in the browser.

    The page runs the models in the browser itself and works without the network. It is served to this machine alone,
    until Ctrl-C.

    \b
    melody-rnn page
    melody-rnn page --port 8000 --no-browser
    melody-rnn page --output public/melodies
    """
    from melody_rnn.page.contents import page_contents, page_models, write_page

    if output is not None and (port or no_browser):
        raise click.UsageError("--output serves nothing; leave out --port and --no-browser")
    chosen = page_models(models)
    if output is not None:
        write_page(output, chosen)
        click.echo(printable(f"{output}: the page; put the folder on any web host", MAX_MESSAGE))
        return
    from melody_rnn.page.server import PageServer, warm_up

    contents = page_contents(chosen)
    with PageServer(contents, port) as server:
        click.echo(f"The page is at {server.address}; Ctrl-C ends it")
        warm_up(contents)
        if not no_browser:
            # Where there is no browser, the address is what there is.
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(server.address)
        server.run()
