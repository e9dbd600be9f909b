"""A model's step as a LiteRT file, which runs without TensorFlow: in Python, in a browser, on a phone."""
