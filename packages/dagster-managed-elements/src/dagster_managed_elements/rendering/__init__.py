"""What was found and done, as text, JSON or Markdown. Turns values into strings; it prints nothing."""
