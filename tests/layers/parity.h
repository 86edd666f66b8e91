/* What the parity tests share: numbers that both sides make, variables filled with them, results compared with the
 * fixture that TF-Slim wrote. */
#ifndef TEST_PARITY_H
#define TEST_PARITY_H

#include "test_fixture.h"
#include "test_net.h"

/* The first count numbers of a seed, to be freed. */
float *parity_numbers(size_t count, unsigned seed);
/* Feeds the input its numbers. */
void parity_use_numbers(test_net *net);
/* Gives model and trainable variables their numbers: the k-th by name has the seed 100 + k. */
void parity_set_variables(test_net *net, double scale);
/* Compares the tensor with the fixture's line "name key". */
void parity_check(test_net *net, const char *name, const char *key, slim_tensor *tensor);
/* The gradients of y by the input and by all trainable variables. */
void parity_check_gradients(test_net *net, const char *name, slim_tensor *y);
/* Runs the update ops once and compares the moving statistics. */
void parity_check_updates(test_net *net, const char *name);

#endif
