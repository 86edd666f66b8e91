/* A network at work on the device named by SLIM_TEST_DEVICE, at a small size. */
#ifndef RUN_NET_H
#define RUN_NET_H

#include "test_net.h"

#include "slim/slim.h"

typedef struct net_case {
  const char *name;
  int size, batch;    /* of the images, and how many */
  slim_net_args args; /* num_classes, is_training and scope are set by the test */
} net_case;

/* The logits of an image do not depend on those beside it. */
void net_check_inference(const net_case *c);
/* The loss is finite, the gradient of every trainable variable is finite and not all zero, and a step changes the loss.
 */
void net_check_training(const net_case *c);

/* Against TF-Slim, whose logits and norms of gradients tests/parity/nets.txt holds: in inference and in training. The
 * file is read by a checked fixture. */
void net_check_parity(const net_case *c);
void net_check_training_parity(const net_case *c);

#endif
