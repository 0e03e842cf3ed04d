#include "matmul-loops.h"

void matmul_loops(const double *restrict a, const double *restrict b, double *restrict y, long m, long inner, long n)
{
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) y[i * n + j] = 0.0;
    for (long k = 0; k < inner; k++)
      for (long j = 0; j < n; j++) y[i * n + j] += a[i * inner + k] * b[k * n + j];
  }
}

void matmul_stored_loops(const double *restrict a, const double *restrict b, double *restrict y, long m, long inner, long n)
{
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) {
      double sum = 0.0;
      for (long k = 0; k < inner; k++) sum += a[i * inner + k] * b[j * inner + k];
      y[i * n + j] = sum;
    }
}
