"""The shapes in which callers speak to the gateway: read their requests, write their answers and errors."""
