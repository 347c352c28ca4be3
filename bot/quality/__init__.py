"""How good the answers are: your own questions asked, a new index accepted, the confidence calibrated.

In reading order:

evaluation — questions with known answers, and what came of asking them -> figures and misses
acceptance — questions that a new index has to answer before it is used
calibration — a calibration: what makes the confidence fit the models in use, and the file that keeps it
fitting — questions with known answers -> a correction of the confidence, and whether it is worth having
"""
