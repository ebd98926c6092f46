"""The console: pages rendered on the server, in French and English, under a strict security policy."""
