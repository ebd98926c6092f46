"""The console's pages: each file or folder declares the routes of one area and calls its use cases."""
