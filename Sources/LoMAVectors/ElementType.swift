// Element types of the container (3-numerics).
