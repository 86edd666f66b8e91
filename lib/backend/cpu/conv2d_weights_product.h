/* conv2d's gradient by the weights as a product, dw = x^T * dy; channels are last. */
#ifndef SLIM_CPU_CONV2D_WEIGHTS_PRODUCT_H
#define SLIM_CPU_CONV2D_WEIGHTS_PRODUCT_H

#include "backend/cpu/conv2d.h"

bool CPU_OP(conv2d_weights_product_fits)(const conv2d *g);
/* Floats of scratch. */
size_t CPU_OP(conv2d_weights_product_workspace)(const slim_cpu_step *step, const conv2d *g);
void CPU_OP(conv2d_weights_product_run)(const slim_cpu_step *step, const conv2d *g, const float *x, const float *dy,
                                        float *dw, float *scratch);

#endif
