"""Takes runs from the journal and drives them to their end, whoever began them."""
