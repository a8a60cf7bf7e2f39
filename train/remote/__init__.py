"""Training against a vLLM server: `sampler` draws plans over HTTP, `weights` gives the server what was learned."""
