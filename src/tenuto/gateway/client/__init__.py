"""The upstream client: HTTP/1.1 over pooled connections, nothing more than calls to models need."""
