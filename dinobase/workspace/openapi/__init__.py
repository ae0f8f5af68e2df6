"""A specification in, a first connector file out: what it says is taken, what it leaves open is a comment."""
