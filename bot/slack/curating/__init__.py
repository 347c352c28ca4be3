"""What curators do in Slack: add, remove, list and follow articles."""
