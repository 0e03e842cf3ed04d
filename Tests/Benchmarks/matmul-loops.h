/* y = a x b, [m, inner] x [inner, n], in the order of the reference: the loops a C compiler is given. */
void matmul_loops(const double *a, const double *b, double *y, long m, long inner, long n);

/* The same of a matrix that is stored by output, as a linear layer's is: b is [n, inner]. */
void matmul_stored_loops(const double *a, const double *b, double *y, long m, long inner, long n);
