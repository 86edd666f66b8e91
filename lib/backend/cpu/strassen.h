/*
 * C = A B in seven products of halves instead of eight, by Strassen's algorithm in Winograd's form, one level deep:
 *
 *   S1 = A21 + A22   T1 = B12 - B11   U2 = A11 B11 + S2 T2   C11 = A11 B11 + A12 B21
 *   S2 = S1 - A11    T2 = B22 - T1    U3 = U2 + S3 T3        C12 = U4 + S4 B22
 *   S3 = A11 - A21   T3 = B22 - B12   U4 = U2 + S1 T1        C21 = U3 + A22 T4
 *   S4 = A12 - S2    T4 = B21 - T2                           C22 = U4 + S3 T3
 *
 * B's halves are added when it is packed, A's some rows at a time; the sums of a tile's products stay in the
 * nearest cache. An error is in proportion to the largest numbers of the rows and columns that meet in these sums: at most
 * 2e-5 of the results' root mean square (tests/ops/test_winograd.c, of 1x1). Powers of two on the inputs change no bit of
 * the mantissas. What is summed is up to four times larger than A's and three times larger than B's numbers. SLIM_WINOGRAD=0
 * switches this off too.
 */
#ifndef SLIM_CPU_STRASSEN_H
#define SLIM_CPU_STRASSEN_H

#include "backend/cpu/gemm.h"

/* Is the product one that this makes faster, once B is packed? That of a transposed B counts, which runs themselves
 * pack. Where the second-level cache is large only that of an A that is made: measured, such cores
 * multiply faster than they read what this adds up. */
bool CPU_OP(strassen_fits)(const slim_cpu_step *step, const gemm *g);
/* Floats of the packed B, bytes of the workspace. */
size_t CPU_OP(strassen_packed)(const gemm *g);
size_t CPU_OP(strassen_workspace)(const slim_cpu_step *step, const gemm *g);
void CPU_OP(strassen_pack)(const slim_cpu_step *step, const gemm *g, float *packed);
void CPU_OP(strassen_run)(const slim_cpu_step *step, const gemm *g, float *workspace);

#endif
