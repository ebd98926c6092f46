"""Model files from strangers: what they are, whether opening them could run code, and the verdict on that.

``tenuto.guard.artifacts.scan`` is the way in. Nothing here imports, opens or executes what a file names; a file
that is not understood to its last byte is refused.
"""
