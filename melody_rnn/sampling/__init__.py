"""From logits to a choice: constraints, repetition, temperature, truncation and the draw, each of them pure.

The order is fixed: constraint mask, repetition penalty, no-repeat n-grams, cap on one pitch in a row, temperature
(times the dynamic one), top-k, top-p, min-p, locally typical, epsilon, eta, draw. Each step sees the distribution that
the one before left, renormalised. All of it is float32.
"""
