"""From logits to a choice: temperature, truncation and the draw, each a pure function of logits.

The order is fixed: mask, temperature, top-k, top-p, min-p, draw. Each step sees the distribution that the one before
left, renormalised. All of it is float32.
"""
