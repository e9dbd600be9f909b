"""How well generated tunes can be told from real ones, and by what."""

from melody_rnn.evaluation.two_sample.classifier import MIN_TUNES, Auc, FeatureAuc, TwoSample, two_sample
from melody_rnn.evaluation.two_sample.features import GROUPS, SENTENCES

__all__ = ["GROUPS", "MIN_TUNES", "SENTENCES", "Auc", "FeatureAuc", "TwoSample", "two_sample"]
