#include "backend/cpu/labels.h"
#include "backend/cpu/softmax.h"

#include <math.h>

/* -sum(label * log softmax): sum(label) * (max + log sum e^(x - max)) - sum(label * x) */
static float dense_row(const float *x, const float *label, float *backprop, size_t n)
{
  const float max = row_max(x, n);
  double sum = 0.0, labels = 0.0, loss = 0.0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)cpu_exp(x[i] - max);
    labels += (double)label[i];
  }
  const double log_sum = log(sum);
  for (size_t i = 0; i < n; i++) {
    loss += label[i] == 0.0f ? 0.0 : (double)label[i] * (log_sum - ((double)x[i] - (double)max));
  }
  const float scale = (float)(labels / sum);
  for (size_t i = 0; backprop && i < n; i++) {
    backprop[i] = cpu_exp(x[i] - max) * scale - label[i];
  }
  return (float)(max != max ? (double)NAN : loss);
}

static float sparse_row(const float *x, int64_t label, float *backprop, size_t n)
{
  const float max = row_max(x, n);
  const bool inside = label >= 0 && (uint64_t)label < n;
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)cpu_exp(x[i] - max);
  }
  const float scale = inside ? (float)(1.0 / sum) : NAN;
  for (size_t i = 0; backprop && i < n; i++) {
    backprop[i] = cpu_exp(x[i] - max) * scale - ((int64_t)i == label ? 1.0f : 0.0f);
  }
  return inside ? (float)(log(sum) - ((double)x[label] - (double)max)) : NAN;
}

/* Row i's place in output k, NULL when nobody reads it. */
static float *output_row(const slim_cpu_step *step, int k, size_t i, size_t n)
{
  float *base = k < step->num_out ? step->out[k].host : NULL;
  return base ? base + i * n : NULL;
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const size_t n = (size_t)step->in[0].shape.dim[1];
  const bool dense = step->in[1].shape.rank == 2 && step->in[1].dtype == SLIM_FLOAT32;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float *x = (const float *)step->in[0].host + i * n;
    float *backprop = output_row(step, 1, i, n), *loss = output_row(step, 0, i, 1);
    const float value = dense ? dense_row(x, (const float *)step->in[1].host + i * n, backprop, n)
                              : sparse_row(x, label_at(&step->in[1], i), backprop, n);
    if (loss) {
      *loss = value;
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  slim_cpu_for(step, (size_t)step->in[0].shape.dim[0], 1 + CPU_GRAIN / 4 / (1 + (size_t)step->in[0].shape.dim[1]), rows,
               step);
}

/* max(x, 0) - x * label + log(1 + e^-|x|) */
static void sigmoid_piece(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const float *x = step->in[0].host, *label = step->in[1].host;
  float *y = step->out[0].host;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float positive = x[i] < 0.0f ? 0.0f : x[i];
    y[i] = positive - x[i] * label[i] + log1pf(expf(-fabsf(x[i])));
  }
}

static void run_sigmoid(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN / 8, sigmoid_piece, step);
}

const slim_cpu_op CPU_OP(softmax_cross_entropy) = { .run = run };
const slim_cpu_op CPU_OP(sparse_softmax_cross_entropy) = { .run = run };
const slim_cpu_op CPU_OP(sigmoid_cross_entropy) = { .run = run_sigmoid };
