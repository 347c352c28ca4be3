"""How good the answers are: your own questions asked, a new index accepted, the confidence calibrated."""
