"""The server as a whole: its doors, its life, how it is started."""
