/* y = a x b, [m, inner] x [inner, n], in the order of the reference: the loops a C compiler is given. */
void matmul_loops(const double *a, const double *b, double *y, long m, long inner, long n);
