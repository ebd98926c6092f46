"""From a trained scikit-learn estimator to the file it is served from, and the proof that both agree."""
