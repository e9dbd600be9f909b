"""The network: LSTM layers, attention, logits."""
