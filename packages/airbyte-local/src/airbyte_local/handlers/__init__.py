"""What each endpoint does, without HTTP: a request's properties in, an answer's properties out, refusals raised."""
