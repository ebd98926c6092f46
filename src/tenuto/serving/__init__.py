"""Models that answer: online endpoints over the Open Inference Protocol v2."""
