#include "parity.h"

#include "slim/slim.h"

#include <math.h>

float *parity_numbers(size_t count, unsigned seed)
{
  float *x = malloc((count ? count : 1) * sizeof *x);
  ck_assert_ptr_nonnull(x);
  for (size_t i = 0; i < count; i++) {
    x[i] = test_fixture_number(i, seed);
  }
  return x;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(slim_variable_full_name(*(slim_tensor *const *)a), slim_variable_full_name(*(slim_tensor *const *)b));
}

static bool positive(const char *name)
{
  return strstr(name, "variance") || strstr(name, "stddev");
}

/* Appends those of the list that are not there yet. */
static void add_unlike(slim_tensors list, slim_tensor **item, size_t *count)
{
  for (size_t i = 0; i < list.count; i++) {
    size_t at = 0;
    while (at < *count && item[at] != list.item[i]) {
      at++;
    }
    ck_assert_uint_lt(at, 64);
    item[at] = list.item[i];
    *count += at == *count;
  }
}

void parity_set_variables(test_net *net, double scale)
{
  slim_tensor *sorted[64];
  size_t number = 0;
  add_unlike(slim_get_model_variables(net->graph, NULL, NULL), sorted, &number);
  add_unlike(slim_get_trainable_variables(net->graph, NULL, NULL), sorted, &number);
  qsort(sorted, number, sizeof *sorted, by_name);
  for (size_t k = 0; k < number; k++) {
    const size_t count = test_net_elements(net, sorted[k]);
    float *values = parity_numbers(count, 100 + (unsigned)k);
    for (size_t i = 0; i < count; i++) {
      const float value = (float)(scale * (double)values[i]);
      values[i] = positive(slim_variable_full_name(sorted[k])) ? fabsf(value) + 0.5f : value;
    }
    test_set_variable(net, sorted[k], values, count);
    free(values);
  }
}

void parity_use_numbers(test_net *net)
{
  for (size_t i = 0; i < net->elements; i++) {
    net->data[i] = test_fixture_number(i, 1);
  }
}

void parity_check(test_net *net, const char *name, const char *key, slim_tensor *tensor)
{
  ck_assert_msg(tensor != NULL, "%s %s: there is no gradient", name, key);
  float *values = test_run(net, tensor);
  (void)test_fixture_compare(name, key, values, test_net_elements(net, tensor), 2e-5);
  free(values);
}

void parity_check_gradients(test_net *net, const char *name, slim_tensor *y)
{
  const slim_tensors trained = slim_get_trainable_variables(net->graph, NULL, NULL);
  slim_tensor *xs[16] = { net->input };
  ck_assert_uint_lt(trained.count, 16);
  for (size_t i = 0; i < trained.count; i++) {
    xs[i + 1] = trained.item[i];
  }
  const slim_tensors gradients = slim_gradients(y, (slim_tensors){ trained.count + 1, xs });
  ck_assert_str_eq(slim_graph_error(net->graph), "");
  for (size_t i = 0; i < gradients.count; i++) {
    char key[200];
    (void)snprintf(key, sizeof key, "d_%s", i ? slim_variable_full_name(xs[i]) : "input");
    parity_check(net, name, key, gradients.item[i]);
  }
}

void parity_check_updates(test_net *net, const char *name)
{
  const slim_tensors updates = slim_get_collection(net->graph, SLIM_UPDATE_OPS, NULL);
  for (size_t i = 0; i < updates.count; i++) {
    test_run_effects(net, updates.item[i]);
  }
  const slim_tensors all = slim_get_variables(net->graph, ".*(moving|renorm)", NULL, SLIM_GLOBAL_VARIABLES);
  for (size_t i = 0; i < all.count; i++) {
    float *value = test_get_variable(net, all.item[i]);
    (void)test_fixture_compare(name, slim_variable_full_name(all.item[i]), value, test_net_elements(net, all.item[i]), 2e-5);
    free(value);
  }
}
