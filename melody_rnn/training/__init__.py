"""Training a model on a dataset: settings, input pipeline, and the run that can be killed and resumed."""

from melody_rnn.training.distillation import Teacher, load_teacher
from melody_rnn.training.run import TrainingRun, resume, train
from melody_rnn.training.settings import TrainingSettings, parse_hparams

__all__ = ["Teacher", "TrainingRun", "TrainingSettings", "load_teacher", "parse_hparams", "resume", "train"]
