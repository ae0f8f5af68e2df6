"""The door for agents: MCP over stdio and HTTP; questions are answered by child processes that can be stopped."""
