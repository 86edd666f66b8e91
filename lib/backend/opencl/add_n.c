#include "backend/opencl/ops.h"
#include "kernels/add_n_params.h"

#define TERMS 4 /* inputs of a launch */

static void prepare(slim_cl_build *b)
{
  static const slim_view none = { 0 };
  const int inputs = b->group->num_in;
  for (int first = 0; first < inputs; first += TERMS) {
    const int left = inputs - first;
    const slim_add_n_params p = { slim_cl_elements(&b->out[0]), left < TERMS ? left : TERMS, first > 0 };
    slim_cl_begin(b, "slim_add_n_vector_f32");
    for (int i = 0; i < TERMS; i++) {
      slim_cl_arg_view(b, i < left ? &b->in[first + i] : &none);
    }
    slim_cl_arg_view(b, &b->out[0]);
    slim_cl_arg(b, &p, sizeof(p));
    slim_cl_range_vectors(b, p.n);
  }
}

const slim_cl_op slim_cl_op_add_n = { .prepare = prepare };
