"""Models in memory: ONNX in the serving process, everything else in a process of its own."""
