/* A small net about to be trained: its gradient and its step are those of test_small_step. */
#ifndef TRAINING_WORLD_H
#define TRAINING_WORLD_H

#include "learning_support.h"

enum { BATCH = 4 };

/* w and b of relu(x w + b) under an op of the library's own: the gradient and step of test_small_step. */
typedef struct world {
  test_small net;
  slim_device *device;
  slim_session *session;
  slim_tensor *loss, *train, *rate;
  slim_feed feeds[2];
  slim_error error;
  slim_train_result result;
} world;

static inline world world_make(void)
{
  world x = { .net = test_small_make(3), .device = test_open_device() };
  x.loss = x.net.loss->node->inputs[0];
  x.rate = slim_constant(x.net.graph, (float)TEST_SMALL_RATE, "learning_rate");
  x.feeds[0] = (slim_feed){ x.net.x, test_small_x, BATCH };
  x.feeds[1] = (slim_feed){ x.net.t, test_small_t, BATCH };
  return x;
}

static inline slim_optimizer *descent(world *x)
{
  return slim_gradient_descent_optimizer(x->rate);
}

static inline void world_start(world *x)
{
  ck_assert_str_eq(slim_graph_error(x->net.graph), "");
  x->session = test_session(x->net.graph, x->device, NULL);
}

static inline void world_close(world *x)
{
  slim_session_destroy(x->session);
  slim_device_close(x->device);
  slim_graph_destroy(x->net.graph);
}

#endif
