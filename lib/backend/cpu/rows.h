/* Elementwise ops on n elements that lie one behind the other. The result may be written over an operand. */
#ifndef SLIM_CPU_ROWS_H
#define SLIM_CPU_ROWS_H

#include "backend/cpu/vec.h"

void CPU_OP(unary_row)(const slim_unary_attr *attr, const float *x, float *y, size_t n);
/* sa, sb: 1, or 0 for an operand of one element. */
void CPU_OP(binary_row)(slim_binary_kind kind, const float *a, size_t sa, const float *b, size_t sb, float *y, size_t n);
void CPU_OP(activation_row)(slim_activation_kind kind, const float *x, float *out, size_t n);
void CPU_OP(activation_gradient_row)(slim_activation_kind kind, const float *dy, const float *y, float *out, size_t n);

#endif
