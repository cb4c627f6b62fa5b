"""Row-by-row computations of what no other engine computes: event time with late rows.

They apply the rule of docs/reference/time.md literally and know nothing of the engine.
"""
