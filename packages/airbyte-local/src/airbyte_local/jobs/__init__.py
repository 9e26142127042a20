"""Jobs: syncs, clears and refreshes, from the request to the last row. Knows no HTTP."""
