"""The composition root: settings become built objects, built objects become running processes."""
