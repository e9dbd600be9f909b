"""melody-rnn devices: what TensorFlow sees."""

import click

from melody_rnn.cli import options
from melody_rnn.cli.startup import load_tensorflow


@click.command(name="devices")
@options.verbose_option
def command(verbose: bool) -> None:
    """Show the devices that TensorFlow sees, and which one `--device auto` uses."""
    load_tensorflow(verbose)
    import tensorflow as tf

    devices = tf.config.list_physical_devices()
    used = next((device for device in devices if device.device_type == "GPU"), devices[0])
    for device in devices:
        details = tf.config.experimental.get_device_details(device).get("device_name", "")
        name = device.name.removeprefix("/physical_device:")
        click.echo(f"{'*' if device == used else ' '} {name}  {details}".rstrip())
    click.echo(f"TensorFlow {tf.__version__}; --device auto uses the one with the star")
