/* The shape rule that both poolings share. */
#ifndef SLIM_OPS_POOL_H
#define SLIM_OPS_POOL_H

#include "ops/rule.h"

/* The shape of pooling x into *out. */
bool slim_rule_pool(slim_inference *q, const slim_shape *x, slim_shape *out);
/* Input 0 (dy) must be what pooling input x gives; the result is like input x. */
bool slim_rule_pool_gradient(slim_inference *q, int x);

#endif
