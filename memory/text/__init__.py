"""What plain text says: sentences, words, numbers, dates, links, quotations, names, limits. No model, linear time."""
