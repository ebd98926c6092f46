"""The control plane's API: each file declares the routes of one area and calls its use cases."""
