"""How well a model predicts tunes, and what is like real ones in those that it writes."""
