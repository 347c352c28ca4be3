"""Articles in, ranked passages out.  Knows nothing of Slack or of how an answer is shown."""
