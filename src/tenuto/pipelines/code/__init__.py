"""What a step's code and environment are, as digests: a step runs again when they change, and only then."""
