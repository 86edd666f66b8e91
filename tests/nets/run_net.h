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

typedef struct net_list {
  const net_case *first;
  int count;
} net_list;

#define NET_LIST(cases_)                                                                                               \
  {                                                                                                                    \
    cases_, sizeof cases_ / sizeof *cases_                                                                             \
  }

/* What is done with which nets. */
typedef struct net_lists {
  net_list cases;           /* inference, as below, and training, which reaches every variable */
  net_list inference;       /* the logits of an image do not depend on those beside it */
  net_list parity;          /* logits are TF-Slim's, which tests/parity/nets.txt holds */
  net_list training_parity; /* loss and norms of gradients are */
} net_lists;

/* Adds the tests of all lists, which stay the caller's. */
void net_add_tests(TCase *c, const net_lists *lists);

/* count floats in [-1, 1), the same as tests/parity/shared.py makes: a hash of the name and the index. */
void net_numbers(float *to, size_t count, const char *name);
/* Gives the model variables the numbers of their names, at the size that they have in a trained net. */
void net_set_variables(test_net *net);

#endif
