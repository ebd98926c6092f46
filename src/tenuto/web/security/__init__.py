"""What the control plane's surface does against hostile browsers, links and headers."""
