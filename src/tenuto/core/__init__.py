"""Words everybody shares. No input or output happens here."""
