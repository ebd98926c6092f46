"""Open Inference Protocol v2 (REST), with the binary tensor extension. Bytes in, arrays out, and back."""
