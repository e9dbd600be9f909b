"""The compiled sampling loop."""
