"""Tools of a worker. Every tool is a LangChain tool, so a user's own ones and MCP servers' need no adapter."""
