"""What the Public API makes of requests before the handlers that both APIs share, and of their answers after."""
