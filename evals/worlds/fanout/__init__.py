"""The fanout world: multi-hop and wide questions over a made-up corpus, with gold sub-answers and evidence."""
